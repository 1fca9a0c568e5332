"""Which representation of the simple API a client wants (PEP 691; NEG-1 to NEG-24)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from django.http import HttpRequest
from django.http.request import MediaType

from pypi_site.lib import http
from pypi_site.lib.problems import Problem


class Representation(StrEnum):
    """The types that we send.  Of equals the first is preferred (NEG-2, NEG-17)."""

    HTML = "text/html"
    JSON = "application/vnd.pypi.simple.v1+json"
    V1_HTML = "application/vnd.pypi.simple.v1+html"


# ``latest`` may be asked for, but is never the name of an answer (NEG-10).
_ALIASES = {
    "application/vnd.pypi.simple.latest+json": Representation.JSON,
    "application/vnd.pypi.simple.latest+html": Representation.V1_HTML,
}
_OFFERED = {**{str(item): item for item in Representation}, **_ALIASES}


class NotAcceptable(Problem):
    """Nothing that we offer suits the client (NEG-12 to NEG-16)."""

    status, code, title = 406, "not-acceptable", "Not acceptable"

    def __init__(self) -> None:
        super().__init__(f"This index offers {', '.join(Representation)}; accept one of them.")


def choose(request: HttpRequest) -> Representation:
    """``?format=`` first, then ``Accept``.  Raises `NotAcceptable`."""
    if wanted := request.GET.get("format"):
        return _by_format(wanted)
    return by_accept(request.headers.get("Accept", ""))


@lru_cache(maxsize=1024)
def by_accept(header: str) -> Representation:
    """What suits the header best.  Raises `NotAcceptable`."""
    accepted = _accepted(header)
    if not accepted:  # absent, or not to be understood (NEG-1, NEG-19)
        return Representation.HTML
    best = http.choose(accepted, list(_OFFERED))
    if best is None:
        raise NotAcceptable
    return _OFFERED[best]


def content_type(wanted: Representation) -> str:
    """The header for an answer in this representation."""
    charset = "; charset=utf-8" if wanted is Representation.HTML else ""
    return f"{wanted}{charset}"


def _by_format(wanted: str) -> Representation:
    try:
        return _OFFERED[wanted.strip().lower().replace(" ", "+")]  # "+" in a query is a space
    except KeyError:
        raise NotAcceptable from None


def _accepted(header: str) -> list[MediaType]:
    """Every range of the header; Django's own list lacks what is refused with ``q=0`` (NEG-16)."""
    ranges = map(MediaType, header.split(","))
    return [media for media in ranges if media.sub_type]
