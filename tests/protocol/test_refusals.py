"""Every bad upload gets a 4xx and one clear sentence, and leaves nothing behind."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.factories.dists import make_sdist, make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import Answer, Fields, form, upload_headers
from tests.protocol.conftest import People, tools_for
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol

PROHIBIT = "from moderation.models import ProhibitedName as P; P.objects.create(name='evil-corp')"
PROBLEM = "application/problem+json"
# Whatever an upload could leave in the database; a refused one moves no number.
TABLES = (
    "packages_project",
    "packages_release",
    "packages_file",
    "packages_stage",
    "packages_stagedfile",
    "packages_role",
    "packages_journalentry",
    "accounts_auditevent",
)


@dataclass(frozen=True)
class Bad:
    """A bad upload: how it differs from a good one, and what must be said about it."""

    id: str
    status: int
    says: str
    make: Callable[[Path, str], Path] = make_wheel
    name: str = ""
    token: str | None = "trusted"
    headers: dict[str, str] = field(default_factory=dict)
    fields: Fields = field(default_factory=dict)
    filename: str | None = None
    body: Callable[[bytes], Any] = bytes
    method: str = "POST"
    name_stays_free: bool = True


def _not_a_zip(folder: Path, name: str) -> Path:
    path = make_wheel(folder, name)
    path.write_bytes(b"#!/bin/sh\necho I am no wheel\n")
    return path


def _not_a_tar(folder: Path, name: str) -> Path:
    path = make_sdist(folder, name)
    path.write_bytes(b"PK\x03\x04 no tar either")
    return path


def _wheel_of_another(folder: Path, name: str) -> Path:
    return make_wheel(folder, "another", filename=f"{name.replace('-', '_')}-1.0-py3-none-any.whl")


def _truncated(folder: Path, name: str) -> Path:
    path = make_wheel(folder, name)
    path.write_bytes(path.read_bytes()[:-30])
    return path


def _empty(folder: Path, name: str) -> Path:
    path = make_wheel(folder, name)
    path.write_bytes(b"")
    return path


def _without_metadata(folder: Path, name: str) -> Path:
    return make_wheel(folder, name, replace={"*/METADATA": None})


def _in_pieces(body: bytes) -> Any:
    """An iterator makes http.client send chunks and no Content-Length."""
    return iter([body])


def _refused_to(token: str | None, status: int, says: str) -> Bad:
    return Bad(f"token-{token or 'none'}", status, says, token=token)


TAKEN = {"name": "refused-taken", "name_stays_free": False}
BAD = [
    Bad("not-a-zip", 400, "ZIP", make=_not_a_zip),
    Bad("not-a-tar", 400, "gzip", make=_not_a_tar),
    Bad("truncated", 400, "ZIP", make=_truncated),
    Bad("empty-file", 400, "empty", make=_empty),
    Bad("no-metadata", 400, "METADATA", make=_without_metadata),
    Bad("wrong-name-inside", 400, "another", make=_wheel_of_another),
    Bad("wrong-sha256", 400, "sha256_digest", fields={"sha256_digest": "0" * 64}),
    Bad("wrong-blake2", 400, "blake2_256_digest", fields={"blake2_256_digest": "0" * 64}),
    Bad("wrong-md5", 400, "md5_digest", fields={"md5_digest": "0" * 32}),
    Bad("no-digest", 400, "at least one digest", fields={"sha256_digest": None}),
    Bad("form-name-differs", 400, "The form says name", fields={"name": "somebody-else"}),
    Bad("form-version-differs", 400, "The form says version", fields={"version": "9.9"}),
    Bad("form-name-missing", 400, "'name' is missing", fields={"name": None}),
    Bad("form-name-twice", 400, "2 times", fields={"name": ["a", "b"]}),
    Bad("form-name-invalid", 400, "cannot be used", fields={"name": "-foo\u202e"}),
    Bad("form-nul", 400, "NUL", fields={"summary": "a\0b"}),
    Bad("protocol-2", 400, "protocol_version", fields={"protocol_version": "2"}),
    Bad("action-submit", 410, "no longer offered", fields={":action": "submit"}),
    Bad("action-unknown", 400, ":action", fields={":action": "destroy"}),
    Bad("action-missing", 400, ":action", fields={":action": None}),
    Bad("zip-sdist", 400, ".zip", filename="refused_zip_sdist-1.0.zip"),
    Bad("egg", 400, ".egg", filename="refused_egg-1.0-py3.egg"),
    Bad("path-in-filename", 400, "filename", filename="../../refused-1.0-py3-none-any.whl"),
    _refused_to(None, 401, "API token is needed"),
    _refused_to("gate-wrong", 403, "unknown, expired or revoked"),
    _refused_to("revoked", 403, "unknown, expired or revoked"),
    _refused_to("unverified", 403, "Verify the e-mail address"),
    Bad("password", 401, "API token", headers={"Authorization": "Basic a2VlcGVyOnNlY3JldA=="}),
    Bad("basic-garbage", 401, "cannot be read", headers={"Authorization": "Basic \xff\xfe"}),
    Bad("no-length", 411, "Content-Length", body=_in_pieces),
    Bad("not-multipart", 400, "multipart/form-data", headers={"Content-Type": "application/json"}),
    Bad("no-boundary", 400, "multipart/form-data", headers={"Content-Type": "multipart/form-data"}),
    Bad("no-content-type", 400, "multipart/form-data", headers={"Content-Type": ""}),
    Bad("broken-form", 400, "form is broken", body=lambda body: body[:-40]),
    Bad("empty-body", 400, "form is broken", body=lambda body: b""),
    Bad("get", 405, "by POST", method="GET"),
    Bad("put", 405, "by POST", method="PUT"),
    Bad("standard-library", 400, "standard library", name="re", name_stays_free=False),
    Bad("prohibited", 400, "prohibited", name="Evil.Corp", name_stays_free=False),
    Bad("reserved", 400, "reserved", name="con", name_stays_free=False),
    Bad("somebody-elses", 403, "belongs to somebody else", token="newcomer", **TAKEN),
]
every_bad_upload = pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.id)


@pytest.fixture(scope="module")
def guarded(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The live server with a prohibited name and a project that belongs to somebody."""
    live.script(PROHIBIT)
    wheel = make_wheel(tmp_path_factory.mktemp("taken"), "refused-taken", "0.9")
    assert live.index.upload(wheel, people.trusted).status == 200
    return live


