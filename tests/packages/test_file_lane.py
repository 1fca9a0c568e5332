"""The lane for ``/files/``: right as the views are, without a query, and on a host of its own."""

from __future__ import annotations

import io
import random
from types import SimpleNamespace
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.actors import SYSTEM
from packages import downloads, files, markers, projects, storage
from packages.downloads.counter import DownloadCounter
from packages.markers import Markers
from packages.models import File
from packages.simple import file_lane, offered
from packages.simple import files as answers
from packages.simple.offered import Memory
from tests.factories import index

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = "https://files.example.org"


@pytest.fixture(autouse=True)
def memory(monkeypatch, tmp_path) -> Memory:
    """Of this test alone, like its markers and its counts."""
    fresh, marks, counter = Memory(), Markers(tmp_path / "markers"), DownloadCounter()
    monkeypatch.setattr(file_lane, "_memory", fresh)
    monkeypatch.setattr(markers, "here", lambda: marks)
    monkeypatch.setattr(answers, "counter", counter)
    marks.beat()
    return fresh


@pytest.fixture
def file() -> File:
    return index.published_file()


def ask(path, method="GET", host="localhost", query="", **headers):
    """What the lane answers, with the body read; None if it leaves the request to others."""
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "QUERY_STRING": query}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    environ |= {"HTTP_HOST": host, "wsgi.file_wrapper": FileWrapper}
    setup_testing_defaults(environ)
    said: dict[str, Any] = {}
    body = file_lane.answer(environ, lambda *told: said.update(status=told[0], headers=told[1]))
    if body is None:
        assert not said
        return None
    data = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return SimpleNamespace(status=int(said["status"][:3]), headers=dict(said["headers"]), body=data)


def address(file, tail=""):
    return f"/files/{file.sha256}/{file.filename}{tail}"


@pytest.fixture(params=[100, 1_000_000], ids=["read at once", "sent in chunks"])
def any_file(request):
    blob = random.Random(1).randbytes(request.param)
    return index.published_file(files={"demo/blob.bin": blob})


# -- as the views answer -------------------------------------------------------------------------

QUESTIONS = [
    {},
    {"range": "bytes=0-9"},
    {"range": "bytes=5-"},
    {"range": "bytes=-7"},
    {"range": "bytes=999999999-"},
    {"range": "bytes=0-1,3-4"},
    {"range": "bytes=1-2", "if_range": '"other"'},
    {"if_none_match": "*"},
    {"if_none_match": '"other"'},
]


@pytest.mark.parametrize("tail", ["", ".metadata"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", QUESTIONS, ids=str)
def test_the_lane_answers_as_the_views_do(file, method, tail, headers):
    asked = {name.replace("_", "-"): value for name, value in headers.items()}
    view = getattr(Client(), method.lower())(address(file, tail), headers=asked)
    lane = ask(address(file, tail), method, **headers)
    body = b"".join(view.streaming_content) if view.streaming else view.content
    assert (lane.status, lane.body) == (view.status_code, body)
    assert {name: view.headers.get(name) for name in lane.headers} == lane.headers


def test_every_byte_of_a_file_arrives(any_file):
    with storage.open_blob(any_file.sha256) as blob:
        data = blob.read()
    assert ask(address(any_file)).body == data
    middle = ask(address(any_file), range=f"bytes=10-{any_file.size - 10}")
    assert (middle.status, middle.body) == (206, data[10:-9])


def test_a_head_tells_the_size_and_sends_nothing(file):
    answer = ask(address(file), "HEAD", range="bytes=0-1")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(file.size)


def test_what_people_uploaded_runs_nowhere(file):
    headers = ask(address(file)).headers
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert not {"Set-Cookie", "Content-Encoding"} & set(headers)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/simple/",
        "/files/",
        "/filesystem",
        f"/files/{'0' * 64}/other-1.0.tar.gz",
        f"/files/{'0' * 64}/../../etc/passwd.whl",
        "/files/x/demo-1.0-py3-none-any.whl",
    ],
)
def test_the_rest_is_for_django(file, path):
    assert ask(path) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_for_django(file, method):
    assert ask(address(file), method) is None


