"""Core metadata, field by field (MET, DEP, LIC, PUR, CLS)."""

import json

import pytest
from packaging.metadata import Metadata as PackagingMetadata

from packages.uploads import urls
from packages.uploads.checks import Rules, inspect
from packages.uploads.findings import Finding, Level
from packages.uploads.metadata import Metadata, parse
from tests.factories import dists
from tests.packages.uploads.helpers import (
    codes,
    look_at_metadata,
    look_at_wheel,
    metadata_of,
    warnings,
)

FULL = """\
Metadata-Version: 2.1
Name: Foo.Bar
Version: 1.0
Summary: What it is
Keywords: one, two words,three
Author: Zoë
Author-email: Zoe <zoe@example.com>
Classifier: Programming Language :: Python
Classifier: Topic :: Utilities
Project-URL: Homepage, https://example.com/a,b
Project-URL: Homepage, https://example.org
Requires-Python: >=3.8
Requires-Dist: six (>=1.0)
Requires-Dist: PyYAML>=6; extra == "yaml"
Provides-Extra: yaml
Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM

# Hello

Grüße
"""


def _parse(data: bytes | str, rules: Rules | None = None):
    data = data.encode() if isinstance(data, str) else data
    metadata, found = parse(data, rules or Rules())
    return metadata, {finding.code for finding in found if finding.level is Level.REFUSE}


def _read(data: str) -> tuple[Metadata, list[Finding]]:
    metadata, found = parse(data.encode(), Rules())
    assert metadata
    return metadata, found


def _head(*lines: str) -> str:
    return "\n".join(["Metadata-Version: 2.1", "Name: demo", "Version: 1.0", *lines, ""])


def test_metadata_is_read_as_the_author_wrote_it():
    metadata, found = _read(FULL)
    assert found == []
    assert metadata.name == "Foo.Bar"
    assert metadata.keywords == ("one", "two words", "three")
    assert metadata.author == "Zoë"
    assert metadata.requires_dist == ("six (>=1.0)", 'PyYAML>=6; extra == "yaml"')
    assert metadata.project_urls == (
        ("Homepage", "https://example.com/a,b"),
        ("Homepage", "https://example.org"),
    )
    assert metadata.description == "# Hello\n\nGrüße\n"


def test_the_json_form_follows_pep_566():
    metadata, _ = _read(FULL)
    assert json.loads(json.dumps(metadata.as_json())) == {
        "metadata_version": "2.1",
        "name": "Foo.Bar",
        "version": "1.0",
        "summary": "What it is",
        "keywords": ["one", "two words", "three"],
        "author": "Zoë",
        "author_email": "Zoe <zoe@example.com>",
        "classifier": ["Programming Language :: Python", "Topic :: Utilities"],
        "project_url": [
            "Homepage, https://example.com/a,b",
            "Homepage, https://example.org",
        ],
        "requires_python": ">=3.8",
        "requires_dist": ["six (>=1.0)", 'PyYAML>=6; extra == "yaml"'],
        "provides_extra": ["yaml"],
        "description_content_type": "text/markdown; charset=UTF-8; variant=GFM",
        "description": "# Hello\n\nGrüße\n",
    }


