"""Accept-Encoding, and what is sent (RFC 9110, 12.5.3)."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard

from packages.simple import codings
from packages.simple.codings import Coding, NoCoding

BODY = b"a page of the simple API, " * 100
DECODERS = {
    Coding.ZSTD: lambda body: zstandard.ZstdDecompressor().decompress(body),
    Coding.BROTLI: brotli.decompress,
    Coding.GZIP: gzip.decompress,
    Coding.IDENTITY: bytes,
}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Coding.IDENTITY),
        ("", Coding.IDENTITY),
        ("identity", Coding.IDENTITY),
        ("gzip, deflate", Coding.GZIP),
        ("gzip, deflate, br, zstd", Coding.ZSTD),
        ("gzip, br", Coding.BROTLI),
        ("GZIP", Coding.GZIP),
        ("x-gzip", Coding.GZIP),
        ("deflate", Coding.IDENTITY),
        ("*", Coding.ZSTD),
        ("*;q=0.5, br;q=0", Coding.ZSTD),
        ("gzip;q=0.8, br;q=0.9, zstd;q=0.1", Coding.BROTLI),
        ("gzip;q=0", Coding.IDENTITY),
        ("gzip; q=0.001", Coding.GZIP),
        ("gzip;q=0.5, identity", Coding.IDENTITY),
        ("identity;q=0, gzip;q=0.1", Coding.GZIP),
        ("identity;q=0, *", Coding.ZSTD),
        ("gzip;q=nonsense", Coding.IDENTITY),
        ("gzip;q=nan, br;q=7", Coding.IDENTITY),
        (",, ;q=1, =", Coding.IDENTITY),
    ],
)
def test_a_client_gets_the_coding_it_likes_best(header, expected):
    assert codings.choose(header) is expected


@pytest.mark.parametrize("header", ["identity;q=0", "*;q=0", "deflate, identity;q=0, *;q=0"])
def test_who_refuses_everything_is_told_what_there_is(header):
    with pytest.raises(NoCoding, match="zstd, br, gzip, identity"):
        codings.choose(header)


@pytest.mark.parametrize("coding", Coding)
@pytest.mark.parametrize("body", [BODY, b"", "ünïcode".encode()])
def test_every_coding_can_be_read_back(coding, body):
    assert DECODERS[coding](codings.encode(body)[coding]) == body


def test_equal_pages_have_equal_bytes_in_one_member():
    assert codings.encode(BODY) == codings.encode(BODY)
    decoder = zlib.decompressobj(wbits=31)
    assert decoder.decompress(codings.gzip(BODY)) == BODY
    assert decoder.eof
    assert decoder.unused_data == b""
