"""The simple API on the wire: PEP 503, 592, 629, 658, 691, 700, 714, 792; ids of assertions."""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from packaging.specifiers import SpecifierSet

from tests.factories.dists import make_sdist, make_wheel
from tests.protocol.clients import JSON, V1_HTML, Answer, Index, parse_page
from tests.protocol.conftest import People
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol

HTML = "text/html; charset=utf-8"
PAGE = "/simple/simple-api/"
YANK_REASON = 'bad <b>"x"&'
STATUS_REASON = 'moved to <a href="x">'
SPECIFIER = ">=3.8,<4"
STATES = f"""
from accounts.actors import SYSTEM
from packages import files, projects, releases
from packages.models import File, Project, Release
def release(version):
    return Release.objects.get(project__normalized_name="simple-api", version=version)
releases.yank(release("1.1"), actor=SYSTEM, reason={YANK_REASON!r})
releases.yank(release("1.2"), actor=SYSTEM)
releases.yank(release("1.3"), actor=SYSTEM, reason="by mistake")
releases.unyank(release("1.3"), actor=SYSTEM)
for verb in (projects.archive, projects.deprecate, projects.quarantine):
    project = Project.objects.get(normalized_name=f"simple-{{verb.__name__}}")
    verb(project, actor=SYSTEM, reason={STATUS_REASON!r})
restored = Project.objects.get(normalized_name="simple-restored")
projects.quarantine(restored, actor=SYSTEM)
projects.activate(restored, actor=SYSTEM)
emptied = File.objects.get(release__project__normalized_name="simple-emptied")
files.delete(emptied, actor=SYSTEM, reason="Gone.")
"""


@dataclass(frozen=True)
class Site:
    """What stands on the index, and where it came from."""

    index: Index
    url: str
    paths: dict[str, Path]
    held: Path

    def page(self, accept: str | None = None, path: str = PAGE, **headers: str) -> Answer:
        return self.index.get(path, **({"accept": accept} if accept is not None else {}), **headers)

    def files(self, name: str = "simple-api") -> list[dict[str, Any]]:
        return self.index.project(name)["files"]


@pytest.fixture(scope="module")
def site(live: Server, people: People, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("dists")
    needs = f"Requires-Python: {SPECIFIER}"
    name = "Simple.API"
    paths = [
        make_wheel(folder, name, "1.0", extra_metadata=needs),
        make_sdist(folder, name, "1.0", extra_metadata=needs),
        make_sdist(folder, name, "0.1", metadata_version="2.1"),
        *(make_wheel(folder, name, version) for version in ("1.1", "1.2", "1.3", "1!0.5", "1.10")),
        make_wheel(folder, name, "2.0rc1", files={"simple_api/data": bytes(range(256)) * 40}),
    ]
    statuses = ("archive", "deprecate", "quarantine", "restored", "emptied")
    paths += [make_wheel(folder, f"simple-{status}") for status in statuses]
    for path in paths:
        answer = live.index.upload(path, people.trusted)
        assert answer.status == 200, answer.text
    held = make_wheel(folder, "simple-held")
    assert live.index.upload(held, people.newcomer).status == 202
    live.script(STATES)
    return Site(live.index, live.url, {path.name: path for path in paths}, held)


def checks(assertion: str, *values: Any) -> Any:
    """A test's parameters with the assertion's id."""
    return pytest.param(*values, id=assertion)


# -- negotiation ---------------------------------------------------------------------------------

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PIP = f"{JSON}, {V1_HTML}; q=0.1, text/html; q=0.01"
UV = f"{JSON}, {V1_HTML};q=0.2, text/html;q=0.01"
LATEST = "application/vnd.pypi.simple.latest"


@pytest.mark.parametrize("path", ["/simple/", PAGE], ids=["root", "project"])
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        checks("NEG-1", None, HTML),
        checks("NEG-2", "*/*", HTML),
        checks("NEG-3", "text/html", HTML),
        checks("NEG-4", BROWSER, HTML),
        checks("NEG-5", JSON, JSON),
        checks("NEG-6", V1_HTML, V1_HTML),
        checks("NEG-7", PIP, JSON),
        checks("NEG-8", UV, JSON),
        checks("NEG-9", f"{JSON}, */*;q=0.1", JSON),
        checks("NEG-10", f"{LATEST}+json", JSON),
        checks("NEG-11", f"{LATEST}+html", V1_HTML),
        checks("NEG-15", f"{JSON};q=0, text/html", HTML),
        checks("NEG-17", "application/*", JSON),
        checks("NEG-18", "text/*", HTML),
        checks("NEG-19", "garbage", HTML),
        checks("NEG-20-parameter", f"{JSON};charset=utf-8", JSON),
        checks("NEG-20-case", JSON.upper(), JSON),
    ],
)
def test_a_client_gets_what_it_accepts(site: Site, path: str, accept: str | None, expected: str):
    answer = site.page(accept, path)
    assert (answer.status, answer.type) == (200, expected)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/simple/", PAGE], ids=["root", "project"])
