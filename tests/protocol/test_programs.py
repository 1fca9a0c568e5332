"""What programs ask beside the simple API, on the wire: XML-RPC, PyPI's JSON, feeds, old links."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
import xmlrpc.client
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.factories.dists import make_sdist, make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import sha256
from tests.protocol.conftest import People
from tests.protocol.server import Server, eventually

pytestmark = pytest.mark.protocol

YANK = """
from accounts.actors import SYSTEM
from packages import releases
from packages.models import Release
release = Release.objects.get(project__normalized_name="programs-demo", version="0.9")
releases.yank(release, actor=SYSTEM, reason="Broken.")
"""


@pytest.fixture(scope="module")
def files(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("dists")
    extra = "Summary: Tells programs\nClassifier: Topic :: Security"
    paths = [
        make_wheel(folder, "Programs.Demo", "0.9"),
        make_wheel(folder, "Programs.Demo", "1.0", extra_metadata=extra),
        make_sdist(folder, "Programs.Demo", "1.0", extra_metadata=extra),
    ]
    for path in paths:
        assert live.index.upload(path, people.trusted).status == 200
    return paths


@pytest.fixture
def index(live: Server, files: list[Path]) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy(f"{live.url}/pypi")


def fetched(url: str) -> bytes:
    """What a program gets that follows redirects."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as response:
        return response.read()


# -- XML-RPC -------------------------------------------------------------------------------------


def test_a_program_reads_everything_by_xml_rpc(index, live, files):
    assert index.package_releases("programs-demo", True) == ["1.0", "0.9"]
    assert index.release_data("programs-demo", "1.0")["summary"] == "Tells programs"
    urls = index.release_urls("programs-demo", "1.0")
    told = {file["filename"]: file["digests"]["sha256"] for file in urls}
    assert told == {path.name: sha256(path) for path in files[1:]}
    for file in urls:
        assert sha256(fetched(file["url"])) == file["digests"]["sha256"]
    assert ["Programs.Demo", "1.0"] in index.browse(["Topic :: Security"])
    assert index.package_roles("programs-demo") == [["Owner", "trusted"]]
    assert ["Owner", "Programs.Demo"] in index.user_packages("trusted")


def test_a_mirror_sees_a_change_at_once(index, live):
    before = index.changelog_last_serial()
    assert index.list_packages_with_serial()["Programs.Demo"] <= before
    live.script(YANK)
    changes = index.changelog_since_serial(before)
    assert ["programs-demo", "0.9", "yank release"] in [[*row[:2], row[3]] for row in changes]
    assert index.list_packages_with_serial()["Programs.Demo"] == changes[-1][-1]


def test_pip_search_works_again(live, files, tmp_path):
    def search() -> str:
        command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
        command += ["search", "--index", f"{live.url}/pypi", "programs"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        return done.stdout if done.returncode == 0 else ""

    found = eventually(search, because="the job has written the search row")
    assert "Programs.Demo (1.0)" in found
    assert "Tells programs" in found


def test_a_bad_call_is_a_fault_on_the_wire(index):
    with pytest.raises(xmlrpc.client.Fault) as raised:
        index.system.multicall([{"methodName": "list_packages", "params": []}])
    assert raised.value.faultCode == -32601
    with pytest.raises(xmlrpc.client.Fault) as raised:
        index.changelog_since_serial("everything")
    assert raised.value.faultCode == -32602


def test_a_bomb_is_a_fault_and_the_server_goes_on(live, index):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><methodCall>&b;</methodCall>'
    answer = live.index.ask("POST", "/pypi", bomb, {"Content-Type": "text/xml"})
    assert (answer.status, b"<fault>" in answer.body) == (200, True)
    assert index.changelog_last_serial() > 0


# -- JSON, feeds, old links ----------------------------------------------------------------------


def test_a_bot_reads_json_and_asks_again_for_nothing(live, files):
    first = live.get("/pypi/programs-demo/json")
    told = first.json
    assert first.headers["X-PyPI-Last-Serial"] == str(told["last_serial"])
    for entry in told["releases"]["1.0"]:
        body = fetched(entry["url"])
        assert (sha256(body), len(body)) == (entry["digests"]["sha256"], entry["size"])
    again = live.get("/pypi/programs-demo/json", if_none_match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    absent = live.get("/pypi/programs-absent/json")
    assert (absent.status, absent.json) == (404, {"message": "Not Found"})


def test_a_feed_reader_reads_and_asks_again_for_nothing(live, files):
    for form, entry in (("rss", "item"), ("atom", "{http://www.w3.org/2005/Atom}entry")):
        path = f"/feeds/project/programs-demo/releases.{form}"
        first = live.get(path)
        assert len(list(ElementTree.fromstring(first.body).iter(entry))) == 2
        assert live.get(path, if_none_match=first.headers["ETag"]).status == 304


def test_old_links_to_files_still_bring_them(live, files):
    for path, kind in zip(files, ("py3", "py3", "source"), strict=True):
        answer = live.get(f"/packages/{kind}/P/Programs.Demo/{path.name}")
        assert answer.status == 301
        assert live.get(answer.headers["Location"]).body == path.read_bytes()


def test_an_upload_to_the_first_index_is_told_where_to_go(live):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = live.index.ask("POST", "/pypi", b"--x--\r\n", headers)
    assert answer.status == 410
    assert f"{live.url}/legacy/" in answer.reason
