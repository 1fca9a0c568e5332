"""Content codings: which one a client gets, and the bytes in each (RFC 9110, 8.4.1 and 12.5.3)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

import brotli
import zstandard

from pypi_site.lib.problems import Problem


class Coding(StrEnum):
    """What we encode in; of equals the first is preferred, being the smallest and quickest."""

    ZSTD = "zstd"
    BROTLI = "br"
    GZIP = "gzip"
    IDENTITY = "identity"


_ALIASES = {"x-gzip": Coding.GZIP}


class NoCoding(Problem):
    """The client refuses the bytes as they are, and every coding that we have."""

    status, code, title = 406, "no-content-coding", "No content coding"

    def __init__(self) -> None:
        super().__init__(f"This index encodes in {', '.join(Coding)}; accept one of them.")


@lru_cache(maxsize=1024)
def choose(header: str | None, offered: tuple[Coding, ...] = tuple(Coding)) -> Coding:
    """The coding that ``Accept-Encoding`` likes best.  Raises `NoCoding`.

    Whoever sends no header, or an empty one, gets identity.  Identity need not be listed to be
    acceptable, but what is listed comes first.
    """
    weights = _weights(header or "")
    best = max(offered, key=lambda coding: weights[coding])
    if weights[best] <= 0:
        raise NoCoding
    return best


def encode(body: bytes) -> dict[Coding, bytes]:
    """The bytes in every coding."""
    return {coding: _ENCODERS[coding](body) for coding in Coding}


def encoded(body: bytes, coding: Coding) -> bytes:
    """The bytes in one of them."""
    return _ENCODERS[coding](body)


def gzip(body: bytes) -> bytes:
    """One member without name and time, so that equal pages have equal bytes."""
    compressor = zlib.compressobj(6, wbits=31)
    return compressor.compress(body) + compressor.flush()


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=6).compress(body)


def _brotli(body: bytes) -> bytes:
    # Quality 4 is as small as 11 is on digests, at a hundredth of the time.
    return bytes(brotli.compress(body, mode=brotli.MODE_TEXT, quality=4))


_ENCODERS: dict[Coding, Callable[[bytes], bytes]] = {
    Coding.ZSTD: zstd,
    Coding.BROTLI: _brotli,
    Coding.GZIP: gzip,
    Coding.IDENTITY: bytes,
}


def _weights(header: str) -> dict[Coding, float]:
    listed = dict(_parse(item) for item in header.lower().split(",") if item.strip())
    others = listed.get("*", 0.0)
    weights = {coding: listed.get(coding, others) for coding in Coding}
    for alias, coding in _ALIASES.items():
        weights[coding] = max(weights[coding], listed.get(alias, 0.0))
    if Coding.IDENTITY not in listed and "*" not in listed:
        weights[Coding.IDENTITY] = 1e-4  # less than any weight that can be written
    return weights


def _parse(item: str) -> tuple[str, float]:
    """``gzip;q=0.5``; a weight that cannot be read counts as none."""
    name, _, parameter = item.partition(";")
    key, _, value = parameter.partition("=")
    if not parameter.strip():
        return name.strip(), 1.0
    try:
        weight = float(value) if key.strip() == "q" else 0.0
    except ValueError:
        weight = 0.0
    return name.strip(), weight if 0 <= weight <= 1 else 0.0
