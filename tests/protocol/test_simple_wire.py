"""The simple API as HTTP: codings, conditions, caches (RFC 9110, RFC 9111); ids of assertions."""

from __future__ import annotations

import gzip
import json
import re
import time
from pathlib import Path

import brotli
import pytest
import urllib3
import zstandard

from tests.factories.dists import make_wheel
from tests.protocol.clients import JSON, V1_HTML, Answer
from tests.protocol.conftest import People
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol

PAGE = "/simple/simple-wire/"
DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}
PATHS = pytest.mark.parametrize("path", ["/simple/", PAGE], ids=["root", "project"])
URLLIB3 = urllib3.util.make_headers(accept_encoding=True)["accept-encoding"]
UV = "gzip, deflate, zstd"


@pytest.fixture(scope="module", autouse=True)
def _uploaded(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("wire")
    for version in ("1.0", "2.0"):
        path = make_wheel(folder, "simple-wire", version)
        assert live.index.upload(path, people.trusted).status == 200


def page(live: Server, path: str = PAGE, **headers: str) -> Answer:
    return live.get(path, **{"accept": JSON, **headers})


# -- codings -------------------------------------------------------------------------------------


ENCODED = pytest.mark.parametrize(
    ("path", "coding"),
    [(PAGE, "gzip"), (PAGE, "br"), (PAGE, "zstd"), ("/simple/", "gzip"), ("/simple/", "zstd")],
)


@ENCODED
@pytest.mark.parametrize("accept", [JSON, V1_HTML, "text/html"])
def test_an_encoded_page_is_the_page_JSN_19(  # noqa: N802
    live: Server, path: str, accept: str, coding: str
):
    plain = page(live, path, accept=accept)
    encoded = page(live, path, accept=accept, accept_encoding=coding)
    assert encoded.headers["Content-Encoding"] == coding
    assert DECODERS[coding](encoded.body) == plain.body
    assert plain.headers["Content-Encoding"] is None
    for answer in (plain, encoded):
        assert int(answer.headers["Content-Length"]) == len(answer.body)
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"


def test_the_root_has_no_br_and_says_what_it_has(live: Server):
    assert page(live, "/simple/", accept_encoding="br").headers["Content-Encoding"] is None
    assert page(live, "/simple/", accept_encoding="br, gzip;q=0.1").headers["Content-Encoding"] == (
        "gzip"
    )


@PATHS
@pytest.mark.parametrize("header", ["gzip", "br, gzip;q=0.5", URLLIB3])
def test_urllib3_reads_what_it_is_sent(live: Server, path: str, header: str):
    """pip reads pages through it."""
    headers = {"Accept": JSON, "Accept-Encoding": header}
    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", f"{live.url}{path}", headers=headers, retries=False)
    assert "Content-Encoding" in answer.headers
    assert answer.json()["meta"]["api-version"] == "1.4"


@PATHS
def test_every_variant_has_a_strong_etag_of_its_own_NEG_23(live: Server, path: str):  # noqa: N802
    codings = ["identity", "gzip", "zstd", *(["br"] if path == PAGE else [])]
    tags = [
        page(live, path, accept=accept, accept_encoding=coding).headers["ETag"]
        for accept in (JSON, V1_HTML, "text/html")
        for coding in codings
    ]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r'"[\x21\x23-\x7e]+"', tag) for tag in tags)


@PATHS
def test_who_refuses_every_coding_is_told_so(live: Server, path: str):
    answer = live.get(path, accept_encoding="identity;q=0")
    assert answer.status == 406
    assert "zstd, br, gzip, identity" in answer.text


# -- conditions ----------------------------------------------------------------------------------


