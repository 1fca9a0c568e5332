"""``/help/apis/``: what programs can read here, with the addresses of this site."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@dataclass(frozen=True)
class Row:
    address: str
    text: str


@dataclass(frozen=True)
class Group:
    title: str
    text: str
    rows: tuple[Row, ...]


GROUPS = (
    Group(
        "Feeds",
        "For feed readers; write rss instead of atom for RSS 2.0. Feeds of releases take"
        " ?prereleases=no, ?classifier=... and ?keyword=..., the last two several times if you"
        " like, and look at the newest 2,000 releases then.",
        (
            Row("/feeds/releases.atom", "The newest releases of all projects."),
            Row("/feeds/projects.atom", "The newest projects."),
            Row("/feeds/project/NAME/releases.atom", "The releases of one project."),
            Row("/feeds/user/USER/releases.atom", "The releases of all that somebody keeps."),
            Row("/feeds/user/USER/projects.atom", "The projects that somebody keeps."),
            Row("/feeds/removals.atom", "What moderators hid or took away, and what came back."),
        ),
    ),
    Group(
        "JSON",
        "Ask again with If-None-Match: an unchanged project is answered 304.",
        (
            Row("/pypi/NAME/json", "A project as the public index tells it: metadata and files."),
            Row("/pypi/NAME/VERSION/json", "One release of it."),
            Row("/api/v1/search/?q=WORDS", "Projects found, with filters as on the search page."),
            Row("/api/v1/projects/", "All projects, page by page, in our own words."),
            Row(
                "/api/v1/projects/NAME/downloads/",
                "Downloads of 30 days by day, version and file; ?days=... and ?version=...",
            ),
            Row(
                "/api/v1/removals/?since=SERIAL",
                "What moderators hid or took away after that change, file by file.",
            ),
            Row("/simple/NAME/", "What installers read: HTML, or JSON by Accept (PEP 691)."),
        ),
    ),
    Group(
        "XML-RPC",
        "For mirrors, for old scripts, and for pip search.",
        (
            Row(
                "/pypi",
                "By POST: changelog_since_serial, search, browse, and what else"
                " system.listMethods names.",
            ),
        ),
    ),
)


@require_safe
def apis(request: HttpRequest) -> HttpResponse:
    """Feeds, JSON, XML-RPC."""
    origin = request.build_absolute_uri("/").rstrip("/")
    groups = [
        {
            "title": group.title,
            "text": group.text,
            "rows": [Row(f"{origin}{row.address}", row.text) for row in group.rows],
        }
        for group in GROUPS
    ]
    return render(request, "help/apis.html", {"groups": groups})
