"""What goes over the wire: strict JSON in, the right types and RFC 9457 out (U2-2, U2-3, U2-35)."""

from __future__ import annotations

import json

import pytest
from django.db import connection, transaction
from django.test import Client

from packages.models import FileSession, Project, Stage
from tests.packages.concurrency import at_once
from tests.packages.uploads.sessions.client import (
    META,
    ROOT,
    V2,
    Api,
    problem,
    uploader,
    wheel,
)

pytestmark = pytest.mark.django_db

GOOD = json.dumps({"meta": META, "name": "demo", "version": "1.0"}).encode()


def patched(old: str, new: str) -> bytes:
    text = GOOD.decode().replace(old, new)
    assert text != GOOD.decode()
    return text.encode()


# -- types -------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [V2, V2.upper(), f"{V2}; charset=utf-8"])
def test_u2_2_the_apis_own_type_is_taken(content_type):
    assert uploader().post(ROOT, GOOD, content_type=content_type).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/vnd.pypi.upload.v1+json",
        "application/vnd.pypi.upload.v3+json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "",
    ],
)
def test_u2_2_another_content_type_is_415_at_every_address(content_type):
    session = uploader().open()
    file = session.begin(wheel())
    links = session.links
    urls = [ROOT, links["publish"], links["extend"], links["upload"]]
    for url in [*urls, file.links["complete"], file.links["extend"]]:
        problem(session.api.post(url, GOOD, content_type=content_type), 415, "wrong-content-type")
    assert session.files == {wheel().filename: "pending"}


@pytest.mark.parametrize("content_type", [V2, "application/json", "multipart/form-data", ""])
def test_u2_2_the_bytes_of_a_file_are_an_octet_stream(content_type):
    file = uploader().open().begin(wheel())
    problem(file.send(content_type=content_type), 415, "wrong-content-type")
    assert FileSession.objects.get().received == ""


@pytest.mark.parametrize(
    "accept", [None, V2, "*/*", "application/*", f"text/html, {V2};q=0.1", "x" * 65_536 + "/*,*/*"]
)
def test_u2_2_whoever_takes_our_type_is_answered(accept):
    answer = uploader().post(ROOT, GOOD, accept=accept)
    assert answer.status_code == 201
    assert answer["Content-Type"] == V2


@pytest.mark.parametrize("accept", ["text/html", "application/json", f"{V2};q=0", "*/*;q=0"])
def test_u2_2_whoever_does_not_is_406_and_nothing_happens(accept):
    problem(uploader().post(ROOT, GOOD, accept=accept), 406, "not-acceptable")
    assert not Project.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_methods_that_an_address_lacks_are_405_with_allow(method):
    session = uploader().open()
    file = session.begin(wheel())
    posts = [ROOT, *(session.links[name] for name in ("upload", "publish", "extend"))]
    posts += [file.bytes_url, file.links["complete"], file.links["extend"]]
    allowed = dict.fromkeys(posts, "POST")
    allowed |= dict.fromkeys([session.url, file.url], "DELETE, GET, HEAD")
    for url, methods in allowed.items():
        if method in methods:
            continue
        answer = session.api.call(method, url)
        assert (answer.status_code, answer["Allow"]) == (405, methods)
        if method != "HEAD":
            problem(answer, 405, "method-not-allowed")
    assert session.files == {wheel().filename: "pending"}


def test_posting_to_a_session_or_a_file_is_405():
    session = uploader().open()
    for url in (session.url, session.begin(wheel()).url):
        answer = session.api.post(url)
        problem(answer, 405)
        assert answer["Allow"] == "DELETE, GET, HEAD"


def test_no_cookie_and_no_csrf_token_is_needed_or_given():
    api = uploader()
    api.client = Client(enforce_csrf_checks=True)
    answer = api.post(ROOT, GOOD)
    assert answer.status_code == 201
    assert not answer.cookies


# -- the version of the API --------------------------------------------------------------------


@pytest.mark.parametrize(
    "meta",
    [
        None,
        {},
        [],
        "2.0",
        {"api-version": None},
        {"api-version": "1.0"},
        {"api-version": "2"},
        {"api-version": "2.1"},
        {"api-version": "3.0"},
        {"api-version": 2.0},
        {"api-version": ["2.0"]},
        {"Api-Version": "2.0"},
    ],
)
def test_u2_3_only_version_2_0_is_spoken(meta):
    body = {"name": "demo", "version": "1.0"} | ({} if meta is None else {"meta": meta})
    answer = uploader().post(ROOT, json.dumps(body).encode())
    assert "2.0" in problem(answer, 400, "unsupported-api-version")["detail"]
    assert not Project.objects.exists()


def test_u2_3_unknown_members_are_passed_over():
    body = patched('"api-version": "2.0"', '"api-version": "2.0", "_idx.example": {"a": [1, null]}')
    assert uploader().post(ROOT, body).status_code == 201


