"""The lane ahead of Django: what it takes, and that nobody can tell who answered."""

from __future__ import annotations

import io

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from packages.simple import lane, store
from pypi_site.lanes import WithLanes
from pypi_site.lib import wsgi
from tests.factories.index import published

pytestmark = pytest.mark.django_db
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture(autouse=True)
def _one_connection():
    """Requests do not close the connection that holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def ask(application, path="/simple/demo/", method="GET", query="", **headers):
    """Status, headers and body; (None, {}, b"") when it is not his."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    told = []
    body = application(environ, lambda status, headers, *rest: told.append((status, headers)))
    if body is None:
        assert told == []
        return None, {}, b""
    [(status, sent)] = told
    assert len(dict(sent)) == len(sent)
    assert {type(text) for pair in sent for text in pair} == {str}  # PEP 3333: and nothing else
    return status, dict(sent), b"".join(body)


@pytest.fixture
def https(settings):
    """The proxy says who came by https."""
    settings.SECURE_HSTS_SECONDS = 100
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    wsgi.security_headers.cache_clear()
    yield
    wsgi.security_headers.cache_clear()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("accept", [JSON, "text/html", "*/*"])
@pytest.mark.parametrize("path", ["/simple/", "/simple/demo/"])
def test_lane_and_views_send_the_same(path, accept, scheme, https):
    published()
    for coding in ("gzip", "br", "zstd", "identity"):
        headers = {"accept": accept, "accept_encoding": coding, "x_forwarded_proto": scheme}
        status, told, _ = compare(path, **headers)
        assert status == "200 OK"
        assert ("Strict-Transport-Security" in told) is (scheme == "https")
        assert compare(path, if_none_match=told["ETag"], **headers)[0] == "304 Not Modified"


def compare(path, **headers):
    """What lane and views alike answer to GET, and to HEAD but for the body."""
    taken, viewed = ask(lane.answer, path, **headers), ask(WSGIHandler(), path, **headers)
    if taken[0] == "304 Not Modified":
        del viewed[1]["Content-Length"]  # Django's middleware counts the body that is not sent
    assert taken == viewed
    for application in (lane.answer, WSGIHandler()):
        status, told, body = ask(application, path, "HEAD", **headers)
        assert (status, told | taken[1]) == (taken[0], told)
        assert body == b"" or application is not lane.answer
    return taken


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/simple/Demo/", {}),
        ("/simple/de_mo/", {}),
        ("/simple/demo", {}),
        ("/simple/demo//", {}),
        ("/simple//", {}),
        ("/simple/unknown/", {}),
        ("/simple/" + "a" * 129 + "/", {}),
        ("/simple/d\xc3\xa9mo/", {}),
        ("/simple/demo/", {"query": "format=text/html"}),
        ("/simple/demo/", {"accept": "image/png"}),
        ("/simple/demo/", {"accept_encoding": "*;q=0"}),
        ("/simple/demo/", {"method": "POST"}),
        ("/simpledemo/", {}),
        ("/project/demo/", {}),
        ("/", {}),
        ("", {}),
    ],
)
def test_everything_unusual_is_left_to_django(path, changes):
    published()
    assert ask(lane.answer, path, **changes) == (None, {}, b"")


def test_where_everybody_is_sent_to_https_the_lane_sends_nobody_a_page(settings):
    published()
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert ask(lane.answer)[0] is None
    assert ask(lane.answer, x_forwarded_proto="https")[0] == "200 OK"


def test_a_page_in_memory_costs_no_query(django_assert_num_queries, settings):
    settings.PAGES_RECHECK_SECONDS = 60
    published()
    ask(lane.answer)
    with django_assert_num_queries(0):
        assert ask(lane.answer)[0] == "200 OK"


def test_without_the_database_django_says_so(monkeypatch):
    def fail(name, variant):
        raise store.DATABASE_AWAY[0]("gone")

    monkeypatch.setattr(store, "answer", fail)
    application = WithLanes(WSGIHandler())
    status, headers, body = ask(application)
    assert status.startswith("503")
    assert headers["Retry-After"] == "5"
    assert headers["Content-Type"].startswith("text/plain")
    assert b"try again" in body


def test_lanes_are_asked_in_their_order_and_django_last():
    asked = []

    def lane_named(name, answer):
        def take(environ, start_response):
            asked.append(name)
            return answer

        return take

    lanes = (lane_named("first", None), lane_named("second", (b"x",)))
    application = WithLanes(lane_named("django", (b"y",)), lanes)
    assert application({}, print) == (b"x",)
    assert asked == ["first", "second"]
    assert WithLanes(lane_named("django", (b"y",)), lanes[:1])({}, print) == (b"y",)