@pytest.mark.parametrize(
    "accept",
    [
        checks("NEG-12", "application/vnd.pypi.simple.v2+json"),
        checks("NEG-13", "application/json"),
        checks("NEG-14", "image/png"),
        checks("NEG-16", f"{JSON};q=0"),
    ],
)
def test_what_suits_nobody_is_406_and_names_the_three_types(site: Site, path: str, accept: str):
    answer = site.page(accept, path)
    assert answer.status == 406
    assert answer.type.startswith(("text/plain", "application/problem+json"))
    assert all(offered in answer.text for offered in (JSON, V1_HTML, "text/html"))


@pytest.mark.parametrize(
    ("wanted", "status", "expected"),
    [
        checks("NEG-21-json", JSON, 200, JSON),
        checks("NEG-21-json-encoded", JSON.replace("+", "%2B"), 200, JSON),
        checks("NEG-21-html", "text/html", 200, HTML),
        checks("NEG-21-unknown", "application/json", 406, "text/plain; charset=utf-8"),
        checks("NEG-21-any", "*/*", 406, "text/plain; charset=utf-8"),
        checks("NEG-21-two", f"{JSON},text/html", 406, "text/plain; charset=utf-8"),
    ],
)
def test_format_beats_accept(site: Site, wanted: str, status: int, expected: str):
    answer = site.page("text/html", f"{PAGE}?format={wanted}")
    assert (answer.status, answer.type) == (status, expected)


def test_every_representation_has_an_etag_of_its_own_NEG_23(site: Site):  # noqa: N802
    tags = {site.page(accept).headers["ETag"] for accept in (JSON, V1_HTML, "text/html")}
    assert len(tags) == 3


# -- names ---------------------------------------------------------------------------------------


def test_a_page_is_found_by_the_normalized_name_NAM_1(site: Site):  # noqa: N802
    assert site.page(JSON).json["name"] == "simple-api"


@pytest.mark.parametrize("name", ["simple_api", "SIMPLE-api", "simple--api", "simple._-api"])
def test_every_spelling_belongs_to_the_same_project_NAM_2(  # noqa: N802
    site: Site, people: People, tmp_path: Path, name: str
):
    path = make_wheel(tmp_path, name, "7.0")
    assert site.index.upload(path, people.newcomer).status == 403


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        checks("NAM-4-capitals", "/simple/Simple.API/", PAGE),
        checks("NAM-4-query", f"/simple/simple_api/?format={JSON}", f"{PAGE}?format={JSON}"),
        checks("NAM-6-project", "/simple/simple-api", PAGE),
        checks("NAM-6-spelling", "/simple/Simple.API", PAGE),
        checks("NAM-6-root", "/simple", "/simple/"),
    ],
)
def test_other_addresses_lead_to_the_page(site: Site, asked: str, target: str):
    answer = site.page(path=asked)
    assert answer.status in (301, 308)
    assert urlsplit(answer.headers["Location"])._replace(scheme="", netloc="").geturl() == target


def test_every_address_that_we_emit_is_normalized_already_NAM_5(site: Site):  # noqa: N802
    for anchor in site.page("text/html", "/simple/").anchors:
        assert re.fullmatch(r"/simple/[a-z0-9]+(-[a-z0-9]+)*/", anchor.href)


@pytest.mark.parametrize("name", ["foo%0a", "foo%00", "%2e%2e", "f%C3%B6%C3%B6", "-x", "a" * 200])
def test_what_is_no_name_is_not_found_and_no_error_NAM_7(site: Site, name: str):  # noqa: N802
    answer = site.page(path=f"/simple/{name}/")
    assert answer.status == 404
    assert answer.type.startswith("text/plain")


# -- the pages in HTML ---------------------------------------------------------------------------