def test_u2_3_every_address_wants_the_version():
    session = uploader().open()
    file = session.begin(wheel())
    links = session.links
    urls = [links["publish"], links["extend"], links["upload"]]
    for url in [*urls, file.links["complete"], file.links["extend"]]:
        problem(session.api.post(url, b"{}"), 400, "unsupported-api-version")
    assert (session.status, file.status) == ("open", "pending")


# -- JSON --------------------------------------------------------------------------------------

BROKEN = {
    "empty": b"",
    "no-json": b"name=demo",
    "member-twice": patched('"name"', '"name": "other", "name"'),
    "meta-twice": patched('"meta"', '"meta": {}, "meta"'),
    "member-twice-inside": patched('"api-version"', '"api-version": "2.0", "api-version"'),
    "member-twice-escaped": patched('"name"', '"n\\u0061me": "other", "name"'),
    "nan": patched('"1.0"', "NaN"),
    "infinity": patched('"1.0"', "-Infinity"),
    "1e400": patched('"1.0"', "1e400"),
    "huge-integer": patched('"1.0"', "9" * 5000),
    "nan-in-an-unknown-member": patched('"name"', '"x": NaN, "name"'),
    "deep-lists": patched('"1.0"', "[" * 30_000 + "]" * 30_000),
    "deep-objects": patched('"1.0"', '{"a":' * 900 + "1" + "}" * 900),
    "unclosed": patched('"1.0"', "[" * 999),
    "not-utf-8": GOOD.replace(b"demo", b"d\xe9mo"),
    "overlong-utf-8": GOOD.replace(b"demo", b"d\xc0\x80mo"),
    "surrogates-in-utf-8": GOOD.replace(b"demo", b"\xed\xa0\x80"),
    "utf-16": GOOD.decode().encode("utf-16"),
    "utf-16-be": GOOD.decode().encode("utf-16-be"),
    "utf-32": GOOD.decode().encode("utf-32"),
    "byte-order-mark": b"\xef\xbb\xbf" + GOOD,
    "trailing-garbage": GOOD + b"x",
    "two-objects": GOOD + GOOD,
    "trailing-comma": GOOD[:-1] + b",}",
    "comment": GOOD + b"// done",
    "single-quotes": GOOD.replace(b'"', b"'"),
    "raw-control-character": GOOD.replace(b"demo", b"de\nmo"),
    "a-list": b"[" + GOOD + b"]",
    "a-text": b'"demo"',
    "null": b"null",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_is_not_one_json_object_in_utf_8_is_400(body):
    problem(uploader().post(ROOT, body), 400, "invalid-session-request")
    assert not Project.objects.exists()


def test_65_kb_of_json_are_read_and_one_byte_more_is_413():
    limit = 64 * 1024
    api = uploader()
    assert api.post(ROOT, GOOD.ljust(limit)).status_code == 201
    api.open("other")
    for size in (limit + 1, 70_000, 20_000_000):
        problem(api.post(ROOT, GOOD.replace(b"demo", b"more").ljust(size)), 413, "too-large")
    assert Stage.objects.count() == 2


@pytest.mark.parametrize("member", ["name", "version"])
def test_a_missing_member_is_named(member):
    body = {"meta": META, "name": "demo", "version": "1.0"}
    del body[member]
    answer = uploader().post(ROOT, json.dumps(body).encode())
    assert f"'{member}'" in problem(answer, 400, "invalid-session-request")["detail"]


# -- refusals ----------------------------------------------------------------------------------


def test_u2_35_a_refusal_reads_the_same_to_programs_and_in_the_status_line():
    answer = uploader().create("-")
    body = problem(answer, 400, "invalid-name")
    assert (
        answer.reason_phrase == body["detail"][:197] + "..."
        or answer.reason_phrase == body["detail"]
    )
    assert body["errors"] == [{"source": "invalid-name", "message": body["detail"]}]
    assert "#invalid-name" in body["type"]


def test_u2_35_the_address_of_a_problem_explains_it():
    page = Client().get("/help/problems/")
    for code in ("session-exists", "files-incomplete", "too-many-sessions", "upload-mismatch"):
        assert f'id="{code}"' in page.content.decode()


@pytest.mark.parametrize(
    "tail",
    ["sessions/00000000-0000-4000-8000-000000000000/", "sessions/x/", "nothing/", "sessions/"],
)
def test_u2_35_an_address_that_leads_nowhere_is_404(tail):
    assert uploader().get(f"{ROOT}{tail}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_u2_35_a_database_that_is_away_for_a_moment_is_503_and_says_when_to_come_back():
    session = uploader().open()

    def impatient():
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '50ms'")
        return session.publish()

    with transaction.atomic():
        Project.objects.select_for_update().get()
        [answer] = at_once(impatient)
    problem(answer, 503, "try-again")
    assert int(answer["Retry-After"]) > 0
    assert session.publish().status_code == 201


def test_u2_35_credentials_in_any_shape_are_an_answer_never_an_error():
    for header in ("", "Bearer", "Bearer é", "Basic !!!", "Basic é", "Digest x", "x" * 70_000):
        api = Api()
        answer = api.post(ROOT, GOOD, Authorization=header)
        problem(answer, 401)