def test_reading_agrees_with_packaging():
    text = FULL.replace("Project-URL: Homepage, https://example.org\n", "")
    ours, _ = _read(text)
    theirs = PackagingMetadata.from_email(text)
    for name in ("summary", "author", "description", "description_content_type"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert list(ours.keywords) == theirs.keywords
    assert dict(ours.project_urls) == theirs.project_urls


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"])
def test_every_version_of_the_metadata_passes(tmp_path, version):
    assert look_at_metadata(tmp_path, "", version).findings == ()


def test_metadata_2_0_passes_with_a_remark_because_wheel_wrote_it_for_years(tmp_path):
    found = look_at_metadata(tmp_path, "Provides-Extra: x", "2.0")
    assert not found.refused
    assert "withdrawn-metadata-version" in warnings(found)


@pytest.mark.parametrize("version", ["2.04", "2.7", "3.0", "banana", "1.3", ""])
def test_an_unknown_version_of_the_metadata_is_refused(tmp_path, version):
    found = look_at_metadata(tmp_path, "", version)
    assert codes(found) == {"unknown-metadata-version"}
    assert "Metadata-Version" in found.findings[0].message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "metadata-without-headers"),
        (b"\n" + FULL.encode(), "metadata-without-headers"),
        (b"\xef\xbb\xbf" + FULL.encode(), "metadata-bom"),
        (FULL.encode("latin-1"), "metadata-not-utf8"),
        (FULL.replace("Zoë", "Zoe").encode("latin-1"), "metadata-not-utf8"),
        (_head("Summary: a\0b").encode(), "nul-in-metadata"),
        (_head("X: " + "x" * 2_000_000).encode(), "header-too-long"),
        (_head(*["X: y"] * 10_001).encode(), "too-many-headers"),
        (_head(*["X: y"] * 10_001).replace("\n", "\r\n").encode(), "too-many-headers"),
        (_head("Description: x", *["        y"] * 100_001).encode(), "too-many-headers"),
        (_head().encode() + b"\n" + b"x" * 11_000_000, "metadata-too-large"),
    ],
)
def test_metadata_that_cannot_be_read_is_refused(data, code):
    metadata, found = _parse(data)
    assert metadata is None
    assert found == {code}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_are_read_alike(end):
    metadata, found = _read(FULL.replace("\n", end))
    assert found == []
    assert metadata.summary == "What it is"


@pytest.mark.parametrize("missing", ["Name: demo\n", "Version: 1.0\n"])
def test_a_missing_name_or_version_is_refused(missing):
    metadata, found = _parse(_head().replace(missing, ""))
    assert metadata is None
    assert found <= {"invalid-name", "invalid-version"}
    assert found


@pytest.mark.parametrize("again", ["Name: evil", "Version: 2.0", "name: demo", "Requires-Python: "])
def test_a_second_name_or_version_is_refused(again):
    _, found = _parse(_head("Requires-Python: >=3", again))
    assert "repeated-field" in found


def test_a_second_summary_is_only_remarked_on(tmp_path):
    found = look_at_metadata(tmp_path, "Summary: a\nSummary: b")
    assert not found.refused
    assert warnings(found) == {"repeated-field"}
    assert metadata_of(found).summary == "a"


@pytest.mark.parametrize("name", ["-foo", "föö", "foo bar", "a" * 129, "foo\u202e", "."])
def test_an_invalid_name_is_refused(name):
    metadata, found = _parse(_head().replace("Name: demo", f"Name: {name}"))
    assert metadata is None
    assert "invalid-name" in found


@pytest.mark.parametrize("version", ["1.0.x", "banana", "1_0", "1.0.*", "9" * 5000])
def test_an_invalid_version_is_refused(version):
    metadata, found = _parse(_head().replace("Version: 1.0", f"Version: {version}"))
    assert metadata is None
    assert "invalid-version" in found


def test_a_local_version_is_refused_unless_the_site_allows_it(tmp_path):
    path = dists.make_wheel(tmp_path, version="1.0+cu118")
    assert codes(inspect(path, path.name)) == {"local-version"}
    assert inspect(path, path.name, Rules(allow_local_versions=True)).findings == ()


def test_epochs_pass(tmp_path):
    assert look_at_wheel(tmp_path, version="1!2.0").findings == ()


def test_unknown_values_of_old_distutils_are_nothing(tmp_path):
    found = look_at_metadata(
        tmp_path, "Summary: UNKNOWN\nHome-page: UNKNOWN\nPlatform: UNKNOWN", description="UNKNOWN\n"
    )
    assert (metadata_of(found).summary, metadata_of(found).home_page) == ("", "")
    assert (metadata_of(found).platforms, metadata_of(found).description) == ((), "")


