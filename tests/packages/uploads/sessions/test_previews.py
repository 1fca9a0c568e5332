"""``/stages/<token>/``: an index for whoever knows the secret (PEP 694; U2-28 to U2-31)."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import subprocess
import sys

import pytest
from django.test import Client

from accounts.actors import SYSTEM
from packages import projects
from packages.models import Project, Role, Stage
from tests.factories.index import published
from tests.packages.uploads.sessions.client import (
    NOBODY_KNOWS,
    SIMPLE_JSON,
    newcomer,
    path_of,
    sdist,
    uploader,
    wheel,
)

pytestmark = pytest.mark.django_db
SECRETIVE = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


def prepared(*dists, name: str = "demo", api=None):
    session = (api or uploader()).open(name)
    session.add(*(dists or [wheel(name)]))
    return session


def get(address: str, accept: str = SIMPLE_JSON, **headers: str):
    """Without credentials, as an installer comes."""
    return Client().get(address, headers={"Accept": accept, **headers})


def stage_of(session) -> str:
    return path_of(session.links["stage"])


def links_of(session) -> dict[str, dict]:
    answer = get(f"{stage_of(session)}{session.born['name']}/")
    assert answer.status_code == 200
    return {file["filename"]: file for file in answer.json()["files"]}


def test_u2_29_the_address_of_a_stage_is_made_of_the_token_and_cannot_be_guessed():
    sessions = [uploader().open(name) for name in ("one", "two")]
    tokens = [session.born["session-token"] for session in sessions]
    for session, token in zip(sessions, tokens, strict=True):
        assert stage_of(session) == f"/stages/{token}/"
        assert len(base64.urlsafe_b64decode(token + "=")) * 8 >= 128
        assert token not in session.url
    assert len(set(tokens)) == 2


def test_u2_28_the_root_of_a_stage_lists_its_project_alone():
    published("other")
    session = prepared()
    answer = get(stage_of(session))
    assert [project["name"] for project in answer.json()["projects"]] == ["demo"]
    html = get(stage_of(session), "text/html")
    assert html["Content-Type"] == "text/html; charset=utf-8"
    assert f'<a href="{stage_of(session)}demo/">demo</a>' in html.content.decode()
    assert html.content.count(b"<a ") == 1


def test_u2_28_the_page_of_a_stage_is_a_page_of_the_simple_api():
    dists = [wheel(extra_metadata="Requires-Python: >=3.9"), sdist()]
    session = prepared(*dists)
    body = get(f"{stage_of(session)}demo/").json()
    assert body["name"] == "demo"
    assert body["meta"]["api-version"].startswith("1.")
    assert body["versions"] == ["1.0"]
    assert {file["filename"]: file["hashes"]["sha256"] for file in body["files"]} == {
        dist.filename: dist.sha256 for dist in dists
    }
    by_name = {file["filename"]: file for file in body["files"]}
    assert by_name[dists[0].filename]["requires-python"] == ">=3.9"
    assert by_name[dists[0].filename]["size"] == len(dists[0].data)
    html = get(f"{stage_of(session)}demo/", "text/html").content.decode()
    for dist in dists:
        assert f">{dist.filename}</a>" in html
        assert f"#sha256={dist.sha256}" in html
    assert 'data-requires-python="&gt;=3.9"' in html
    assert "data-core-metadata" in html


def test_u2_28_names_are_found_in_every_spelling():
    session = prepared(wheel("Foo.Bar"), name="Foo.Bar")
    for spelling in ("foo-bar", "Foo.Bar", "FOO_bar"):
        assert len(get(f"{stage_of(session)}{spelling}/").json()["files"]) == 1


def test_u2_28_other_names_are_not_found_so_that_pip_asks_the_next_index():
    published("other")
    session = prepared()
    answer = get(f"{stage_of(session)}other/")
    assert answer.status_code == 404


def test_u2_28_only_complete_files_are_shown():
    session = prepared(wheel())
    session.begin(sdist()).send()
    assert set(links_of(session)) == {wheel().filename}
    session.api.delete(session.body["files"][wheel().filename]["link"])
    assert links_of(session) == {}


def test_u2_28_files_and_their_metadata_can_be_read():
    session = prepared(wheel(), sdist())
    for dist in (wheel(), sdist()):
        file = links_of(session)[dist.filename]
        answer = get(file["url"], "*/*")
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/octet-stream"
        assert b"".join(answer.streaming_content) == dist.data
        metadata = get(f"{file['url']}.metadata", "*/*")
        digest = hashlib.sha256(metadata.content).hexdigest()
        assert digest == file["core-metadata"]["sha256"]
        assert b"Name: demo" in metadata.content


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=-20", -20, None), ("bytes=5-", 5, None)],
)
def test_u2_28_parts_of_a_file_can_be_read(asked, first, last):
    session = prepared()
    url = links_of(session)[wheel().filename]["url"]
    answer = get(url, "*/*", Range=asked)
    assert answer.status_code == 206
    expected = wheel().data[first:] if last is None else wheel().data[first : last + 1]
    assert b"".join(answer.streaming_content) == expected
    assert answer["Content-Range"].endswith(f"/{len(wheel().data)}")
    beyond = get(url, "*/*", Range=f"bytes={len(wheel().data)}-")
    assert beyond.status_code == 416
    for name, value in SECRETIVE.items():
        assert answer[name] == beyond[name] == value


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_u2_28_a_stage_is_only_read(method):
    session = prepared()
    url = links_of(session)[wheel().filename]["url"]
    for address in (stage_of(session), f"{stage_of(session)}demo/", url, f"{url}.metadata"):
        assert getattr(Client(), method)(address).status_code == 405
    assert session.files == {wheel().filename: "completed"}


def test_u2_29_nothing_of_a_stage_is_cached_indexed_or_told_on():
    session = prepared()
    url = links_of(session)[wheel().filename]["url"]
    addresses = [stage_of(session), f"{stage_of(session)}demo/", url, f"{url}.metadata"]
    for address in addresses:
        for accept in (SIMPLE_JSON, "text/html"):
            answer = get(address, accept)
            assert answer.status_code == 200
            for name, value in SECRETIVE.items():
                assert answer[name] == value
    unchanged = get(url, "*/*", **{"If-None-Match": f'"{wheel().sha256}"'})
    assert unchanged.status_code == 304
    assert unchanged["Cache-Control"] == "private, no-store"
    missing = get(f"{stage_of(session)}other/")
    assert "no-store" in missing["Cache-Control"]


def test_u2_29_a_wrong_token_opens_nothing():
    session = prepared()
    token = session.born["session-token"]
    file = links_of(session)[wheel().filename]
    wrong = ("B" if token[0] == "A" else "A") + token[1:]
    for attempt in (
        wrong,
        token.swapcase(),
        "A" * 43,
        "0" * 43,
        str(Stage.objects.get().identifier),
    ):
        assert get(f"/stages/{attempt}/").status_code == 404
        assert get(f"/stages/{attempt}/demo/").status_code == 404
        assert get(file["url"].replace(token, attempt)).status_code == 404
        assert get(file["url"].replace(token, attempt) + ".metadata").status_code == 404
    for attempt in (token[:-1], token + "A", token + "%00", token + " ", ""):
        assert get(f"/stages/{attempt}/").status_code == 404


def test_u2_29_a_token_opens_its_own_stage_only():
    one, two = prepared(), prepared(name="other")
    file = links_of(one)[wheel().filename]
    ours, theirs = one.born["session-token"], two.born["session-token"]
    assert get(file["url"]).status_code == 200
    assert get(file["url"].replace(ours, theirs)).status_code == 404
    assert get(f"/stages/{theirs}/demo/").status_code == 404
    assert get(f"/stages/{theirs}/files/{NOBODY_KNOWS}/{wheel().filename}").status_code == 404
    renamed = file["url"].replace(wheel().filename, sdist().filename)
    assert get(renamed).status_code == 404


def test_u2_29_no_plain_upload_that_waits_has_a_stage():
    api = newcomer()
    assert api.legacy(wheel()).status_code == 202
    assert Stage.objects.get().session_token is None
    assert get("/stages/None/").status_code == 404


def test_u2_29_tokens_appear_nowhere_else(caplog):
    caplog.set_level(logging.INFO)
    session = prepared()
    token = session.born["session-token"]
    for address in ("/", "/simple/", "/robots.txt", "/search/?q=demo", "/api/v1/projects/"):
        assert token not in get(address, "*/*").content.decode()
    assert get(f"{stage_of(session)}left-pad/").status_code == 404  # pip asks for all it needs
    get(f"{stage_of(session)}demo/")
    assert token not in caplog.text


def test_u2_30_whoever_knows_the_address_reads_until_the_end():
    session = prepared()
    address = f"{stage_of(session)}demo/"
    Role.objects.all().delete()
    assert get(address).status_code == 200
    Role.objects.create(project=Project.objects.get(), user=session.api.user, kind="owner")
    assert session.publish().status_code == 201
    assert get(address).status_code == 404
    assert get(stage_of(session)).status_code == 404


@pytest.mark.parametrize("end", ["publish", "cancel"])
def test_u2_30_after_the_end_no_address_of_the_stage_answers(end):
    session = prepared()
    url = links_of(session)[wheel().filename]["url"]
    getattr(session, end)()
    for address in (stage_of(session), f"{stage_of(session)}demo/", url, f"{url}.metadata"):
        assert get(address).status_code == 404
    assert "stage" not in session.body["links"]


def test_u2_30_what_waits_for_a_moderator_or_was_rejected_can_be_looked_at():
    session = prepared(api=newcomer())
    assert session.publish().status_code == 202
    assert set(links_of(session)) == {wheel().filename}
    Stage.objects.update(status="error")
    assert set(links_of(session)) == {wheel().filename}


def test_u2_30_a_quarantined_project_shows_no_stage():
    session = prepared()
    url = links_of(session)[wheel().filename]["url"]
    projects.quarantine(Project.objects.get(), actor=SYSTEM, reason="malware")
    for address in (stage_of(session), f"{stage_of(session)}demo/", url, f"{url}.metadata"):
        assert get(address).status_code == 404


@pytest.mark.parametrize("known", [False, True], ids=["a new project", "a known project"])
def test_u2_30_nothing_of_a_stage_is_seen_elsewhere(known):
    api = uploader()
    if known:
        published("demo", "0.1", uploader=api.user)
    session = prepared(wheel(), sdist(), api=api)
    shown = 200 if known else 404
    for address in ("/simple/demo/", "/project/demo/", "/api/v1/projects/demo/"):
        answer = get(address, "*/*")
        assert answer.status_code == shown
        assert wheel().filename not in answer.content.decode()
        assert wheel().sha256 not in answer.content.decode()
    assert get("/project/demo/1.0/", "text/html").status_code == 404
    for address in ("/", "/search/?q=demo", "/simple/", "/api/v1/projects/"):
        content = get(address, "*/*").content.decode()
        assert wheel().filename not in content
        assert known or "/demo/" not in content
    for dist in (wheel(), sdist()):
        assert get(f"/files/{dist.sha256}/{dist.filename}").status_code == 404
        assert get(f"/files/{dist.sha256}/{dist.filename}.metadata").status_code == 404
    assert set(links_of(session)) == {wheel().filename, sdist().filename}


@pytest.mark.filterwarnings("ignore:No directory at")  # no static files were collected
@pytest.mark.django_db(transaction=True)
def test_u2_28_pip_installs_from_a_stage_and_takes_the_rest_from_the_index(live_server, tmp_path):
    api = uploader()
    published("helper", uploader=api.user)
    session = prepared(wheel(requires=["helper"]), api=api)
    where = ["--index-url", f"{live_server}/simple/"]
    extra = ["--extra-index-url", f"{live_server}{stage_of(session)}"]
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "download"]
    options = ["--no-cache-dir", "--retries", "0", "--dest", str(tmp_path), "demo==1.0"]
    environment = {**os.environ, "no_proxy": "*"}

    def download(*indexes: str) -> int:
        command = [*pip, *indexes, *options]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert download(*where) != 0
    assert download(*where, *extra) == 0
    assert (tmp_path / wheel().filename).read_bytes() == wheel(requires=["helper"]).data
    assert (tmp_path / "helper-1.0-py3-none-any.whl").exists()


def test_u2_31_a_site_may_show_no_previews(settings):
    settings.UPLOAD_PREVIEWS = True
    session = prepared()
    address = stage_of(session)
    settings.UPLOAD_PREVIEWS = False
    assert get(address).status_code == 404
    body = session.body
    assert "session-token" not in body
    assert "stage" not in body["links"]
    assert body["status"] == "open"


def test_an_address_without_its_slash_keeps_the_method_and_says_where():
    answer = Client().post("/upload/2.0", "{}", content_type="application/json")
    assert (answer.status_code, answer["Location"]) == (308, "http://testserver/upload/2.0/")
    assert answer["Content-Type"] == "application/problem+json"