def send(server: Server, people: People, bad: Bad, path: Path, **headers: str) -> Answer:
    token = getattr(people, bad.token, bad.token) if bad.token else None
    body = bad.body(form(path, bad.fields, bad.filename))
    headers = upload_headers(token) | bad.headers | headers
    return server.index.ask(bad.method, "/legacy/", body, headers)


def traces(server: Server) -> dict[str, Any]:
    """Everything that an upload could have left."""
    counts = " union all ".join(f"select '{table}', count(*) from {table}" for table in TABLES)
    return {
        "rows": sorted(server.query(counts)),
        "blobs": server.blobs(),
        "incoming": server.incoming(),
    }


def name_of(bad: Bad) -> str:
    return bad.name or f"refused-{bad.id}"


@every_bad_upload
def test_a_bad_upload_is_refused_in_one_sentence_and_leaves_nothing_behind(
    guarded: Server, people: People, tmp_path: Path, bad: Bad
):
    path = bad.make(tmp_path, name_of(bad))
    before = traces(guarded)
    answer = send(guarded, people, bad, path)
    assert answer.status == bad.status, answer.text
    assert answer.type == "text/plain; charset=utf-8"
    assert "<" not in answer.text
    sentence, *more_findings = answer.text.splitlines()
    assert bad.says in sentence
    assert all(line.endswith(".") for line in (sentence, *more_findings))
    assert answer.reason == in_a_status_line(sentence)
    assert traces(guarded) == before


@every_bad_upload
def test_programs_get_the_refusal_as_a_problem(
    guarded: Server, people: People, tmp_path: Path, bad: Bad
):
    accept = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"  # as uv does
    answer = send(guarded, people, bad, bad.make(tmp_path, name_of(bad)), Accept=accept)
    assert (answer.status, answer.type) == (bad.status, PROBLEM)
    problem = json.loads(answer.body)
    assert problem["status"] == bad.status
    assert bad.says in problem["detail"]
    assert problem["title"]
    assert problem["code"] in problem["type"]
    assert answer.reason == in_a_status_line(problem["detail"])