def test_a_description_in_a_header_loses_its_indentation():
    text = "Description: Hello\n        =====\n          indented\n       |piped"
    metadata, found = _read(_head(text))
    assert found == []
    assert metadata.description == "Hello\n=====\n  indented\npiped"


def test_a_description_below_the_headers_counts_more_than_one_among_them():
    metadata, _ = _read(_head("Description: above") + "\nbelow")
    assert metadata.description == "below"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("X-Foo: bar", "unknown-field"),
        ("\n".join(f"X-{n}: y" for n in range(30)), "unknown-field"),
        ("License-Expression: MIT", "field-newer-than-version"),
        ("Import-Name: demo", "field-newer-than-version"),
        ("Home-page: https://example.com", "deprecated-field"),
        ("Download-URL: https://example.com", "deprecated-field"),
        ("Requires: os", "deprecated-field"),
        ("a stray line", "metadata-stray-line"),
        ("Author: Ada\n  Lovelace", "line-break-in-field"),
        ("Description-Content-Type: text/html", "unknown-content-type"),
        ("Description-Content-Type: text/plain; charset=latin-1", "unknown-content-type"),
        ("Description-Content-Type: text/plain; x*", "unknown-content-type"),
        ("Provides-Extra: -x", "invalid-extra"),
        ("Provides-Extra: a_b\nProvides-Extra: a-b", "clashing-extras"),
        ("Home-page: www.example.com", "unlinked-url"),
        ("Project-URL: Code, git://example.com/x", "unlinked-url"),
        ("Project-URL: Code, https://exämple.com", "non-ascii-url"),
        ('Requires-Dist: x; python_version in "3.8 3.9"', "doubtful-marker"),
        ('Requires-Dist: x; sys_platform > "l"', "doubtful-marker"),
        ('Requires-Dist: x; extra > "l"', "doubtful-marker"),
    ],
)
def test_untidy_metadata_is_only_remarked_on(tmp_path, text, code):
    found = look_at_metadata(tmp_path, text)
    assert not found.refused
    assert code in warnings(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("License-Expression: mit", "license-not-canonical"),
        ("License-Expression: GPL-2.0", "deprecated-license"),
        ("License-Expression: GPL-2.0+ OR MIT", "deprecated-license"),
        (
            "License-Expression: MIT\nClassifier: License :: OSI Approved :: MIT License",
            "license-classifier",
        ),
        ("Provides-Extra: Foo_Bar", "extra-not-normalized"),
    ],
)
def test_untidy_modern_metadata_is_only_remarked_on(tmp_path, text, code):
    found = look_at_metadata(tmp_path, text, "2.4")
    assert not found.refused
    assert warnings(found) == {code}