def test_the_root_links_every_project_once_SIM_1(site: Site):  # noqa: N802
    answer = site.page("text/html", "/simple/")
    assert answer.text.startswith("<!DOCTYPE html>")
    links = [urljoin("/simple/", anchor.href) for anchor in answer.anchors]
    assert len(links) == len(set(links))
    assert PAGE in links
    assert "/simple/simple-held/" not in links


def test_the_text_of_an_anchor_is_the_filename_SIM_2(site: Site):  # noqa: N802
    anchors = site.page("text/html").anchors
    assert anchors
    for anchor in anchors:
        assert anchor.text == unquote(urlsplit(anchor.href).path.rpartition("/")[2])


def test_the_fragment_is_the_digest_of_the_bytes_SIM_3(site: Site):  # noqa: N802
    for anchor in site.page("text/html").anchors:
        served = site.index.get(urlsplit(anchor.href).path).body
        assert urlsplit(anchor.href).fragment == f"sha256={hashlib.sha256(served).hexdigest()}"
        assert served == site.paths[anchor.text].read_bytes()


@pytest.mark.parametrize("path", ["/simple/", PAGE])
def test_html_says_version_1_4_SIM_4_APV_3(site: Site, path: str):  # noqa: N802
    assert parse_page(site.page("text/html", path).text).meta["pypi:repository-version"] == "1.4"


def anchor_of(site: Site, part: str, path: str = PAGE) -> dict[str, str | None]:
    [anchor] = [item for item in site.page("text/html", path).anchors if part in item.text]
    return anchor.attributes


def test_requires_python_is_escaped_SIM_5(site: Site):  # noqa: N802
    assert 'data-requires-python="&gt;=3.8,&lt;4"' in site.page("text/html").text
    assert SpecifierSet(str(anchor_of(site, "1.0-py3")["data-requires-python"])) == SpecifierSet(
        SPECIFIER
    )


@pytest.mark.parametrize(
    ("version", "value"),
    [checks("SIM-6", "1.2", ""), checks("SIM-7", "1.1", YANK_REASON)],
)
def test_a_yank_shows_in_its_attribute(site: Site, version: str, value: str):
    assert anchor_of(site, f"-{version}-")["data-yanked"] == value
    assert "data-yanked " not in site.page("text/html").text


@pytest.mark.parametrize("version", ["1.0", "1.3"])
def test_what_is_not_yanked_has_no_attribute_SIM_8(site: Site, version: str):  # noqa: N802
    assert "data-yanked" not in anchor_of(site, f"-{version}-py3")


def test_metadata_is_advertised_twice_alike_or_not_at_all_SIM_9(site: Site):  # noqa: N802
    wheel, old_sdist = anchor_of(site, "1.0-py3"), anchor_of(site, "0.1.tar.gz")
    assert re.fullmatch("sha256=[0-9a-f]{64}", str(wheel["data-core-metadata"]))
    assert wheel["data-core-metadata"] == wheel["data-dist-info-metadata"]
    assert {"data-core-metadata", "data-dist-info-metadata"}.isdisjoint(old_sdist)


def test_no_signatures_are_promised_SIM_10(site: Site):  # noqa: N802
    assert "gpg-sig" not in site.page("text/html").text


@pytest.mark.parametrize(
    ("project", "status"),
    [("archive", "archived"), ("deprecate", "deprecated"), ("quarantine", "quarantined")],
)
def test_the_status_of_a_project_and_its_reason_are_shown_SIM_12_STA_6(  # noqa: N802
    site: Site, project: str, status: str
):
    path = f"/simple/simple-{project}/"
    meta = parse_page(site.page("text/html", path).text).meta
    assert meta["pypi:project-status"] == status
    assert meta["pypi:project-status-reason"] == STATUS_REASON
    told = site.page(JSON, path).json["project-status"]
    assert told == {"status": status, "reason": STATUS_REASON}


def test_an_active_project_is_marked_in_json_only_STA_6(site: Site):  # noqa: N802
    assert "pypi:project-status" not in parse_page(site.page("text/html").text).meta
    assert site.page(JSON).json["project-status"] == {"status": "active"}


def test_reserved_and_unknown_names_look_the_same_SIM_13(site: Site):  # noqa: N802
    unknown = site.page(path="/simple/never-existed/")
    reserved = site.page(path="/simple/simple-held/")
    assert (unknown.status, unknown.type) == (404, "text/plain; charset=utf-8")
    assert "<" not in unknown.text
    assert (reserved.status, reserved.type, reserved.body) == (
        unknown.status,
        unknown.type,
        unknown.body,
    )


