"""The pages that people read: the front page, and a page for each project and each release."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import conditional_page, require_safe

from packages import (
    access,
    descriptions,
    downloads,
    insiders,
    names,
    particulars,
    provenance,
    readers,
)
from packages.models import File, Project, ProjectStatus, Reader, Release
from packages.models.file import FileType
from packages.tables import Badge, Row, Table
from pypi_site.lib import cdn
from pypi_site.lib.problems import NotFound

NEWEST = 10
A_MONTH = 30 * 24 * 3600
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Snippet:
    """Something to copy; `id` names it on the page."""

    id: str
    label: str
    code: str


@dataclass(frozen=True)
class Link:
    """Where to go; only a word where there is no address."""

    text: str
    address: str


@dataclass(frozen=True)
class Banner:
    """What one must know before reading on; `tone` is good, warn, bad or none."""

    tone: str
    title: str
    texts: tuple[str, ...] = ()
    instead: Link | None = None


@require_safe
@conditional_page
def home(request: HttpRequest) -> HttpResponse:
    index_url = request.build_absolute_uri(reverse("simple"))
    upload_url = request.build_absolute_uri(reverse("upload"))
    reader = readers.of_request(request)
    latest = (
        Release.objects.offered(reader).with_files().select_related("project").defer("metadata")
    )
    context = {
        "index_url": index_url,
        "upload_url": upload_url,
        "first_upload": f"python -m build\n{_twine(upload_url)}",
        "install_snippets": _install_snippets(index_url),
        "publish_snippets": _publish_snippets(upload_url),
        "latest": latest.order_by("-published_at")[:NEWEST],
        "project_count": Project.objects.listed(reader).count(),
        "release_count": Release.objects.offered(reader).count(),
        "hide_search": True,
    }
    return _cached(request, render(request, "packages/home.html", context), "root")


def _install_snippets(index_url: str) -> list[Snippet]:
    insecure = _insecure_host(index_url)
    trust = f"\ntrusted-host = {insecure}" if insecure else ""
    allow = f" --allow-insecure-host {insecure}" if insecure else ""
    return [
        Snippet("install-pip", "pip", _pip(index_url, "NAME")),
        Snippet("install-uv", "uv", f"uv pip install --default-index {index_url}{allow} NAME"),
        Snippet("pip-conf", "pip.conf, for good", f"[global]\nindex-url = {index_url}{trust}"),
    ]


def _publish_snippets(upload_url: str) -> list[Snippet]:
    pypirc = f"""[distutils]
index-servers = gatehouse

[gatehouse]
repository = {upload_url}
username = __token__
password = YOUR TOKEN"""
    uv = f"uv publish --publish-url {upload_url} --token YOUR-TOKEN"
    return [
        Snippet("publish-twine", "twine", _twine(upload_url)),
        Snippet("publish-uv", "uv", uv),
        Snippet("pypirc", ".pypirc, for good", pypirc),
    ]


def _twine(upload_url: str) -> str:
    return f"twine upload --repository-url {upload_url} -u __token__ dist/*"


def _pip(index_url: str, requirement: str) -> str:
    insecure = _insecure_host(index_url)
    trust = f" --trusted-host {insecure}" if insecure else ""
    return f"pip install --index-url {index_url}{trust} {requirement}"


def _insecure_host(url: str) -> str:
    """The host that pip and uv won't talk to without being told so: remote and without TLS."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return host if parts.scheme == "http" and host not in LOCAL_HOSTS else ""


@require_safe
@conditional_page
def project_detail(request: HttpRequest, name: str, version: str = "") -> HttpResponse:
    """A project's page: of its best release, or of the one named.

    A quarantined project keeps a page that says so and offers nothing (PEP 792).
    """
    reader = readers.of_request(request)
    project = _known(name, reader)
    releases = list(project.releases.standing().newest_first().defer("metadata"))
    release = _chosen(releases, version)
    if release is None and version:
        raise Http404(f"{project.name} has no release {version}.")
    address = release.get_absolute_url() if version and release else project.get_absolute_url()
    if request.path != address:
        return redirect(address, permanent=True)
    context = _head(request, project, release, releases) | _body(project, release, reader)
    key = f"project/{project.normalized_name}"
    response = _cached(request, render(request, "packages/project.html", context), key)
    if project.private:
        patch_cache_control(response, private=True, no_store=True)
    return response


def _known(name: str, reader: Reader) -> Project:
    """A former name leads on; what is not found gets a page that says so."""
    try:
        return access.known_project(names.normalize(name), reader)
    except NotFound as problem:
        raise Http404(problem.detail) from None


def _chosen(releases: list[Release], version: str) -> Release | None:
    """The release of that version, however spelled; else what an installer would take."""
    if version:
        with suppress(names.InvalidVersion):
            key = names.version_sort_key(version)
            return next((release for release in releases if release.sort_key == key), None)
        return None
    return min(releases, key=lambda each: (bool(each.yanked_at), each.is_prerelease), default=None)