def test_whoever_must_come_by_https_is_sent_there_by_django(file, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert ask(address(file)) is None


def test_files_keep_to_https_as_the_site_does(file, settings):
    settings.SECURE_HSTS_SECONDS = 600
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert "Strict-Transport-Security" not in ask(address(file)).headers
    secure = ask(address(file), x_forwarded_proto="https")
    assert secure.headers["Strict-Transport-Security"] == "max-age=600"


# -- what is remembered --------------------------------------------------------------------------


def test_a_file_that_was_asked_for_before_costs_no_query(file, django_assert_num_queries):
    ask(address(file))
    with django_assert_num_queries(0):
        for tail in ("", ".metadata"):
            assert ask(address(file, tail)).status == 200


def test_a_deleted_file_is_gone_at_once(file):
    assert ask(address(file)).status == 200
    files.delete(file, actor=SYSTEM, reason="A mistake.")
    assert ask(address(file)) is None
    files.restore(file, actor=SYSTEM)
    assert ask(address(file)).status == 200


def test_the_files_of_a_quarantined_project_are_gone_at_once(file):
    assert ask(address(file, ".metadata")).status == 200
    projects.quarantine(file.project, actor=SYSTEM, reason="Malware.")
    assert ask(address(file)) is None
    assert ask(address(file, ".metadata")) is None


def test_without_a_keeper_the_database_is_asked_now_and_then(
    file, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(Markers, "is_kept", lambda self: False)
    ask(address(file))
    with django_assert_num_queries(0):
        ask(address(file))
    monkeypatch.setattr(offered, "RECHECK_SECONDS", 0)
    File.objects.filter(pk=file.pk).update(deleted_at=file.published_at)  # by another host
    assert ask(address(file)) is None


@pytest.fixture
def away(monkeypatch):
    """Takes the database away."""

    def refuse(*key):
        raise OperationalError("connection refused")

    monkeypatch.setattr(Markers, "is_kept", lambda self: False)
    monkeypatch.setattr(offered, "RECHECK_SECONDS", 0)
    return lambda: monkeypatch.setattr(offered, "find", refuse)


def test_with_the_database_away_known_files_are_served(file, away):
    ask(address(file))
    away()
    assert ask(address(file)).status == 200
    assert ask(address(file, ".metadata")).status == 200


def test_with_the_database_away_nothing_that_changed_is_served(file, away):
    ask(address(file))
    projects.quarantine(file.project, actor=SYSTEM, reason="Malware.")
    away()
    assert ask(address(file)) is None


def test_with_the_database_away_an_unknown_file_is_refused_by_django(file, away):
    away()
    assert ask(address(file)) is None


def test_what_is_remembered_is_bounded(monkeypatch):
    bounded = Memory(entries=2)
    monkeypatch.setattr(file_lane, "_memory", bounded)
    for number in range(4):
        assert ask(address(index.published_file(f"demo-{number}"))).status == 200
    assert len(bounded._entries) == 2


def test_a_change_while_the_database_is_asked_is_not_overlooked(file, memory, monkeypatch):
    """The answer may be older than the change, so it is not kept."""
    find = offered.find

    def slowly(*key):
        found = find(*key)
        markers.here().touch(markers.slot_of("another"))
        return found

    monkeypatch.setattr(offered, "find", slowly)
    assert ask(address(file)).status == 200
    assert not memory._entries


# -- bytes that cannot be had --------------------------------------------------------------------


def test_a_file_whose_bytes_are_lost_is_refused_with_a_sentence(file, caplog):
    storage.delete(file.sha256)
    for tail in ("", ".metadata"):
        assert ask(address(file, tail)) is None
        refused = Client().get(address(file, tail))
        assert (refused.status_code, b"try again later" in refused.content) == (503, True)
    assert file.sha256 in caplog.text


# -- nginx sends ---------------------------------------------------------------------------------


def test_nginx_is_told_where_the_file_is(file, settings):
    settings.SENDFILE = "nginx"
    answer = ask(address(file), range="bytes=1-2")
    assert (answer.status, answer.body) == (200, b"")
    place = answer.headers["X-Accel-Redirect"]
    assert place == f"/gatehouse-files/{storage.blob_name(file.sha256)}"
    assert answer.headers["ETag"] == f'"{file.sha256}"'
    assert "Content-Length" not in answer.headers
    assert ask(address(file), if_none_match="*").status == 304
    assert ask(address(file), range="bytes=999999999-").status == 416


# -- a host of their own -------------------------------------------------------------------------


@pytest.fixture
def files_host(settings):
    settings.FILES_ORIGIN = ORIGIN
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "files.example.org"]


def test_links_name_the_host_of_files(file, files_host, client):
    absolute = f"{ORIGIN}{address(file)}"
    page = client.get("/simple/demo/", headers={"Accept": "text/html"}).content.decode()
    assert f'href="{absolute}#sha256={file.sha256}"' in page
    listed = client.get("/simple/demo/?format=application/vnd.pypi.simple.v1+json").json()
    assert listed["files"][0]["url"] == absolute
    assert absolute in client.get("/project/demo/").content.decode()
    assert absolute in client.get("/api/v1/projects/demo/").content.decode()


@pytest.mark.parametrize("host", ["files.example.org", "FILES.example.org:443"])
def test_the_host_of_files_serves_files(file, files_host, host):
    for tail in ("", ".metadata"):
        assert ask(address(file, tail), host=host).status == 200


@pytest.mark.parametrize("path", ["/", "/simple/", "/accounts/login/", "/admin/", "/legacy/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_host_of_files_serves_nothing_else(file, files_host, path, method):
    answer = ask(path, method, host="files.example.org")
    assert (answer.status, "Set-Cookie" in answer.headers) == (404, False)


def test_load_balancers_may_ask_the_host_of_files_how_it_is(files_host):
    assert ask("/healthz", host="files.example.org") is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("tail", ["", ".metadata"])
def test_the_site_redirects_to_the_host_of_files(file, files_host, method, tail):
    answer = ask(address(file, tail), method, query="a=b")
    assert (answer.status, answer.body) == (302, b"")
    assert answer.headers["Location"] == f"{ORIGIN}{address(file, tail)}?a=b"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_port_tells_apart_what_shares_a_host(file, settings):
    settings.SITE_URL, settings.FILES_ORIGIN = "http://localhost:1", "http://localhost:2"
    assert ask(address(file), host="localhost:2").status == 200
    assert ask(address(file), host="localhost:1").status == 302


def test_a_redirect_is_no_download(file, files_host):
    ask(address(file))
    assert answers.counter.write()
    assert downloads.recent(file.project).last_day == 0
    ask(address(file), host="files.example.org")
    assert answers.counter.write()
    assert downloads.recent(file.project).last_day == 1


def test_a_part_ends_where_it_should():
    part = storage.Part(io.BytesIO(b"0123456789"), 4)
    assert (part.read(3), part.read(3), part.read()) == (b"012", b"3", b"")
