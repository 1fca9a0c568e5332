"""The documents of ``/pypi/<name>/json``: keys as PyPI's clients read them.

No standard describes them.  Where PyPI answers -1 or null for what is known, they say it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any, Final
from urllib.parse import urljoin

from packages import downloads, insiders, particulars
from packages.models import File, Project, Release
from pypi_site.lib.problems import NotFound

Document = dict[str, Any]

# Core metadata (PEP 566) that is told as it is, under our key.
_TEXTS: Final = (
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license",
    "license_expression",
    "description_content_type",
)
_LISTS: Final = {
    "dynamic": "dynamic",
    "license_files": "license_file",
    "provides_extra": "provides_extra",
    "requires_dist": "requires_dist",
}
# What projects link to under many labels (PEP 753).
_LINKS: Final = {
    "home_page": "Homepage",
    "download_url": "Download",
    "docs_url": "Documentation",
    "bugtrack_url": "Issue tracker",
}


def project_document(project: Project, origin: str) -> Document:
    """Everything about a project.  Raises `NotFound` if no release of it may be seen.

    `origin` is what addresses begin with (``https://host``).
    """
    releases = list(project.releases.standing().order_by("sort_key").defer("metadata"))
    if not releases:
        raise NotFound("Nothing of this project may be seen.")
    files = _files(project, releases)
    shown = best(releases, files)
    entries = _entries(files, origin)
    return {
        **_head(project, shown, origin),
        "releases": {each.version: entries[each.pk] for each in releases},
        "urls": entries[shown.pk],
    }


def release_document(project: Project, release: Release, origin: str) -> Document:
    """The same of one release, without ``releases``."""
    return {**_head(project, release, origin), "urls": urls(project, release, origin)}


def urls(project: Project, release: Release, origin: str) -> list[Document]:
    """The files of a release."""
    return _entries(_files(project, [release]), origin)[release.pk]


def _files(project: Project, releases: Iterable[Release]) -> Mapping[int, list[File]]:
    """The files of each release, by its key; one query, without the metadata of each file."""
    by_key = {release.pk: release for release in releases}
    offered = File.objects.standing().filter(release__project=project, release__in=by_key)
    found = defaultdict(list)
    for file in offered.without_metadata().order_by("filename"):
        file.release = by_key[file.release_id]
        found[file.release_id].append(file)
    return found


def best(releases: Iterable[Release], files: Mapping[int, list[File]]) -> Release:
    """What an installer would take: with files, not yanked, final, newest; of `releases` in order.

    Raises ValueError if there are none.
    """
    return min(
        reversed(list(releases)),
        key=lambda each: (not files[each.pk], bool(each.yanked_at), each.is_prerelease),
    )


def _head(project: Project, release: Release, origin: str) -> Document:
    return {
        "info": information(project, release, origin),
        "last_serial": project.serial,
        "ownership": {"roles": roles(project), "organization": None},
        "vulnerabilities": [],
    }


def information(project: Project, release: Release, origin: str) -> Document:
    """``info``: the metadata of a release."""
    metadata = release.metadata
    return {
        "name": project.name,
        "version": release.version,
        "summary": release.summary or None,
        "description": metadata.get("description", ""),
        "requires_python": release.requires_python or None,
        "yanked": release.yanked_at is not None,
        "yanked_reason": release.yanked_reason or None,
        "downloads": downloads.recent(project)._asdict(),
        **_metadata(metadata),
        **_addresses(project, release, origin),
    }


def _metadata(metadata: Mapping[str, Any]) -> Document:
    """Single values are text or null, lists are lists or null; ``classifiers`` is always a list."""
    return {
        **{key: metadata.get(key) for key in _TEXTS},
        **{key: metadata.get(source) for key, source in _LISTS.items()},
        "classifiers": metadata.get("classifier", []),
        "keywords": ",".join(metadata.get("keywords", ())) or None,
        "platform": ",".join(metadata.get("platform", ())) or None,
    }


def _addresses(project: Project, release: Release, origin: str) -> Document:
    """Our pages, and where the project's own are."""
    metadata = release.metadata
    links = {link.text: link.url for link in reversed(particulars.links(metadata))}
    page = urljoin(origin, project.get_absolute_url())
    return {
        "package_url": page,
        "project_url": page,
        "release_url": urljoin(origin, release.get_absolute_url()),
        "project_urls": dict(particulars.project_urls(metadata)) or None,
        **{key: metadata.get(key) or links.get(label) for key, label in _LINKS.items()},
    }


def roles(project: Project) -> list[dict[str, str]]:
    """Who keeps the project: owners first, then by name."""
    keepers = insiders.standings(project)
    return [{"role": each.kind.capitalize(), "user": each.username} for each in keepers]


def _entries(files: Mapping[int, list[File]], origin: str) -> Mapping[int, list[Document]]:
    """The entries of each release's files, by the release's key."""
    fetched = downloads.of_files(file.pk for some in files.values() for file in some)
    entries = {
        key: [file_entry(file, origin, fetched.get(file.pk, 0)) for file in some]
        for key, some in files.items()
    }
    return defaultdict(list, entries)


def file_entry(file: File, origin: str, fetched: int) -> Document:
    """One file, which was downloaded so often in the last 30 days.

    PEP 592's reason and PEP 658's digest stand beside PyPI's older keys.
    """
    metadata = {"sha256": file.metadata_sha256} if file.offers_metadata else False
    return {
        "filename": file.filename,
        # Written by hand: `reverse` would take half the time of a large document.
        "url": f"{origin}/packages/{file.sha256}/{file.filename}",
        "packagetype": file.filetype,
        "python_version": file.python_tag,
        "requires_python": file.requires_python or None,
        "size": file.size,
        "digests": {"md5": file.md5, "sha256": file.sha256, "blake2b_256": file.blake2b_256},
        "md5_digest": file.md5,
        "core-metadata": metadata,
        "downloads": fetched,
        "has_sig": False,
        "comment_text": "",
        **_times(file),
        **_yank(file),
    }


def _times(file: File) -> Document:
    at = file.uploaded_at.astimezone(UTC)
    return {
        "upload_time": f"{at:%Y-%m-%dT%H:%M:%S}",
        "upload_time_iso_8601": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }


def _yank(file: File) -> Document:
    yank = file.yank
    return {
        "yanked": bool(yank),
        "yanked_reason": yank if isinstance(yank, str) else None,
    }
