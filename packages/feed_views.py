"""RSS 2.0 and Atom (RFC 4287): ``/feeds/...``, and ``/rss/...`` as on PyPI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed
from django.utils.http import http_date

from packages import access, feeds, names, readers
from packages.feeds import Entry, Filters, Version
from packages.models import Reader
from packages.models.reader import ANYBODY
from pypi_site.lib import cdn, http, xml
from pypi_site.lib.problems import NotFound, Problem

Format = type[Rss201rev2Feed] | type[Atom1Feed]
FORMATS: dict[str, Format] = {"rss": Rss201rev2Feed, "atom": Atom1Feed}
CACHE = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
# Part of every ETag: raise it when the writing changes and the index does not.
RENDERING = 1
VALUES = 10  # of one filter
SWITCH = {"yes": True, "no": False}


class InvalidFilter(Problem):
    """A feed is filtered by ``classifier``, ``keyword`` and ``prereleases``."""

    code, title = "invalid-filter", "Invalid filter"


@dataclass(frozen=True)
class Source:
    """A feed: what it is called, the page it is about, its key for caches, and how to fill it."""

    title: str
    path: str
    key: str
    version: Version
    entries: Callable[[], list[Entry]]


@http.read_only
def releases(request: HttpRequest, form: str = "rss") -> HttpResponseBase:
    """The newest releases of the site."""
    read = partial(feeds.releases_of_site, readers.of_request(request), filters_of(request))
    return answer(request, form, _of_site("Newest releases", read))


@http.read_only
def projects(request: HttpRequest, form: str = "rss") -> HttpResponseBase:
    """The newest projects of the site."""
    read = partial(feeds.projects_of_site, readers.of_request(request))
    return answer(request, form, _of_site("Newest projects", read))


def _of_site(title: str, read: Callable[[], list[Entry]]) -> Source:
    return Source(title, reverse("home"), "root", feeds.version_of_site(), read)


@http.read_only
def of_project(request: HttpRequest, name: str, form: str = "rss") -> HttpResponseBase:
    """The newest releases of a project; one in quarantine has a feed without entries."""
    project = access.known_project(names.normalize(name), readers.of_request(request))
    entries = partial(feeds.releases_of_project, project, filters_of(request))
    path, key = project.get_absolute_url(), f"project/{project.normalized_name}"
    version = feeds.version_of_project(project)
    title = f"Releases of {project.name}"
    return answer(request, form, Source(title, path, key, version, entries))


@http.read_only
def releases_of_person(request: HttpRequest, username: str, form: str) -> HttpResponseBase:
    """The newest releases of what somebody keeps."""
    reader, filters = readers.of_request(request), filters_of(request)
    entries = partial(feeds.releases_of_person, username, reader, filters)
    title = f"Releases of projects of {username}"
    source = Source(title, reverse("home"), "root", _version_of(username, reader), entries)
    return answer(request, form, source)


@http.read_only
def projects_of_person(request: HttpRequest, username: str, form: str) -> HttpResponseBase:
    """The newest projects that somebody keeps."""
    reader = readers.of_request(request)
    entries = partial(feeds.projects_of_person, username, reader)
    version = _version_of(username, reader)
    source = Source(f"Projects of {username}", reverse("home"), "root", version, entries)
    return answer(request, form, source)


def _version_of(username: str, reader: Reader) -> Version:
    version = feeds.version_of_person(username, reader)
    if version is None:
        raise NotFound("Nobody of this name keeps a project here; check the spelling.")
    return version


def filters_of(request: HttpRequest) -> Filters:
    """``?classifier=...&keyword=...&prereleases=no``; the first two may come several times."""
    asked = request.GET
    lists = [asked.getlist("classifier"), asked.getlist("keyword")]
    if any(len(each) > VALUES or "\0" in "".join(each) for each in lists):
        raise InvalidFilter(f"Name at most {VALUES} classifiers and {VALUES} keywords.")
    switch = asked.get("prereleases", "yes")
    if switch not in SWITCH:
        raise InvalidFilter("Say prereleases=yes or prereleases=no.")
    return Filters(tuple(lists[0]), tuple(lists[1]), SWITCH[switch])


def answer(request: HttpRequest, form: str, source: Source) -> HttpResponseBase:
    """304 before anything is written, where the client has this version; else the feed."""
    etag = f'"{source.version.tag}.{RENDERING}.{form}{_mark(request)}"'
    modified = _settled(source.version.at)
    headers = {"ETag": etag, "Cache-Control": CACHE, "Access-Control-Allow-Origin": "*"}
    headers |= cdn.headers(source.key)
    headers |= {"Last-Modified": http_date(modified)} if modified else {}
    response = get_conditional_response(request, etag, modified)
    if response is None:
        body = write(request, FORMATS[form], source)
        response = HttpResponse(body, content_type=FORMATS[form].content_type)
    for name, value in headers.items():
        response[name] = value
    return response


def _mark(request: HttpRequest) -> str:
    """What readers see differs at one serial, so each has an ETag of his own."""
    reader = readers.of_request(request)
    return "" if reader == ANYBODY else f".{reader.user}-{reader.token or 0}"


def _settled(at: datetime | None) -> int | None:
    """The second of the last change once it is over: before, there may be another in it."""
    return int(at.timestamp()) if at and timezone.now() - at > timedelta(seconds=1) else None


def write(request: HttpRequest, kind: Format, source: Source) -> str:
    """The feed as text; what XML cannot hold is left out of summaries."""
    feed = kind(
        title=f"{source.title}: {settings.SITE_NAME}",
        link=request.build_absolute_uri(source.path),
        description=f"{source.title} on {settings.SITE_NAME}",
        language="en",
        author_name=settings.SITE_NAME,
        feed_url=request.build_absolute_uri(),
    )
    for entry in source.entries():
        _add(feed, entry, request.build_absolute_uri(entry.path))
    return str(feed.writeString("utf-8"))


def _add(feed: SyndicationFeed, entry: Entry, address: str) -> None:
    feed.add_item(
        title=entry.title,
        link=address,
        description=xml.fit(entry.summary),
        author_name=entry.author or None,
        unique_id=entry.id,
        unique_id_is_permalink=False,
        pubdate=entry.at,
        updateddate=entry.at,
        categories=entry.categories,
    )