@pytest.mark.parametrize(
    "text",
    [
        "License-Expression: MIT",
        "License-Expression: Apache-2.0 WITH LLVM-exception OR LicenseRef-My.Own",
        "License: MIT\n        and the rest of the text",
        "Import-Name: demo\nImport-Name: demo._private; private\nImport-Namespace: shared",
        "Import-Name:",
        "Dynamic: Requires-Dist\nDynamic: license-file",
        "Provides-Extra: foo-bar",
        "Project-URL: Mail, mailto:demo@example.com",
        'Requires-Dist: x; extra == "y" and python_version >= "3.8"',
        "Requires-Dist: demo[all]",
        "Requires-External: libpng (>=1.5)",
        "Description-Content-Type: text/x-rst",
        "Classifier: Private :: Do Not Upload",
        "Supported-Platform: win32",
    ],
)
def test_tidy_modern_metadata_passes(tmp_path, text):
    assert look_at_metadata(tmp_path, text, "2.5").findings == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Summary: a\n  b", "line-break-in-field"),
        ("Summary: a\u2028b", "line-break-in-field"),
        ("Author-email: a@b\n Bcc: everybody@example.com", "line-break-in-field"),
        ("Summary: " + "x" * 513, "summary-too-long"),
        ("Author: \x1b[31mred", "control-character-in-field"),
        ("Requires-Python: >=3.x", "invalid-requires-python"),
        ("Requires-Python: >=" + "3" * 5000, "invalid-requires-python"),
        ("Requires-Dist: foo bar", "invalid-requirement"),
        ("Requires-Dist: foo\n  >1 junk", "invalid-requirement"),
        ('Requires-Dist: x; python == "3"', "invalid-requirement"),
        ("Requires-Dist: x>=" + "1" * 5000, "invalid-requirement"),
        ('Requires-Dist: x; os_name == "' + "y" * 5000 + '"', "invalid-requirement"),
        (
            "Requires-Dist: x; " + "(" * 1000 + 'os_name == "y"' + ")" * 1000,
            "invalid-requirement",
        ),
        ('Requires-Dist: x; "a" in extras', "lock-file-marker"),
        ('Requires-Dist: x; "a" in dependency_groups', "lock-file-marker"),
        ("Requires-Dist: x @ https://example.com/x.whl", "direct-reference"),
        ("Requires-Dist: x @ git+https://example.com/x", "direct-reference"),
        ("Requires-Dist: x @ file:///etc/passwd", "direct-reference"),
        ("Project-URL: A, javascript:alert(1)", "dangerous-url"),
        ("Project-URL: A, java\tscript:alert(1)", "dangerous-url"),
        ("Project-URL: A, data:text/html,x", "dangerous-url"),
        ("Home-page: javascript:alert(1)", "dangerous-url"),
        ("Project-URL: https://example.com", "invalid-project-url"),
        ("Project-URL: , https://example.com", "invalid-project-url"),
        ("Project-URL: " + "x" * 33 + ", https://example.com", "project-url-label-too-long"),
        ("Project-URL: A, https://me:secret@example.com", "credentials-in-url"),
        ("Download-URL: https://example.com/" + "x" * 3000, "url-too-long"),
        ("Classifier: Banana :: Split", "unknown-classifier"),
        ("Classifier: Natural Language :: Ukranian", "deprecated-classifier"),
        ("Dynamic: Name", "invalid-dynamic"),
        ("Dynamic: Banana", "invalid-dynamic"),
        ("Provides-Extra: -x", "invalid-extra"),
        ("License-Expression: MIT/Apache-2.0", "invalid-license-expression"),
        ("License-Expression: BSD", "invalid-license-expression"),
        ("License-Expression: UNLICENSED", "invalid-license-expression"),
        ("License-Expression: MIT OR", "invalid-license-expression"),
        ("License-Expression: LicenseRef-a_b", "invalid-license-expression"),
        ("License-Expression:", "invalid-license-expression"),
        (
            "License-Expression: " + "(" * 10_000 + "MIT" + ")" * 10_000,
            "invalid-license-expression",
        ),
        ("License: MIT\nLicense-Expression: MIT", "license-and-expression"),
        ("License-File: ../../etc/passwd", "invalid-license-file"),
        ("License-File: /etc/passwd", "invalid-license-file"),
        ("License-File: LICEN*", "invalid-license-file"),
        ("License-File: doc\\LICENSE", "invalid-license-file"),
        ("Import-Name: a\nImport-Namespace: a", "import-name-twice"),
        ("Import-Name: not-a-name", "invalid-import-name"),
        ("Import-Name: class", "invalid-import-name"),
        ("Import-Name: a; public", "invalid-import-name"),
        ("Import-Namespace:  ; private", "invalid-import-name"),
    ],
)
def test_wrong_metadata_is_refused(tmp_path, text, code):
    found = look_at_metadata(tmp_path, text, "2.5")
    assert code in codes(found)
    assert found.metadata is not None


def test_a_password_in_a_url_is_not_repeated(tmp_path):
    found = look_at_metadata(tmp_path, "Home-page: https://me:secret@example.com")
    assert "secret" not in "".join(finding.message for finding in found.findings)


