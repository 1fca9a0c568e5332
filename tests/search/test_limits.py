"""No search holds up the database, whoever asks by whichever door, and whatever is asked."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from search.sight import Sight
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def by_xml_rpc(client: Client, text: str) -> HttpResponse:
    call = xmlrpc.client.dumps(({"name": text}, "or"), "search")
    return client.post("/pypi", call.encode(errors="surrogatepass"), content_type="text/xml")


Door = Callable[[Client, str], HttpResponse]
PAGES: dict[str, Door] = {
    path: lambda client, text, path=path: client.get(path, {"q": text})
    for path in ("/search/", "/api/v1/search/", "/api/v1/suggest/")
}
DOORS = {**PAGES, "XML-RPC": by_xml_rpc}
HOSTILE = [
    *("- & | !", "-a -b", "x" * 10_000, "a " * 5_000, "a\0b", "\0", "foo <-> !bar:* & (baz"),
    *("'; select pg_sleep(60); --", "owner:' or 1=1 --", "(a+)+$", "(.*a){30}" * 9, "%" * 300),
    *("owner:", "license:%", "classifier:(a+)+$", "import:\\", "pythno", '-"a b"', "updated:1d"),
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_asked_each_statement_stands_under_the_timeout(client, index, door, text):
    index("python", "A widget")
    client.force_login(UserFactory())
    timeouts = set()

    def watch(execute, sql, parameters, many, context):
        if "search_" in sql or ("username" in sql and "LIKE" in sql):
            raw = context["connection"].connection
            timeouts.add(raw.execute("show statement_timeout").fetchone()[0])
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(watch):
        answer = DOORS[door](client, text)
    assert answer.status_code in (200, 400)
    assert timeouts <= {"1s"}


@pytest.mark.parametrize("door", DOORS)
def test_a_plain_search_does_ask_the_database(client, index, door):
    """Or the test before this one would say nothing."""
    index("python", "A widget")
    with pytest.raises(AssertionError, match="asked"), connection.execute_wrapper(_refuse):
        DOORS[door](client, "python")


def _refuse(execute, sql, parameters, many, context):
    assert "search_searchdocument" not in sql, "asked"
    return execute(sql, parameters, many, context)


@pytest.mark.parametrize("door", DOORS)
def test_what_takes_too_long_is_given_up_at_each_door(client, settings, monkeypatch, door):
    settings.SEARCH_TIMEOUT = 20
    monkeypatch.setattr(Sight, "apply", lambda *_: "select pg_sleep(30)")
    answer = DOORS[door](client, "widget")
    if door == "XML-RPC":
        with pytest.raises(xmlrpc.client.Fault, match="takes too long"):
            xmlrpc.client.loads(answer.content)
    else:
        assert answer.status_code == 503
        assert "takes too long" in answer.content.decode()