def in_a_status_line(sentence: str) -> str:
    """UPL-20: Latin-1, one line, 200 characters."""
    phrase = "".join(c if c.isprintable() and c < "\u0100" else "?" for c in sentence)
    return phrase if len(phrase) <= 200 else f"{phrase[:197]}..."


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad.name_stays_free], ids=lambda bad: bad.id)
def test_the_name_of_a_refused_upload_is_free_for_somebody_else(
    guarded: Server, people: People, tmp_path: Path, bad: Bad
):
    send(guarded, people, bad, bad.make(tmp_path / "bad", name_of(bad)))
    assert guarded.get(f"/simple/{name_of(bad)}/").status == 404
    good = make_wheel(tmp_path / "good", name_of(bad))
    assert guarded.index.upload(good, people.keeper).status == 200
    assert guarded.index.download(name_of(bad), good.name) == good.read_bytes()


def test_the_challenge_names_the_scheme(live: Server, people: People, tmp_path: Path):
    answer = live.index.upload(make_wheel(tmp_path, "unasked"), None)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_large_upload_without_a_token_is_answered_before_the_client_gives_up(
    live: Server, tmp_path: Path
):
    files = {"large/data.bin": bytes(range(256)) * 40_000}
    path = make_wheel(tmp_path, "large", files=files)
    path.write_bytes(path.read_bytes() + bytes(10_000_000))
    assert live.index.upload(path, None).status == 401


def test_a_file_above_the_limit_is_refused_before_it_is_sent(live: Server, people: People):
    connection = live.index.connect()
    connection.putrequest("POST", "/legacy/")
    for name, value in upload_headers(people.trusted).items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    connection.sock.shutdown(1)  # nothing comes after the head
    response = connection.getresponse()
    assert response.status == 413
    assert "larger than this index takes" in response.reason
    connection.close()


def test_an_upload_that_breaks_off_leaves_nothing_behind(
    live: Server, people: People, tmp_path: Path
):
    before = traces(live)
    body = form(make_wheel(tmp_path, "broken-off"), {})
    connection = live.index.connect()
    connection.putrequest("POST", "/legacy/")
    for name, value in upload_headers(people.trusted).items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[: len(body) // 2])
    connection.sock.shutdown(1)
    answer = connection.getresponse()
    assert answer.status == 400
    assert "broken" in answer.reason or "broke off" in answer.reason
    connection.close()
    assert traces(live) == before


def test_an_address_without_its_slash_is_never_repeated_as_get(
    live: Server, people: People, tmp_path: Path
):
    body = form(make_wheel(tmp_path, "slashless"), {})
    answer = live.index.ask("POST", "/legacy", body, upload_headers(people.trusted))
    assert answer.status == 308
    assert answer.headers["Location"] == f"{live.url}/legacy/"
    assert f"{live.url}/legacy/" in answer.text


def test_a_very_long_request_line_or_header_is_a_clear_4xx_too(live: Server):
    connection = live.index.connect()
    connection.request("GET", "/simple/", headers={"X-Long": "x" * 20_000})
    assert 400 <= connection.getresponse().status < 500
    connection.close()


# -- what people see in their terminal -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "token", "sentence"),
    [
        ("re", "trusted", "is that of a module of Python's standard library"),
        ("evil-corp", "trusted", "is prohibited here"),
        ("refused-taken", "newcomer", "belongs to somebody else"),
        ("tokenless", "revoked", "unknown, expired or revoked"),
    ],
    ids=["standard-library", "prohibited", "somebody-elses", "wrong-token"],
)
def test_twine_and_uv_show_the_sentence(
    guarded: Server, people: People, tmp_path: Path, name: str, token: str, sentence: str
):
    path = make_wheel(tmp_path, name)
    tools = tools_for(guarded, getattr(people, token), tmp_path / "home")
    for done in (tools.twine(path), tools.uv_publish(path)):
        assert done.returncode != 0
        assert sentence in " ".join(done.stdout.split())
        assert "<html" not in done.stdout.lower()


def test_a_method_that_nobody_knows_is_refused_politely(live: Server):
    connection = http.client.HTTPConnection(live.index.host, live.port, timeout=PATIENCE)
    connection.request("BREW", "/legacy/")
    assert connection.getresponse().status == 405
    connection.close()