def test_an_unknown_project_is_404_in_json_too_JSN_20(site: Site):  # noqa: N802
    answer = site.page(JSON, "/simple/never-existed/")
    assert answer.status == 404
    assert answer.type


def test_a_project_without_files_has_a_page_SIM_14_JSN_3(site: Site):  # noqa: N802
    path = "/simple/simple-emptied/"
    assert site.page("text/html", path).anchors == []
    page = site.page(JSON, path).json
    assert (page["files"], page["versions"]) == ([], ["1.0"])


def test_anchors_stand_on_lines_of_their_own_SIM_15_SIM_16_SIM_17(site: Site):  # noqa: N802
    lines = [line for line in site.page("text/html").text.splitlines() if "<a" in line]
    assert len(lines) == len(site.files())
    for line in lines:
        assert re.fullmatch(r'<a( [a-z-]+="[^"<>]*")+>[^<]+</a><br>', line)
        assert "rel=" not in line


# -- the pages in JSON ---------------------------------------------------------------------------


def test_root_and_project_say_the_same_version_JSN_1_APV_1(site: Site):  # noqa: N802
    versions = {site.page(JSON, path).json["meta"]["api-version"] for path in ("/simple/", PAGE)}
    assert versions == {"1.4"}


def test_versions_are_unique_normal_and_of_every_file_JSN_3_VER_4(site: Site):  # noqa: N802
    versions = site.page(JSON).json["versions"]
    assert versions == ["0.1", "1.0", "1.1", "1.2", "1.3", "1.10", "2.0rc1", "1!0.5"]


def test_size_is_the_number_of_bytes_JSN_4(site: Site):  # noqa: N802
    for file in site.files():
        assert type(file["size"]) is int
        head = site.index.ask("HEAD", file["url"])
        assert int(head.headers["Content-Length"]) == file["size"]


def test_hashes_are_sha256_alone_JSN_5(site: Site):  # noqa: N802
    for file in site.files():
        data = site.paths[file["filename"]].read_bytes()
        assert file["hashes"] == {"sha256": hashlib.sha256(data).hexdigest()}


def test_every_file_has_its_upload_time_in_utc_JSN_6_JSN_7(site: Site):  # noqa: N802
    for file in site.files():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", file["upload-time"])
        age = datetime.now(UTC) - datetime.fromisoformat(file["upload-time"])
        assert 0 <= age.total_seconds() < 3600


def test_yanked_is_a_reason_or_a_boolean_JSN_8_YNK_1(site: Site):  # noqa: N802
    yanked = {file["filename"].split("-")[1]: file["yanked"] for file in site.files()}
    assert yanked["1.1"] == YANK_REASON
    assert yanked["1.2"] is True
    assert yanked["1.3"] is False
    assert yanked["1.10"] is False


def test_core_metadata_is_a_digest_or_false_JSN_9_JSN_10(site: Site):  # noqa: N802
    for file in site.files():
        old = file["filename"].endswith("0.1.tar.gz")
        wanted = False if old else {"sha256": metadata_digest(site, file["filename"])}
        assert file["core-metadata"] == wanted
        assert "dist-info-metadata" not in file  # pip 22.3 to 23.0 breaks over it
        assert "data-dist-info-metadata" not in file


def test_requires_python_is_a_specifier_or_absent_JSN_11(site: Site):  # noqa: N802
    said = {file["filename"]: file.get("requires-python") for file in site.files()}
    assert SpecifierSet(said["simple_api-1.0-py3-none-any.whl"]) == SpecifierSet(SPECIFIER)
    assert said["simple_api-1.1-py3-none-any.whl"] is None
    assert all("requires-python" not in file or file["requires-python"] for file in site.files())


def test_addresses_in_json_have_no_fragment_JSN_14_JSN_15(site: Site):  # noqa: N802
    for file in site.files():
        assert "#" not in file["url"]
        assert urlsplit(file["url"]).path.endswith(f"/{file['filename']}")


def test_files_are_in_order_of_version_then_filename_JSN_16(site: Site):  # noqa: N802
    order = [file["filename"].split("-")[1].removesuffix(".tar.gz") for file in site.files()]
    assert order == ["0.1", "1.0", "1.0", "1.1", "1.2", "1.3", "1.10", "2.0rc1", "1!0.5"]