def _head(
    request: HttpRequest, project: Project, release: Release | None, releases: list[Release]
) -> dict[str, object]:
    reader, best = readers.of_request(request), _chosen(releases, "")
    context: dict[str, object] = {
        "project": project,
        "release": release,
        "releases": releases,
        "newer": best if release and best and best.pk != release.pk else None,
        "banners": [
            *_project_banners(project, reader),
            *(_release_banners(release) if release else ()),
        ],
    }
    if release:
        exact = f"{project.name}=={release.version}"
        requirement = project.name if release == best and not release.yanked_at else exact
        context["pip_command"] = _pip(request.build_absolute_uri(reverse("simple")), requirement)
    return context


def _project_banners(project: Project, reader: Reader) -> list[Banner]:
    """PEP 792's status, unless it is the ordinary one."""
    tone, title, text = {
        ProjectStatus.QUARANTINED: (
            "bad",
            "This project is in quarantine",
            "Moderators are looking at it. Until they have decided, none of its files is offered.",
        ),
        ProjectStatus.ARCHIVED: (
            "",
            "This project is archived",
            "Its owners don't expect to release it again. What is here can still be installed.",
        ),
        ProjectStatus.DEPRECATED: (
            "warn",
            "This project is deprecated",
            "Its owners advise against it. What is here can still be installed.",
        ),
    }.get(ProjectStatus(project.status), ("", "", ""))
    texts = tuple(filter(None, [project.status_reason, text]))
    return [Banner(tone, title, texts, _successor(project, reader))] if title else []


def _successor(project: Project, reader: Reader) -> Link | None:
    """What to use instead of a deprecated project: an address, a project here, or just a name."""
    if project.status != ProjectStatus.DEPRECATED or not project.successor:
        return None
    if "://" in project.successor:
        return Link(project.successor, project.successor)
    here = Project.objects.listed(reader).filter(normalized_name=names.normalize(project.successor))
    found = here.first()
    return Link(project.successor, found.get_absolute_url() if found else "")


def _release_banners(release: Release) -> list[Banner]:
    banners = []
    if release.yanked_at:
        skipped = "Installers skip it, unless a requirement names exactly this version."
        texts = tuple(filter(None, [release.yanked_reason, skipped]))
        title = f"{release.version} was yanked on {release.yanked_at:%-d %B %Y}"
        banners.append(Banner("warn", title, texts))
    if release.is_prerelease:
        exact = "Installers take it only if asked for pre-releases, or for exactly this version."
        banners.append(Banner("", "This is a pre-release", (exact,)))
    return banners


def _body(project: Project, release: Release | None, reader: Reader) -> dict[str, object]:
    if release is None:
        return {}
    metadata = release.metadata
    wanted = particulars.required_names(metadata)
    here = Project.objects.listed(reader).filter(normalized_name__in=wanted)
    available = here.values_list("normalized_name", flat=True)
    return {
        "description": _description(release),
        "downloads": downloads.recent(project),
        "files": _files(release),
        "license": particulars.license_of(metadata),
        "links": particulars.links(metadata),
        "groups": particulars.groups(metadata, available=available),
        "roles": insiders.standings(project),
    }


def _files(release: Release) -> Table:
    """The source distribution, then the wheels by name."""
    standing = File.objects.standing().filter(release=release).defer("metadata")
    files = standing.select_related("uploaded_by_ci").in_order()
    rows = [_row(file, release) for file in sorted(files, key=_wheels_last)]
    return Table(f"Files of {release}", ("Size", "Uploaded", "SHA-256"), tuple(rows))


def _wheels_last(file: File) -> bool:
    return file.filetype != FileType.SDIST


def _row(file: File, release: Release) -> Row:
    words = _in_words(file)
    if file.requires_python != release.requires_python:
        words += f" · Python {file.requires_python}"
    return Row(
        title=file.filename,
        id=file.identity,
        address=file.get_absolute_url(),
        facts=tuple(filter(None, [words, file.yanked_reason])),
        marks=(Badge("yanked", "warn"),) if file.yanked_at else (),
        size=file.size,
        at=file.uploaded_at,
        sha256=file.sha256,
        job=provenance.of(file.uploaded_by_ci),
    )


def _in_words(file: File) -> str:
    if file.filetype == FileType.SDIST:
        return "source distribution"
    return f"wheel: {particulars.tags_in_words(file.tags)}"


def _description(release: Release) -> SafeString:
    """The description as HTML: rendered once, since a release's text never changes."""
    text = str(release.metadata.get("description", ""))
    kind = str(release.metadata.get("description_content_type", ""))
    digest = hashlib.sha256(f"{kind}\n{text}".encode()).hexdigest()
    key = f"description:{descriptions.REVISION}:{digest}"
    html = caches["descriptions"].get_or_set(
        key, lambda: descriptions.render(text, kind or None), A_MONTH
    )
    return mark_safe(str(html) if text.strip() else "")  # noqa: S308 - bleach cleaned it


def _cached(request: HttpRequest, response: HttpResponse, key: str) -> HttpResponse:
    """Let anybody's cache keep what a visitor without cookies sees, for a minute."""
    if request.COOKIES:
        patch_cache_control(response, private=True, no_cache=True)
        return response
    stale = {"stale_while_revalidate": 600, "stale_if_error": 86_400}
    patch_cache_control(response, public=True, max_age=60, **stale)
    for name, value in cdn.key_headers(key).items():
        response[name] = value
    return response
