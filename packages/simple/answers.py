"""The headers of the simple API, for the lane and for the views (RFC 9110, RFC 9111)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import StrEnum
from pathlib import Path

from django.utils.http import parse_etags

from packages.simple import negotiation
from packages.simple.codings import Coding
from packages.simple.negotiation import Representation
from pypi_site.lib import cdn

CACHE = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
VARY = "Accept, Accept-Encoding"
Headers = list[tuple[str, str]]
Body = bytes | Path  # what is large stays in its file
_SHORT = {item: item.rpartition("/")[2] for item in Representation}


class Kind(StrEnum):
    """The bytes; both HTML representations have the same ones."""

    HTML = "html"
    JSON = "json"


@dataclass(frozen=True)
class Variant:
    """What negotiation came to: a representation, in a content coding."""

    representation: Representation
    coding: Coding

    @property
    def kind(self) -> Kind:
        return Kind.JSON if self.representation is Representation.JSON else Kind.HTML


@dataclass(frozen=True)
class Version:
    """Which state of the index a page shows.  `edition` names our rendering of it."""

    serial: int
    edition: str
    modified: datetime | None = None


class Answer:
    """One variant of a page, ready to be sent: its headers, and its `body`.

    It is `dated` (``Last-Modified``) once no other change can fall into the same second.
    """

    __slots__ = ("body", "etag", "headers", "modified", "not_modified")

    def __init__(
        self, name: str, version: Version, variant: Variant, body: Body, *, dated: bool = True
    ) -> None:
        self.body = body
        self.etag = etag_of(version, variant)
        self.modified = _http_date(version.modified) if dated else None
        # What a 304 repeats (RFC 9110, 15.4.5).
        self.not_modified: Headers = [
            ("ETag", self.etag),
            ("Vary", VARY),
            ("Cache-Control", CACHE),
            ("X-PyPI-Last-Serial", str(version.serial)),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", "X-PyPI-Last-Serial"),
            *cdn.headers(f"project/{name}" if name else "root").items(),
        ]
        if self.modified:
            self.not_modified.append(("Last-Modified", self.modified))
        self.headers: Headers = [
            *self.not_modified,
            ("Content-Type", negotiation.content_type(variant.representation)),
            ("Content-Length", str(_length(body))),
        ]
        if variant.coding is not Coding.IDENTITY:
            # PEP 3333 wants a str itself, not a member of an enumeration.
            self.headers.append(("Content-Encoding", variant.coding.value))

    @property
    def memory(self) -> int:
        """Bytes."""
        return len(self.body) if isinstance(self.body, bytes) else 0

    def is_known(self, if_none_match: str | None, if_modified_since: str | None) -> bool:
        """Whether the client has it already: 304 (RFC 9110, 13.2.2)."""
        if if_none_match is not None:
            return if_none_match == self.etag or _names(if_none_match, self.etag)
        if if_modified_since is None or not self.modified:
            return False
        return if_modified_since == self.modified or _is_since(if_modified_since, self.modified)


def etag_of(version: Version, variant: Variant) -> str:
    """Strong, so of its own for each representation and coding (RFC 9110, 8.8.3.3; NEG-23).

    It holds the moment of the change, too: a serial may be given twice (`pages.State`).
    """
    coding = "" if variant.coding is Coding.IDENTITY else f"-{variant.coding}"
    form = f"{_SHORT[variant.representation]}{coding}"
    return f'"{version.serial}.{_moment(version.modified)}.{version.edition}.{form}"'


def _moment(at: datetime | None) -> str:
    """Microseconds; of so many that none comes again within an hour."""
    return f"{int(at.timestamp() * 1_000_000) & 0xFFFFFFFF:x}" if at else "0"


def _names(if_none_match: str, etag: str) -> bool:
    asked = parse_etags(if_none_match)
    return "*" in asked or etag in {tag.removeprefix("W/") for tag in asked}


def _is_since(header: str, modified: str) -> bool:
    try:
        return parsedate_to_datetime(header) >= parsedate_to_datetime(modified)
    except (TypeError, ValueError):  # no date, or one without a zone
        return False


def _length(body: Body) -> int:
    return len(body) if isinstance(body, bytes) else body.stat().st_size


def _http_date(moment: datetime | None) -> str | None:
    return format_datetime(moment.astimezone(UTC), usegmt=True) if moment else None