def test_serials_are_there_for_mirrors_JSN_17_SIM_22(site: Site):  # noqa: N802
    page, root = site.page(JSON), site.page(JSON, "/simple/")
    serial = page.json["meta"]["_last-serial"]
    assert page.headers["X-PyPI-Last-Serial"] == str(serial)
    listed = {item["name"]: item["_last-serial"] for item in root.json["projects"]}
    assert listed["Simple.API"] == serial
    assert root.json["meta"]["_last-serial"] >= serial


def test_json_is_utf8_without_a_mark_JSN_18(site: Site):  # noqa: N802
    assert site.page(JSON).body.decode("utf-8").startswith("{")


# -- status --------------------------------------------------------------------------------------


def test_a_quarantined_project_has_a_page_and_no_files_STA_3(site: Site):  # noqa: N802
    path = site.paths["simple_quarantine-1.0-py3-none-any.whl"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert site.files("simple-quarantine") == []
    for suffix in ("", ".metadata"):
        assert site.index.get(f"/files/{digest}/{path.name}{suffix}").status == 404


@pytest.mark.parametrize("name", ["restored", "archive", "deprecate"])
def test_other_projects_serve_the_same_bytes_STA_4_STA_5(site: Site, name: str):  # noqa: N802
    filename = f"simple_{name}-1.0-py3-none-any.whl"
    served = site.index.download(f"simple-{name}", filename)
    assert served == site.paths[filename].read_bytes()


@pytest.mark.parametrize("project", ["archive", "quarantine"])
def test_archived_and_quarantined_projects_take_no_uploads_STA_1_STA_2(  # noqa: N802
    site: Site, people: People, tmp_path: Path, project: str
):
    path = make_wheel(tmp_path, f"simple-{project}", "2.0")
    answer = site.index.upload(path, people.trusted)
    assert answer.status == 403
    assert "takes no uploads" in answer.reason


def test_a_held_file_is_nowhere(site: Site):
    digest = hashlib.sha256(site.held.read_bytes()).hexdigest()
    for suffix in ("", ".metadata"):
        assert site.index.get(f"/files/{digest}/{site.held.name}{suffix}").status == 404


def test_a_deleted_file_is_gone_and_its_name_used_for_ever_UPL_5(  # noqa: N802
    site: Site, people: People
):
    path = site.paths["simple_emptied-1.0-py3-none-any.whl"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert site.index.get(f"/files/{digest}/{path.name}").status == 404
    answer = site.index.upload(path, people.trusted)
    assert answer.status == 409
    assert "deleted" in answer.text


# -- metadata files and files --------------------------------------------------------------------


def metadata_digest(site: Site, filename: str) -> str:
    path = site.paths[filename]
    return hashlib.sha256(metadata_inside(path)).hexdigest()


def metadata_inside(path: Path) -> bytes:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            [name] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
            return wheel.read(name)
    import tarfile

    with tarfile.open(path) as sdist:
        file = sdist.extractfile(f"{path.name.removesuffix('.tar.gz')}/PKG-INFO")
        assert file
        return file.read()


def test_the_metadata_file_is_the_one_inside_MDF_1_MDF_2_MDF_4_MDF_5(site: Site):  # noqa: N802
    advertised = [file for file in site.files() if file["core-metadata"]]
    assert {Path(file["filename"]).suffix for file in advertised} == {".whl", ".gz"}
    for file in advertised:
        answer = site.index.get(file["url"] + ".metadata")
        assert answer.status == 200
        assert answer.body == metadata_inside(site.paths[file["filename"]])
        assert answer.type == "text/plain; charset=utf-8"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_yanked_files_and_their_metadata_download_YNK_2_YNK_3(  # noqa: N802
    site: Site, version: str
):
    [file] = [file for file in site.files() if f"-{version}-" in file["filename"]]
    assert site.index.get(file["url"]).status == 200
    assert site.index.get(file["url"] + ".metadata").status == 200
    assert version in site.page(JSON).json["versions"]


@pytest.fixture
def large(site: Site) -> tuple[str, bytes]:
    """The address and the bytes of a file worth a range."""
    filename = "simple_api-2.0rc1-py3-none-any.whl"
    [file] = [file for file in site.files() if file["filename"] == filename]
    return file["url"], site.paths[filename].read_bytes()


def test_files_are_immutable_and_sent_as_they_are_SIM_18_SIM_20(  # noqa: N802
    site: Site, large: tuple[str, bytes]
):
    url, data = large
    answer = site.index.get(url, accept_encoding="gzip, br, zstd")
    assert answer.body == data
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Encoding"] is None
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert hashlib.sha256(data).hexdigest() in url


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("0-0", 0, 0), ("10-19", 10, 19), ("-50", -50, -1), ("100-", 100, -1), ("5-999999", 5, -1)],
)
def test_a_range_is_sent_alone_SIM_20(  # noqa: N802
    site: Site, large: tuple[str, bytes], wanted: str, first: int, last: int
):
    url, data = large
    first, last = first % len(data), last % len(data)
    answer = site.index.get(url, range=f"bytes={wanted}")
    assert answer.status == 206
    assert answer.body == data[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(data)}"


