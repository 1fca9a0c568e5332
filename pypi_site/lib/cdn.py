"""Caches in front of us: what they are told with each answer, and when it is not true any more.

Every answer that may be cached names what it tells of by keys, so that a change can take out of
the cache what it made untrue, and nothing else (docs/cdn.md):

``project/<normalized name>``  pages, JSON and feeds of a project
``root``                       lists of projects: the root page, the home page, site-wide feeds
``files/<normalized name>``    the bytes of a project's files, with their metadata
``file/<sha256>``              the bytes of one file, with its metadata
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from itertools import product
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

from django.conf import settings

SECONDS = 5  # that a cache may take to answer a purge
KEYS_AT_ONCE = 100  # Fastly takes 256, Varnish 8 kB of headers
_HEADERS = {"fastly": "Surrogate-Key", "varnish": "xkey"}
_COMMAS = {"Cache-Tag"}  # Cloudflare, Akamai and others who took the name over
_STALE = "stale-while-revalidate=600, stale-if-error=86400"


# -- with each answer ----------------------------------------------------------------------------


def headers(*keys: str) -> dict[str, str]:
    """For a dynamic answer: its keys, and how long a cache that we purge may keep it.

    Empty when no cache is configured.  Never for an answer that was made for one person.
    """
    named = key_headers(*keys)
    if named and settings.CDN != "none":
        named["Surrogate-Control"] = f"max-age={settings.CDN_SECONDS}, {_STALE}"
    return named


def key_headers(*keys: str) -> dict[str, str]:
    """The keys of an answer alone: for what never changes, or changes without being announced."""
    name = settings.CDN_KEYS_HEADER or _HEADERS.get(settings.CDN, "")
    separator = "," if name in _COMMAS else " "
    return {name: separator.join(keys)} if name and keys else {}


# -- purges --------------------------------------------------------------------------------------


class PurgeFailed(Exception):
    """A cache could not be told; try again later."""


@dataclass(frozen=True)
class Purge:
    """What changed.

    What bears a key in `stale` may be shown once more while the new answer is fetched; what bears
    one in `gone` may not.  `urls` are the same for a cache that knows no keys.
    """

    stale: tuple[str, ...]
    gone: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


def wants_urls() -> bool:
    """Whether the cache in front knows addresses only."""
    return bool(settings.CDN == "nginx")


def purge(changed: Purge) -> None:
    """Tell the cache in front.  Raises `PurgeFailed`; telling it twice does no harm."""
    _BACK_ENDS[settings.CDN](changed)


def _none(changed: Purge) -> None:
    """Nobody is in front of us."""


def _fastly(changed: Purge) -> None:
    """https://www.fastly.com/documentation/reference/api/purging/, by key."""
    address = urljoin(settings.CDN_ADDRESSES[0], f"/service/{settings.CDN_SERVICE}/purge")
    for keys, soft in _by_kind(changed):
        told = {"Fastly-Key": settings.CDN_TOKEN, "Surrogate-Key": " ".join(keys)}
        _tell("POST", address, told | ({"Fastly-Soft-Purge": "1"} if soft else {}))


def _varnish(changed: Purge) -> None:
    """The xkey module; deploy/varnish.vcl hands these headers to it."""
    for address, (keys, soft) in product(settings.CDN_ADDRESSES, list(_by_kind(changed))):
        _tell("PURGE", address, {"xkey-softpurge" if soft else "xkey-purge": " ".join(keys)})


def _by_kind(changed: Purge) -> list[tuple[tuple[str, ...], bool]]:
    """The keys in handy batches, each with whether it may be shown once more."""
    return [
        (keys[first : first + KEYS_AT_ONCE], soft)
        for keys, soft in ((changed.gone, False), (changed.stale, True))
        for first in range(0, len(keys), KEYS_AT_ONCE)
    ]


# What nginx keeps apart for one address of the simple API, as deploy/nginx-cache.conf has it.
_VARIANTS = (
    "text/html",
    "application/vnd.pypi.simple.v1+html",
    "application/vnd.pypi.simple.v1+json",
)


def _nginx(changed: Purge) -> None:
    """PURGE of each address, as the module ngx_cache_purge takes it."""
    for address, url in product(settings.CDN_ADDRESSES, changed.urls):
        parts = urlsplit(url)
        for accept in _VARIANTS if parts.path.startswith("/simple/") else ("*/*",):
            told = {"Host": parts.netloc, "Accept": accept}
            _tell("PURGE", urljoin(address, parts.path), told, unknown=(404, 412))


_BACK_ENDS: dict[str, Callable[[Purge], None]] = {
    "none": _none,
    "fastly": _fastly,
    "varnish": _varnish,
    "nginx": _nginx,
}


def _tell(method: str, url: str, told: Mapping[str, str], *, unknown: Sequence[int] = ()) -> None:
    """`unknown` are the statuses that say: I do not have it."""
    request = Request(url, method=method, headers=dict(told))  # noqa: S310 - an admin's setting
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            answer.read()
    except HTTPError as error:
        error.close()
        if error.code not in unknown:
            raise PurgeFailed(f"{method} {url}: {error.code} {error.reason}") from None
    except (URLError, HTTPException, OSError) as error:
        raise PurgeFailed(f"{method} {url}: {error}") from None