@ENCODED
def test_a_304_says_what_a_200_says_but_for_the_body_SIM_18(  # noqa: N802
    live: Server, path: str, coding: str
):
    first = page(live, path, accept_encoding=coding)
    again = page(live, path, accept_encoding=coding, if_none_match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    of_the_body = {"Content-Type", "Content-Length", "Content-Encoding", "Date"}
    told = {name: value for name, value in first.headers.items() if name not in of_the_body}
    assert {k: v for k, v in again.headers.items() if k != "Date"} == told


def test_the_etag_of_another_coding_is_not_known(live: Server):
    etag = page(live, accept_encoding="gzip").headers["ETag"]
    assert page(live, accept_encoding="br", if_none_match=etag).status == 200


def test_a_page_that_rests_has_a_last_modified_and_honours_it(live: Server):
    deadline = time.monotonic() + 15
    while not (modified := page(live).headers["Last-Modified"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert page(live, if_modified_since=modified).status == 304
    assert page(live, if_modified_since="Thu, 01 Jan 2026 00:00:00 GMT").status == 200
    assert page(live, if_modified_since=modified, if_none_match='"older"').status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_range_of_a_page_is_the_page(live: Server, method: str):
    answer = live.index.ask(method, PAGE, headers={"Range": "bytes=0-9"})
    assert answer.status == 200


# -- caches --------------------------------------------------------------------------------------


@PATHS
def test_a_page_may_be_old_for_a_minute_and_older_in_need_SIM_18(  # noqa: N802
    live: Server, path: str
):
    rules = page(live, path).headers["Cache-Control"].split(", ")
    assert rules[0] == "public"
    seconds = dict(rule.split("=") for rule in rules[1:])
    assert int(seconds["max-age"]) <= 60
    assert {"stale-while-revalidate", "stale-if-error"} < seconds.keys()


def test_that_a_project_is_unknown_may_be_remembered_briefly_SIM_13(live: Server):  # noqa: N802
    answer = live.get("/simple/never-existed-on-the-wire/")
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "public, max-age=10")


@PATHS
def test_scripts_of_other_sites_may_read_pages_and_their_serial_SIM_21(  # noqa: N802
    live: Server, path: str
):
    answer = page(live, path)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Expose-Headers"] == "X-PyPI-Last-Serial"


def test_two_ways_to_accept_the_same_get_the_same_variant_NEG_24(live: Server):  # noqa: N802
    pip = f"{JSON}, {V1_HTML}; q=0.1, text/html; q=0.01"
    tags = {page(live, accept=accept).headers["ETag"] for accept in (JSON, pip, JSON.upper())}
    assert len(tags) == 1


# -- every answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/simple/", JSON, 200),
        (PAGE, JSON, 200),
        (PAGE, "image/png", 406),
        ("/simple/nothing/", JSON, 404),
        ("/simple/Simple.Wire/", JSON, 301),
        ("/simple/%00/", JSON, 404),
    ],
)
def test_every_answer_says_what_it_is_and_is_not_guessed_at_NEG_22(  # noqa: N802
    live: Server, path: str, accept: str, status: int
):
    answer = page(live, path, accept=accept)
    assert answer.status == status
    assert answer.type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
        JSON,
        V1_HTML,
        f"{JSON}, {V1_HTML}; q=0.1, text/html; q=0.01",
        f"{JSON}, {V1_HTML};q=0.2, text/html;q=0.01",
        f"{JSON}, */*;q=0.1",
    ],
)
@pytest.mark.parametrize("coding", [None, "", "identity", "gzip, deflate, br, zstd", UV, "*;q=0.1"])
def test_no_client_that_lives_is_refused_NEG_25(  # noqa: N802
    live: Server, accept: str | None, coding: str | None
):
    headers = {"Accept": accept, "Accept-Encoding": coding}
    told = {name: value for name, value in headers.items() if value is not None}
    assert live.index.ask("GET", PAGE, headers=told).status == 200


# -- what JSON says ------------------------------------------------------------------------------


def test_the_page_is_that_of_the_name_in_its_address_JSN_2(live: Server):  # noqa: N802
    assert page(live).json["name"] == "simple-wire"


def test_optional_members_are_absent_and_never_null_JSN_12_JSN_13_SIM_11(  # noqa: N802
    live: Server,
):
    found = page(live).json
    assert found["project-status"] == {"status": "active"}
    for file in found["files"]:
        assert "provenance" not in file
        assert None not in file.values()
    assert "data-provenance" not in page(live, accept="text/html").text


def test_json_says_1_4_as_long_as_namespaces_are_not_served_APV_2(live: Server):  # noqa: N802
    assert page(live).json["meta"]["api-version"] == "1.4"
    assert "namespace" not in json.dumps(page(live).json)


def test_old_members_are_still_there_APV_4(live: Server):  # noqa: N802
    """1.0 asked for filename, url, hashes; 1.1 for size and versions; later ones for the rest."""
    found = page(live).json
    assert {"meta", "name", "files", "versions", "project-status"} <= found.keys()
    needed = {"filename", "url", "hashes", "size", "upload-time", "yanked", "core-metadata"}
    assert all(needed <= file.keys() for file in found["files"])


def test_addresses_of_files_carry_no_signature_MDF_7(live: Server):  # noqa: N802
    for file in page(live).json["files"]:
        assert "?" not in file["url"]
        assert "#" not in file["url"]
        assert live.get(f"{file['url']}.metadata").status == 200


def test_an_upload_is_read_back_at_once_in_every_variant_MDF_3(  # noqa: N802
    live: Server, people: People, tmp_path: Path
):
    """By all workers: each of these requests has a connection of its own."""
    for number in range(3, 9):
        path = make_wheel(tmp_path, "simple-wire", f"{number}.0")
        assert live.index.upload(path, people.trusted).status == 200
        for coding in ("identity", "gzip", "br", "zstd"):
            answer = page(live, accept_encoding=coding)
            body = DECODERS.get(coding, bytes)(answer.body)
            [file] = [f for f in json.loads(body)["files"] if f["filename"] == path.name]
            assert live.get(f"{file['url']}.metadata").status == 200
