"""Ranges, entity tags, content negotiation (RFC 9110)."""

from __future__ import annotations

import io

import pytest
from django.http.request import MediaType
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from packages.storage import Part
from pypi_site.lib import transfers
from pypi_site.lib.http import choose, send_file
from pypi_site.lib.transfers import ByteRange, UnsatisfiableRange, parse_range

pytestmark = pytest.mark.django_db  # the end of an answer closes old connections
DATA = bytes(range(256)) * 4
SIZES = st.integers(0, 2000)


# -- ranges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=0-", (0, 99)),
        ("bytes=10-19", (10, 19)),
        ("bytes=90-1000", (90, 99)),
        ("bytes=-1", (99, 99)),
        ("bytes=-100", (0, 99)),
        ("bytes=-1000", (0, 99)),
        ("bytes = 1 - 2", (1, 2)),
    ],
)
def test_a_range_is_read(header, expected):
    assert parse_range(header, 100) == ByteRange(*expected)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=2-1",
     "bytes=--1", "bytes=0-1-2", "bytes=٣-٤", "bytes=0-1\n", "bytes=" + "9" * 20 + "-"],
)  # fmt: skip
def test_what_is_no_single_range_asks_for_everything(header):
    assert parse_range(header, 100) is None


@pytest.mark.parametrize(
    "header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 19 + "-"]
)
def test_a_range_outside_the_file_cannot_be_satisfied(header):
    with pytest.raises(UnsatisfiableRange):
        parse_range(header, 100)


@given(first=st.integers(0, 3000), last=st.integers(0, 3000), size=SIZES)
def test_a_range_from_first_to_last_is_the_slice_of_python(first, last, size):
    expected = DATA[:size][first : last + 1]
    try:
        part = parse_range(f"bytes={first}-{last}", min(size, len(DATA)))
    except UnsatisfiableRange:
        assert not expected
        return
    if last < first:
        assert part is None
    else:
        assert DATA[part.first : part.last + 1] == expected
        assert part.length == len(expected)


@given(count=st.integers(1, 3000), size=st.integers(1, len(DATA)))
def test_the_last_bytes_are_the_slice_of_python(count, size):
    part = parse_range(f"bytes=-{count}", size)
    assert DATA[:size][part.first : part.last + 1] == DATA[:size][-count:]


@given(header=st.text(), size=SIZES)
def test_no_header_is_an_error(header, size):
    for text in (header, f"bytes={header}"):
        try:
            part = parse_range(text, size)
        except UnsatisfiableRange:
            continue
        assert part is None or 0 <= part.first <= part.last < size


# -- sending -------------------------------------------------------------------------------------


def part_of(file):
    def open_part(part: ByteRange) -> Part:
        file.seek(part.first)
        return Part(file, part.length)

    return open_part


