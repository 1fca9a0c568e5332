"""The XML-RPC methods of PyPI that mirrors and old tools call; pypi_site/xmlrpc.py serves them.

Names, arguments and shapes are PyPI's.  Whatever may not be seen looks like what does not exist;
`to` is who asks, and no argument of a call.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xmlrpc.client import Fault

from django.conf import settings

from packages import access, insiders, journal, legacy_json, names
from packages.models import JournalEntry, Project, Reader, Release
from packages.models.reader import ANYBODY
from pypi_site.lib.problems import Moved, NotFound
from pypi_site.lib.xmlrpc import BAD_ARGUMENTS, Members

LIMIT = 50_000  # rows of one answer, as PyPI's
CLASSIFIERS = 20


# -- mirrors -------------------------------------------------------------------------------------


def changelog_last_serial() -> int:
    """The serial of the newest change."""
    return journal.last_serial()


def changelog_since_serial(serial: int, *, to: Reader = ANYBODY) -> Iterator[tuple]:
    """Changes after a serial: name, version, epoch seconds, action, serial; 50,000 at most."""
    return _changes(JournalEntry.objects.told(to).filter(serial__gt=serial))


def changelog(since: int, with_ids: bool | int = False, *, to: Reader = ANYBODY) -> Iterator[tuple]:
    """Changes after a time in epoch seconds; with `with_ids` each has its serial."""
    rows = _changes(JournalEntry.objects.told(to).filter(at__gt=_moment(since)))
    return rows if with_ids else (row[:-1] for row in rows)


def _changes(entries: Any) -> Iterator[tuple]:
    rows = entries.order_by("serial").values_list("project", "version", "at", "action", "serial")
    for name, version, at, action, serial in rows[:LIMIT].iterator(chunk_size=5000):
        yield name, version, int(at.timestamp()), action, serial


def _moment(since: int) -> datetime:
    try:
        return datetime.fromtimestamp(since, UTC)
    except (ValueError, OverflowError, OSError):
        raise Fault(BAD_ARGUMENTS, f"{since} is no time in epoch seconds.") from None


def updated_releases(since: int, *, to: Reader = ANYBODY) -> list[tuple[str, str]]:
    """Releases published after a time in epoch seconds: name, version."""
    newer = Release.objects.offered(to).filter(published_at__gt=_moment(since))
    rows = newer.order_by("published_at", "pk").values_list("project__name", "version")
    return list(rows[:LIMIT])


def list_packages(*, to: Reader = ANYBODY) -> Iterator[str]:
    """The names of all projects."""
    listed = Project.objects.listed(to).order_by("normalized_name")
    return listed.values_list("name", flat=True).iterator(chunk_size=5000)


def list_packages_with_serial(*, to: Reader = ANYBODY) -> Members:
    """All projects, each with the serial of its last change."""
    listed = Project.objects.listed(to).order_by("normalized_name")
    return Members(listed.values_list("name", "serial").iterator(chunk_size=5000))


# -- people --------------------------------------------------------------------------------------


def package_roles(package_name: str, *, to: Reader = ANYBODY) -> list[tuple[str, str]]:
    """Who keeps a project: role, user name."""
    project = _project(package_name, to)
    return [(each["role"], each["user"]) for each in legacy_json.roles(project)] if project else []


def user_packages(username: str, *, to: Reader = ANYBODY) -> list[tuple[str, str]]:
    """What somebody keeps: role, project."""
    kept = insiders.kept_by(username, Project.objects.listed(to))
    return [(kind.capitalize(), name) for kind, name in kept]


# -- releases ------------------------------------------------------------------------------------


def package_releases(
    package_name: str, show_hidden: bool | int = False, *, to: Reader = ANYBODY
) -> list[str]:
    """The version that an installer would take; with `show_hidden` every version, newest first."""
    project = _project(package_name, to)
    releases = project.releases.standing() if project else Release.objects.none()
    if show_hidden:
        return list(releases.newest_first().values_list("version", flat=True))
    return list(releases.with_files().best_first().values_list("version", flat=True)[:1])


def release_urls(package_name: str, version: str, *, to: Reader = ANYBODY) -> list[dict[str, Any]]:
    """The files of a release, with digests and addresses."""
    release = _release(package_name, version, to)
    if release is None:
        return []
    entries = legacy_json.urls(release.project, release, settings.SITE_URL)
    return [
        {**entry, "sha256_digest": entry["digests"]["sha256"], "path": urlsplit(entry["url"]).path}
        for entry in entries
    ]


def release_data(package_name: str, version: str, *, to: Reader = ANYBODY) -> dict[str, Any]:
    """The metadata of a release."""
    release = _release(package_name, version, to)
    if release is None:
        return {}
    told = legacy_json.information(release.project, release, settings.SITE_URL)
    metadata = release.metadata
    lists = {key: metadata.get(key, []) for key in _LISTS}
    labelled = {"project_url": metadata.get("project_url", []), "stable_version": ""}
    return {**told, **lists, **labelled, "_pypi_ordering": 0, "_pypi_hidden": False}


_LISTS = (
    *("requires", "requires_dist", "requires_external", "provides", "provides_dist"),
    *("provides_extra", "obsoletes", "obsoletes_dist"),
)


def browse(classifiers: list[str], *, to: Reader = ANYBODY) -> list[tuple[str, str]]:
    """Releases that have all of these classifiers: name, version; 50,000 at most."""
    if not 0 < len(classifiers) <= CLASSIFIERS:
        raise Fault(BAD_ARGUMENTS, f"Name 1 to {CLASSIFIERS} classifiers.")
    found = Release.objects.offered(to).with_classifiers(classifiers)
    rows = found.order_by("project__normalized_name", "sort_key")
    return list(rows.values_list("project__name", "version")[:LIMIT])


def _project(name: str, to: Reader) -> Project | None:
    """A project that may be found, by any name that it has or had."""
    try:
        known = access.known_project(names.normalize(name), to)
    except Moved as moved:
        return _project(moved.arguments["name"], to)
    except NotFound:
        return None
    return Project.objects.listed(to).filter(pk=known.pk).first()


def _release(name: str, version: str, to: Reader) -> Release | None:
    project = _project(name, to)
    try:
        return access.offered_release(project, version) if project else None
    except NotFound:
        return None
