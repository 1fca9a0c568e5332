"""XML-RPC: the methods of PyPI, and calls that nobody should send."""

from __future__ import annotations

import contextlib
import gzip
import xmlrpc.client
from datetime import UTC, datetime
from typing import Any
from xmlrpc.client import Fault

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.actors import SYSTEM
from packages import files, journal, projects, releases, renames
from packages.models import JournalEntry, Release
from pypi_site import xmlrpc as site
from pypi_site.lib import xmlrpc as codec
from tests.factories import jobs
from tests.factories.index import held, published, submit
from tests.factories.people import UserFactory, actor

pytestmark = pytest.mark.django_db

NO_METHOD, BAD_ARGUMENTS, NOT_READABLE = -32601, -32602, -32700


@pytest.fixture(autouse=True)
def _fresh():
    """Prepared answers belong to the process, tests to a database of their own."""
    for prepared in site.PREPARED.values():
        prepared.__init__()


@pytest.fixture
def ann():
    return UserFactory(username="ann", trusted=True)


def post(client, body: str | bytes, path: str = "/pypi", **headers: str):
    return client.post(path, body, content_type="text/xml", headers=headers)


def bytes_of(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def call(client, method: str, *arguments: Any, path: str = "/pypi") -> Any:
    """What the standard library reads from the answer; raises its Fault."""
    response = post(client, xmlrpc.client.dumps(arguments, method), path)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/xml")
    return xmlrpc.client.loads(bytes_of(response))[0][0]


def code_of(client, body: str | bytes) -> int:
    """The code of the fault that answers."""
    with pytest.raises(Fault) as raised:
        xmlrpc.client.loads(bytes_of(post(client, body)))
    return raised.value.faultCode


# -- mirrors -------------------------------------------------------------------------------------


def test_a_mirror_follows_the_changes(client, ann):
    assert call(client, "changelog_last_serial") == 0
    release = published("Gate.Keeper", uploader=ann)
    before = call(client, "changelog_last_serial")
    assert before == journal.last_serial() > 0
    releases.yank(release, actor=SYSTEM)
    [(name, version, at, action, serial)] = call(client, "changelog_since_serial", before)
    assert (name, version, action, serial) == ("gate-keeper", "1.0", "yank release", before + 1)
    assert abs(at - datetime.now(UTC).timestamp()) < 60


def test_actions_read_as_pypi_writes_them(client, ann):
    release = published("gate-keeper", uploader=ann)
    submit(ann, "gate-keeper", sdist=True)
    releases.yank(release, actor=SYSTEM)
    releases.unyank(release, actor=SYSTEM)
    files.delete(release.files.get(filetype="sdist"), actor=SYSTEM, reason="Gone.")
    assert [row[3] for row in call(client, "changelog_since_serial", 0)] == [
        "new release",
        "add py3 file gate_keeper-1.0-py3-none-any.whl",
        "add source file gate_keeper-1.0.tar.gz",
        "yank release",
        "unyank release",
        "remove file gate_keeper-1.0.tar.gz",
    ]


def test_the_changelog_is_read_by_time_with_or_without_serials(client, ann):
    published("gate-keeper", uploader=ann)
    JournalEntry.objects.update(at=datetime(2026, 5, 1, tzinfo=UTC))
    since = int(datetime(2026, 4, 30, tzinfo=UTC).timestamp())
    with_ids = call(client, "changelog", since, True)
    assert with_ids == call(client, "changelog_since_serial", 0)
    assert call(client, "changelog", since) == [row[:-1] for row in with_ids]
    assert call(client, "changelog", since + 2 * 86400) == []


def test_one_answer_of_the_changelog_is_bounded(client, ann, monkeypatch):
    monkeypatch.setattr("packages.xmlrpc.LIMIT", 2)
    for version in ("1.0", "2.0"):
        published("gate-keeper", version, uploader=ann)
    first = call(client, "changelog_since_serial", 0)
    assert len(first) == 2
    rest = call(client, "changelog_since_serial", first[-1][-1])
    assert [row[1] for row in first + rest] == ["1.0", "1.0", "2.0", "2.0"]


def test_all_projects_are_listed_but_those_in_quarantine_and_held(client, ann):
    for name in ("Zebra", "Apple", "odd"):
        released = published(name, uploader=ann)
    projects.quarantine(released.project, actor=SYSTEM, reason="Odd.")
    held("secret")
    serials = dict(Release.objects.values_list("project__name", "project__serial"))
    assert call(client, "list_packages") == ["Apple", "Zebra"]
    assert call(client, "list_packages_with_serial") == {
        "Apple": serials["Apple"],
        "Zebra": serials["Zebra"],
    }


def test_the_list_is_prepared_until_something_changes(client, ann, django_assert_num_queries):
    published("apple", uploader=ann)
    first = call(client, "list_packages_with_serial")
    with django_assert_num_queries(2):  # the call is counted, and the serial asked for
        assert call(client, "list_packages_with_serial") == first
    published("pear", uploader=ann)
    assert set(call(client, "list_packages_with_serial")) == {"apple", "pear"}


@pytest.mark.parametrize("method", ["list_packages", "changelog_since_serial"])
def test_answers_are_compressed_for_whoever_takes_it(client, ann, method):
    for number in range(20):
        published(f"project-{number}", uploader=ann)
    body = xmlrpc.client.dumps((0,) if method.startswith("changelog") else (), method)
    plain, packed = post(client, body), post(client, body, **{"accept-encoding": "br, gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(bytes_of(packed)) == bytes_of(plain)
    assert "Accept-Encoding" in packed["Vary"]


# -- projects and releases -----------------------------------------------------------------------


def test_roles_are_told_from_both_sides(client, ann):
    published("Gate.Keeper", uploader=ann)
    assert call(client, "package_roles", "gate_keeper") == [["Owner", "ann"]]
    assert call(client, "user_packages", "ann") == [["Owner", "Gate.Keeper"]]
    assert call(client, "user_packages", "nobody") == []


def test_a_former_name_means_the_project(client, ann):
    release = published("old-name", uploader=ann)
    renames.rename(release.project, "new-name", actor=actor(ann))
    assert call(client, "release_data", "old-name", "1.0")["name"] == "new-name"
    assert call(client, "package_roles", "Old.Name") == [["Owner", "ann"]]
    assert call(client, "list_packages") == ["new-name"]


def test_releases_are_listed(client, ann):
    for version in ("1.0", "2.0", "3.0rc1"):
        published("gate-keeper", version, uploader=ann)
    assert call(client, "package_releases", "gate-keeper") == ["2.0"]
    for show_hidden in (True, 1):
        every = call(client, "package_releases", "Gate.Keeper", show_hidden)
        assert every == ["3.0rc1", "2.0", "1.0"]
    since = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    assert ["gate-keeper", "3.0rc1"] in call(client, "updated_releases", since)


def test_a_release_is_told_with_its_files(client, ann):
    extra = "Summary: Small\nClassifier: Topic :: Security\nRequires-Dist: django"
    file = published("gate-keeper", uploader=ann, extra_metadata=extra).files.get()
    data = call(client, "release_data", "gate-keeper", "1.0.0")
    assert (data["name"], data["version"], data["summary"]) == ("gate-keeper", "1.0", "Small")
    assert (data["classifiers"], data["requires_dist"]) == (["Topic :: Security"], ["django"])
    assert (data["home_page"], data["yanked"]) == ("", False)
    [told] = call(client, "release_urls", "gate-keeper", "1.0")
    assert told["url"].endswith(told["path"])
    assert told["path"] == f"/packages/{file.sha256}/{file.filename}"
    assert (told["filename"], told["size"]) == (file.filename, file.size)
    assert (told["sha256_digest"], told["md5_digest"]) == (file.sha256, file.md5)


def test_releases_are_browsed_by_classifiers_that_all_apply(client, ann):
    security, web = "Classifier: Topic :: Security", "Classifier: Framework :: Django"
    published("Both", uploader=ann, extra_metadata=f"{security}\n{web}")
    published("one", uploader=ann, extra_metadata=security)
    both = call(client, "browse", ["Topic :: Security", "Framework :: Django"])
    assert both == [["Both", "1.0"]]
    assert len(call(client, "browse", ["Topic :: Security"])) == 2


def test_browsing_is_served_by_an_index():
    query = str(Release.objects.with_classifiers(["Topic :: Security"]).values("pk").query)
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        found = Release.objects.with_classifiers(["Topic :: Security"]).values("pk").explain()
    assert "releases_by_classifier" in found, query


@pytest.mark.parametrize("state", ["absent", "held", "quarantined"])
def test_what_may_not_be_seen_looks_like_what_does_not_exist(client, ann, state):
    extra = "Classifier: Topic :: Security"
    if state == "held":
        held("demo", uploader=UserFactory(username="bob"), extra_metadata=extra)
    if state == "quarantined":
        release = published("demo", uploader=UserFactory(username="bob", trusted=True))
        projects.quarantine(release.project, actor=SYSTEM, reason="Odd.")
    jobs.run_all()
    answers: list[tuple[str, list[Any], Any]] = [
        ("package_roles", ["demo"], []),
        ("user_packages", ["bob"], []),
        ("package_releases", ["demo", True], []),
        ("release_urls", ["demo", "1.0"], []),
        ("release_data", ["demo", "1.0"], {}),
        ("browse", [["Topic :: Security"]], []),
        ("updated_releases", [0], []),
        ("list_packages", [], []),
        ("list_packages_with_serial", [], {}),
        ("search", [{"name": "demo"}], []),
    ]
    for method, arguments, nothing in answers:
        assert call(client, method, *arguments) == nothing, method


# -- search --------------------------------------------------------------------------------------


def test_search_finds_by_name_or_summary_as_pip_asks(client, ann):
    published("gate-keeper", uploader=ann, extra_metadata="Summary: Watches doors")
    published("door-bell", "2.0", uploader=ann, extra_metadata="Summary: Rings")
    jobs.run_all()
    hits = call(client, "search", {"name": ["door"], "summary": ["door"]}, "or")
    assert {hit["name"] for hit in hits} == {"gate-keeper", "door-bell"}
    assert {"name": "door-bell", "summary": "Rings", "version": "2.0"}.items() <= next(
        hit for hit in hits if hit["name"] == "door-bell"
    ).items()


def test_search_by_and_wants_every_text_and_by_or_any(client, ann):
    published("alpha", uploader=ann, extra_metadata="Summary: red")
    published("beta", uploader=ann, extra_metadata="Summary: green")
    jobs.run_all()
    spec = {"name": "alpha", "summary": "green"}
    assert call(client, "search", spec) == []
    assert [hit["name"] for hit in call(client, "search", spec, "or")] == ["alpha", "beta"]


@pytest.mark.parametrize(
    "arguments",
    [
        [{}],
        [{"name": ""}],
        [{"colour": "red"}],
        [{"name": 3}],
        [{"name": [3]}],
        [{"name": "x"}, "xor"],
        [{"name": [str(number) for number in range(50)]}],
        ["text"],
        [["text"]],
    ],
)
def test_a_search_that_makes_no_sense_is_a_fault(client, arguments):
    assert code_of(client, xmlrpc.client.dumps(tuple(arguments), "search")) == BAD_ARGUMENTS


# -- calls that nobody should send ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["/pypi", "/pypi/", "/RPC2"])
def test_every_address_answers(client, path):
    assert call(client, "changelog_last_serial", path=path) == 0


def test_methods_tell_what_they_are(client):
    names = call(client, "system.listMethods")
    assert {"changelog_since_serial", "search", "system.methodHelp"} <= set(names)
    for name in names:
        text = call(client, "system.methodHelp", name)
        assert text.startswith(f"{name}(")
        assert text.rstrip().endswith(".")


@pytest.mark.parametrize("method", ["system.multicall", "package_data", "__class__", ""])
def test_an_unknown_method_is_a_fault(client, method):
    assert code_of(client, xmlrpc.client.dumps((), method)) in (NO_METHOD, NOT_READABLE)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("changelog_since_serial", ()),
        ("changelog_since_serial", ("1",)),
        ("changelog_since_serial", (True,)),
        ("changelog_since_serial", (1.5,)),
        ("changelog_since_serial", (1, 2)),
        ("changelog_last_serial", (1,)),
        ("changelog", (2**31 - 1, "yes")),
        ("package_roles", ({"name": "x"},)),
        ("package_roles", (b"x",)),
        ("browse", ("Topic :: Security",)),
        ("browse", ([],)),
        ("browse", ([1],)),
        ("browse", (["x"] * 21,)),
        ("list_packages", ("x",)),
        ("list_packages_with_serial", (1,)),
    ],
)
def test_wrong_arguments_are_a_fault(client, method, arguments):
    assert code_of(client, xmlrpc.client.dumps(arguments, method)) == BAD_ARGUMENTS


def number(text: str) -> str:
    """A call with a number as no honest client would write it."""
    return (
        "<?xml version='1.0'?><methodCall><methodName>changelog</methodName><params><param>"
        f"<value><int>{text}</int></value></param></params></methodCall>"
    )


@pytest.mark.parametrize("text", ["9" * 18, "9" * 30, "-" + "9" * 30])
def test_a_time_beyond_all_calendars_is_a_fault(client, text):
    assert code_of(client, number(text)) == BAD_ARGUMENTS


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<methodCall><methodName>&b;</methodName><params/></methodCall>"""
NAMELESS = "<value><struct><member><value><int>1</int></value></member></struct></value>"
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<methodCall><methodName>&a;</methodName><params/></methodCall>"""


@pytest.mark.parametrize(
    "body",
    [
        *("", "x", "<a/>", "<methodCall/>", "<methodCall></methodResponse>", BOMB, OUTSIDE),
        *(number("x"), number("9" * 5000), "<methodCall><methodName>x</methodName><params><param>"),
        f"<methodCall><methodName>x</methodName><params>{NAMELESS}</params></methodCall>",
        "<methodCall><methodName>x</methodName></value></methodCall>",
        xmlrpc.client.dumps(Fault(1, "mine")),
        b"\x00\xff" * 100,
    ],
)
def test_what_is_no_call_is_a_fault(client, body):
    """TOB-PYPI-23."""
    assert code_of(client, body) in (NOT_READABLE, NO_METHOD)


TOKENS = [
    "methodCall",
    "methodName",
    "params",
    "param",
    "value",
    "struct",
    "member",
    "name",
    "array",
    "data",
    "int",
    "nil",
]


@given(st.lists(st.tuples(st.sampled_from(TOKENS), st.sampled_from(["", "/"])), max_size=20))
def test_no_heap_of_elements_is_more_than_a_fault(parts):
    inner = "".join(f"<{end}{name}>1" for name, end in parts)
    for body in (inner, f"<methodCall><methodName>x</methodName>{inner}</methodCall>"):
        with contextlib.suppress(Fault):
            codec.read_call(body.encode())


@given(st.recursive(st.sampled_from(TOKENS), lambda inner: st.lists(inner, max_size=4)))
def test_no_tree_of_elements_is_more_than_a_fault(tree):
    def written(node) -> str:
        if isinstance(node, str):
            return f"<{node}>1</{node}>"
        inner = "".join(map(written, node))
        return (
            f"<value><struct>{inner}</struct></value>"
            if len(node) > 2
            else f"<param>{inner}</param>"
        )

    with contextlib.suppress(Fault):
        codec.read_call(f"<methodCall>{written(tree)}</methodCall>".encode())


def test_too_long_a_call_is_a_fault(client):
    body = xmlrpc.client.dumps((["x"] * 1_000_000,), "browse")
    assert code_of(client, body) == -32500


@given(
    st.recursive(
        st.one_of(st.text(), st.integers(), st.booleans(), st.floats(), st.none()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_written_so_that_the_standard_library_reads_it(value):
    body = "".join(codec.answer(value)).encode()
    xmlrpc.client.loads(body)


def test_numbers_beyond_32_bits_and_control_characters_are_written(client):
    told = {"size": 2**40, "summary": "a\x0bb<&\ufffe", "serial": 7, "none": None}
    body = "".join(codec.answer(told))
    read = {"size": float(2**40), "summary": "ab<&", "serial": 7, "none": ""}
    assert xmlrpc.client.loads(body)[0][0] == read


def test_who_asks_too_often_is_told_when_to_come_back(client, settings, monkeypatch):
    monkeypatch.setattr("accounts.limits.time.time", lambda: 1_800_000_000.0)  # a full hour
    settings.XMLRPC_PER_HOUR = 2
    body = xmlrpc.client.dumps((), "changelog_last_serial")
    answers = [post(client, body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 3500
    with pytest.raises(Fault, match="wait"):
        xmlrpc.client.loads(answers[-1].content)
    others = client.post("/pypi", body, "text/xml", headers={"x-forwarded-for": "192.0.2.7"})
    assert others.status_code == 200