def send(**headers):
    file = io.BytesIO(DATA)
    request = RequestFactory().get(
        "/", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    response = send_file(
        request, part_of(file), size=len(DATA), etag='"tag"', content_type="text/x"
    )
    body = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    assert file.closed is response.streaming
    return response, body


def test_a_file_is_sent_whole_and_may_be_kept_for_ever():
    response, body = send()
    assert (response.status_code, body) == (200, DATA)
    assert response["Content-Length"] == str(len(DATA))
    assert (response["ETag"], response["Accept-Ranges"]) == ('"tag"', "bytes")
    assert "immutable" in response["Cache-Control"]


def test_a_part_is_sent_with_its_place():
    response, body = send(range="bytes=10-19")
    assert (response.status_code, body) == (206, DATA[10:20])
    assert response["Content-Range"] == f"bytes 10-19/{len(DATA)}"
    assert response["Content-Length"] == "10"


def test_a_large_part_is_sent_in_chunks(monkeypatch):
    monkeypatch.setattr(transfers, "CHUNK", 100)
    assert send(range="bytes=1-900")[1] == DATA[1:901]


def test_a_file_shorter_than_it_should_be_ends_the_answer():
    request = RequestFactory().get("/", headers={"range": "bytes=0-99"})
    short = part_of(io.BytesIO(b"short"))
    response = send_file(request, short, size=100, etag='"t"', content_type="text/x")
    assert b"".join(response.streaming_content) == b"short"


def test_a_part_outside_the_file_is_416():
    response, body = send(range="bytes=5000-")
    assert (response.status_code, body) == (416, b"")
    assert response["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize("tags", ['"tag"', 'W/"tag"', '"other", "tag"', "*"])
def test_whoever_has_the_file_is_told_so(tags):
    response, body = send(if_none_match=tags)
    assert (response.status_code, body, response["ETag"]) == (304, b"", '"tag"')


@pytest.mark.parametrize("tags", ['"other"', "tag", "", '"tag'])
def test_whoever_has_another_file_gets_this_one(tags):
    assert send(if_none_match=tags)[0].status_code == 200


def test_a_range_of_an_older_file_gets_the_whole_new_one():
    assert send(range="bytes=0-1", if_range='"old"')[0].status_code == 200
    assert send(range="bytes=0-1", if_range='"tag"')[0].status_code == 206


# -- negotiation ---------------------------------------------------------------------------------

OFFERED = ["text/html", "application/x+json", "application/x+html"]


def chosen(accept: str) -> str | None:
    return choose([MediaType(part) for part in accept.split(",") if part], OFFERED)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "text/html"),
        ("text/*", "text/html"),
        ("application/*", "application/x+json"),
        ("application/x+json", "application/x+json"),
        ("TEXT/HTML", "text/html"),
        ("application/x+json, text/html;q=0.5", "application/x+json"),
        ("application/x+json;q=0.5, text/html", "text/html"),
        ("text/html;q=0.5, */*;q=0.1", "text/html"),
        ("text/html;q=0, */*", "application/x+json"),
        ("*/*;q=0.1, application/x+html", "application/x+html"),
        ("text/html;q=nonsense, application/x+json;q=0.9", "text/html"),
        ("text/html;q=7, application/x+json", "text/html"),
        ("text/html;q=0.001", "text/html"),
        ("text/html;q=0", None),
        ("*/*;q=0", None),
        ("image/png", None),
        ("", None),
    ],
)
def test_the_client_gets_what_it_likes_best(accept, expected):
    assert chosen(accept) == expected


TYPES = st.lists(st.sampled_from([*OFFERED, "*/*", "text/*", "image/png"]), max_size=4)
WEIGHTS = st.lists(st.sampled_from(["", ";q=0", ";q=0.5", ";q=1", ";q=x", ";q=nan"]), min_size=4)


@given(TYPES, WEIGHTS)
def test_what_is_chosen_was_offered_and_accepted(types, weights):
    accept = ",".join(kind + weight for kind, weight in zip(types, weights, strict=False))
    choice = chosen(accept)
    assert choice is None or choice in OFFERED
    if choice:
        main = choice.partition("/")[0]
        assert {choice, f"{main}/*", "*/*"} & set(types)


# -- slashes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/project/demo", "/project/demo/1.0", "/search", "/admin", "/accounts"]
)
@pytest.mark.parametrize("query", ["", "?q=a%20b&page=2"])
def test_a_page_asked_for_without_its_slash_is_redirected_with_its_query(client, path, query):
    response = client.get(path + query)
    assert (response.status_code, response["Location"]) == (301, f"{path}/{query}")


@pytest.mark.parametrize(
    "path", ["//evil.example/project/demo", "/project/a%0d%0aSet-Cookie:x", "/search%0a"]
)
def test_a_redirect_leads_nowhere_else(client, path):
    response = client.get(path)
    location = response.get("Location", "")
    assert response.status_code in (301, 404)
    assert not location.startswith("//")
    assert "\n" not in location