def test_a_range_outside_the_file_is_416_SIM_20(  # noqa: N802
    site: Site, large: tuple[str, bytes]
):
    url, data = large
    answer = site.index.get(url, range=f"bytes={len(data)}-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize("wanted", ["bytes=5-3", "lines=1-2", "bytes=a-b", "bytes=0-1,4-5"])
def test_a_range_that_we_do_not_serve_gets_the_whole_file_SIM_20(  # noqa: N802
    site: Site, large: tuple[str, bytes], wanted: str
):
    url, data = large
    answer = site.index.get(url, range=wanted)
    assert (answer.status, answer.body) == (200, data)


def test_a_range_of_another_version_gets_the_whole_file(site: Site, large: tuple[str, bytes]):
    url, data = large
    answer = site.index.get(url, range="bytes=0-9", if_range='"another"')
    assert (answer.status, answer.body) == (200, data)


@pytest.mark.parametrize("what", ["root", "project", "file", "metadata"])
def test_head_says_what_get_says_SIM_19(  # noqa: N802
    site: Site, large: tuple[str, bytes], what: str
):
    path = {
        "root": "/simple/",
        "project": PAGE,
        "file": large[0],
        "metadata": f"{large[0]}.metadata",
    }
    head, get = site.index.ask("HEAD", path[what]), site.index.get(path[what])
    ignored = {"Date", "Connection"}
    assert head.status == get.status == 200
    assert head.body == b""
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in get.headers.items() if k not in ignored
    }


@pytest.mark.parametrize("accept", [JSON, V1_HTML, "text/html"])
@pytest.mark.parametrize("path", ["/simple/", PAGE], ids=["root", "project"])
def test_who_has_the_page_already_gets_304_SIM_18(  # noqa: N802
    site: Site, path: str, accept: str
):
    first = site.page(accept, path)
    again = site.page(accept, path, if_none_match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    other = site.page(accept, path, if_none_match='"older"')
    assert other.body == first.body


@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_who_has_the_file_already_gets_304(site: Site, large: tuple[str, bytes], suffix: str):
    first = site.index.get(large[0] + suffix)
    again = site.index.get(large[0] + suffix, if_none_match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_a_project_page_is_never_old_for_more_than_a_minute_SIM_18_SIM_21(  # noqa: N802
    site: Site,
):
    answer = site.page(JSON)
    age = re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])
    assert age
    assert int(age[1]) <= 60
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_an_upload_changes_the_etag_of_its_page_at_once(site: Site, people: People, tmp_path: Path):
    path = "/simple/simple-restored/"
    before = site.page(JSON, path).headers["ETag"]
    assert (
        site.index.upload(make_wheel(tmp_path, "simple-restored", "3"), people.trusted).status
        == 200
    )
    answer = site.page(JSON, path, if_none_match=before)
    assert answer.status == 200
    assert answer.json["versions"] == ["1.0", "3"]


@pytest.mark.parametrize("suffix", ["", ".metadata", ".asc"])
def test_an_unknown_file_is_404_in_plain_text(site: Site, suffix: str):
    answer = site.index.get(f"/files/{'0' * 64}/nothing-1.0-py3-none-any.whl{suffix}")
    assert answer.status == 404
    assert answer.type.startswith("text/plain")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_are_only_read(site: Site, method: str):
    answer = site.index.ask(method, PAGE)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


def test_hatch_finds_the_files_under_the_upload_address_UPL_25(site: Site):  # noqa: N802
    answer = site.index.get("/legacy/%2Bsimple/Simple.API/")
    assert (answer.status, answer.type) == (200, HTML)
    assert len(answer.anchors) == len(site.files())


def test_where_hatch_sends_people_leads_to_the_release_UPL_24(site: Site):  # noqa: N802
    answer = site.index.get("/legacy/simple-api/1.0/")
    assert answer.status == 301
    assert site.index.get(answer.headers["Location"]).status == 200
