"""The fields of core metadata: how often they come, since when, and what became of them."""

from dataclasses import dataclass

# Core metadata 1.0 to 2.6 (PEP 241, 314, 345, 566, 643, 685, 639, 794, 808).
VERSIONS = ("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6")
# PEP 426 was withdrawn, but the wheel package wrote this version from 2013 to 2018.
WITHDRAWN_VERSION = "2.0"


@dataclass(frozen=True)
class Field:
    """One field of core metadata; `attribute` is its name in our Metadata."""

    header: str
    attribute: str
    since: str = "1.0"
    many: bool = False
    deprecated: bool = False

    @property
    def json_key(self) -> str:
        """Its name in JSON (PEP 566)."""
        return self.header.lower().replace("-", "_")


_ALL = (
    Field("Metadata-Version", "metadata_version"),
    Field("Name", "name"),
    Field("Version", "version"),
    Field("Summary", "summary"),
    Field("Description", "description"),
    Field("Keywords", "keywords"),
    Field("Author", "author"),
    Field("Author-email", "author_email"),
    Field("License", "license"),
    Field("Platform", "platforms", many=True),
    Field("Home-page", "home_page", deprecated=True),
    Field("Download-URL", "download_url", "1.1", deprecated=True),
    Field("Supported-Platform", "supported_platforms", "1.1", many=True),
    Field("Classifier", "classifiers", "1.1", many=True),
    Field("Requires", "requires", "1.1", many=True, deprecated=True),
    Field("Provides", "provides", "1.1", many=True, deprecated=True),
    Field("Obsoletes", "obsoletes", "1.1", many=True, deprecated=True),
    Field("Maintainer", "maintainer", "1.2"),
    Field("Maintainer-email", "maintainer_email", "1.2"),
    Field("Requires-Python", "requires_python", "1.2"),
    Field("Requires-Dist", "requires_dist", "1.2", many=True),
    Field("Requires-External", "requires_external", "1.2", many=True),
    Field("Provides-Dist", "provides_dist", "1.2", many=True),
    Field("Obsoletes-Dist", "obsoletes_dist", "1.2", many=True),
    Field("Project-URL", "project_urls", "1.2", many=True),
    Field("Description-Content-Type", "description_content_type", "2.1"),
    Field("Provides-Extra", "provides_extra", "2.1", many=True),
    Field("Dynamic", "dynamic", "2.2", many=True),
    Field("License-Expression", "license_expression", "2.4"),
    Field("License-File", "license_files", "2.4", many=True),
    Field("Import-Name", "import_names", "2.5", many=True),
    Field("Import-Namespace", "import_namespaces", "2.5", many=True),
)

FIELDS = {field.header.lower(): field for field in _ALL}
BY_ATTRIBUTE = {field.attribute: field for field in _ALL}


def ignored(field: Field, declared: str) -> bool:
    """Whether a field is too new for the declared metadata version to mean anything.

    setuptools wrote License-File under 2.1 for years, as it pleased. Older fields count even so,
    because installers act on them whatever the version.
    """
    return declared < field.since and field.since >= "2.4"