def test_a_folded_summary_in_old_metadata_is_joined(tmp_path):
    found = look_at_metadata(tmp_path, "Summary: a\n  b", "1.2")
    assert not found.refused
    assert metadata_of(found).summary == "a b"


def test_a_direct_reference_passes_where_the_site_allows_it(tmp_path):
    rules = Rules(allow_direct_references=True)
    found = look_at_wheel(tmp_path, rules, requires=["x @ https://example.com/x.whl"])
    assert found.findings == ()


def test_a_site_can_have_classifiers_of_its_own(tmp_path):
    rules = Rules(extra_classifiers=frozenset({"Team :: Red"}))
    assert look_at_wheel(tmp_path, rules, extra_metadata="Classifier: Team :: Red").findings == ()


def test_a_deprecated_classifier_is_refused_with_its_replacement(tmp_path):
    found = look_at_metadata(tmp_path, "Classifier: Natural Language :: Ukranian")
    assert "'Natural Language :: Ukrainian'" in found.findings[0].message
    gone = look_at_metadata(tmp_path, "Classifier: License :: OSI Approved :: X.Net License")
    assert "remove it" in gone.findings[0].message


def test_1500_requirements_pass(tmp_path):
    requires = [f"project-{number}>=1.0" for number in range(1500)]
    assert look_at_wheel(tmp_path, requires=requires).findings == ()


def test_more_requirements_or_urls_than_the_site_allows_are_refused(tmp_path):
    rules = Rules(requirements=2, project_urls=2)
    text = "\n".join(f"Project-URL: L{n}, https://example.com" for n in range(3))
    found = look_at_wheel(tmp_path, rules, requires=["a", "b", "c"], extra_metadata=text)
    assert codes(found) == {"too-many-requirements", "too-many-project-urls"}
    found = look_at_wheel(tmp_path, Rules(requirements_size=2), requires=["abc"])
    assert codes(found) == {"too-many-requirements"}


def test_a_claim_on_the_standard_library_is_held_for_a_moderator(tmp_path):
    found = look_at_metadata(tmp_path, "Import-Name: os", "2.5")
    assert not found.refused
    assert codes(found, Level.HOLD) == {"import-shadows-stdlib"}


def test_an_import_name_of_nothing_is_kept_apart_from_none(tmp_path):
    assert metadata_of(look_at_metadata(tmp_path, "Import-Name:", "2.5")).import_names == ("",)
    assert metadata_of(look_at_metadata(tmp_path, "", "2.5")).import_names == ()


def test_all_findings_are_reported_at_once(tmp_path):
    text = "Classifier: Nope\nRequires-Dist: foo bar\nSummary: " + "x" * 600
    found = look_at_wheel(tmp_path, extra_metadata=text, unlisted={"evil.py": ""})
    assert codes(found) == {
        "unknown-classifier",
        "invalid-requirement",
        "summary-too-long",
        "file-not-in-record",
    }


def test_a_header_that_claims_parts_changes_nothing():
    head = _head('Content-Type: multipart/mixed; boundary="b"')
    metadata, _ = _read(head + "\n--b\n\nHello\n--b--\n")
    assert metadata.description == "--b\n\nHello\n--b--\n"


def test_what_follows_a_stray_line_is_description():
    metadata, _ = _read(_head("a stray line", "Summary: lost") + "\nbody")
    assert metadata.summary == ""
    assert metadata.description == "a stray line\nSummary: lost\nbody"


@pytest.mark.parametrize(
    ("url", "linkable"),
    [
        ("https://example.com", True),
        ("HTTP://example.com", True),
        ("mailto:a@example.com", True),
        ("javascript:alert(1)", False),
        (" java\nscript:alert(1)", False),
        ("//example.com", False),
        ("https://me:secret@example.com", False),
        ("https://[broken", True),
    ],
)
def test_pages_link_to_web_addresses_only(url, linkable):
    assert urls.is_linkable(url) is linkable
