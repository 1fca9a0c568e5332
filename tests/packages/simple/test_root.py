"""The root page in pieces: always the page that a rendering from nothing would give."""

from __future__ import annotations

import gzip
import io
import json
import random
import zlib
from pathlib import Path

import pytest
import urllib3
import zstandard
from django.utils import timezone

from accounts.actors import SYSTEM
from packages import journal, markers
from packages.models import Project
from packages.simple import lane, pages, preparing, renderers, root, root_files, store
from packages.simple.answers import Kind, Variant
from packages.simple.codings import Coding
from packages.simple.negotiation import Representation
from tests.packages.simple.test_lane import ask

pytestmark = pytest.mark.django_db
JSON = Variant(Representation.JSON, Coding.IDENTITY)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(root, "NAMES", 4)


def publish(*names: str) -> None:
    for name in names:
        project, _ = Project.objects.get_or_create(name=name, normalized_name=name)
        Project.objects.filter(pk=project.pk).update(published_at=timezone.now())
        journal.record(SYSTEM, project, "create")


def withdraw(*names: str) -> None:
    for name in names:
        Project.objects.filter(normalized_name=name).update(published_at=None)
        journal.record(SYSTEM, Project.objects.get(normalized_name=name), "remove project")


def advance() -> root_files.Manifest:
    manifest = root.advance(preparing.edition())
    expect(manifest)
    return manifest


def expect(manifest: root_files.Manifest) -> None:
    """Every file of the generation holds the page as it would be rendered from nothing."""
    links = sorted(pages.root_links(), key=lambda link: link.normalized_name)
    whole = {
        Kind.HTML: renderers.root_html(links),
        Kind.JSON: renderers.root_json(links, manifest.serial),
    }
    for kind, body in whole.items():
        assert read(manifest, kind, Coding.IDENTITY) == body
        packed = read(manifest, kind, Coding.GZIP)
        assert gzip.decompress(packed) == body
        decoder = zlib.decompressobj(wbits=31)  # one member, to the end
        assert decoder.decompress(packed) == body
        assert decoder.eof
        assert decoder.unused_data == b""
        assert zstandard.ZstdDecompressor().decompress(read(manifest, kind, Coding.ZSTD)) == body
    assert manifest.count == len(links)


def read(manifest: root_files.Manifest, kind: Kind, coding: Coding) -> bytes:
    return manifest.path(kind, coding).read_bytes()


def test_an_empty_index_has_a_page():
    assert advance().count == 0


def test_names_are_in_pieces_and_the_page_is_whole():
    publish(*(f"name-{number:02}" for number in range(20)))
    assert [piece.count for piece in advance().pieces] == [4, 4, 4, 4, 4]


def test_one_change_renders_one_piece(monkeypatch):
    publish(*(f"name-{number:02}" for number in range(20)))
    advance()
    rendered: list[int] = []
    part = renderers.root_json_part

    def counted(links):
        rendered.append(len(links))
        return part(links)

    monkeypatch.setattr(renderers, "root_json_part", counted)
    publish("name-10a")
    root.advance(preparing.edition())
    assert rendered == [5]


def test_without_a_change_nothing_is_written():
    publish("a")
    first = advance()
    assert advance().generation == first.generation


@pytest.mark.parametrize("names", [("name-00",), ("name-00", "name-01", "name-02", "name-03")])
def test_the_first_piece_may_go(names):
    publish(*(f"name-{number:02}" for number in range(12)))
    advance()
    withdraw(*names)
    advance()
    withdraw(*(f"name-{number:02}" for number in range(4, 12)))
    advance()
    withdraw(*(f"name-{number:02}" for number in range(4) if f"name-{number:02}" not in names))
    assert advance().count == 0
    publish("again")
    assert advance().count == 1


def test_whatever_happens_the_page_is_that_of_a_rendering_from_nothing():
    dice = random.Random(4)
    names = [f"{letter}{sign}{n}" for letter in "abz09" for sign in ("", "-") for n in range(12)]
    names = [name for name in names if "--" not in name]
    for _ in range(25):
        some = dice.sample(names, dice.randint(1, 9))
        there = set(Project.objects.known().values_list("normalized_name", flat=True))
        withdraw(*(name for name in some if name in there))
        publish(*(name for name in some if name not in there))
        manifest = advance()
        assert all(piece.count <= 2 * root.NAMES for piece in manifest.pieces)


def test_many_changes_render_everything_anew(monkeypatch):
    monkeypatch.setattr(root, "MANY", 3)
    publish("a", "b")
    advance()
    publish(*(f"c{number}" for number in range(20)))
    assert advance().count == 22


def test_a_broken_or_missing_generation_is_made_anew():
    publish("a", "b")
    manifest = advance()
    manifest.path(Kind.HTML, Coding.GZIP).unlink()
    assert advance().generation != manifest.generation
    (root_files.folder() / "manifest.json").write_text("{")
    assert advance().count == 2


def test_old_generations_go_when_nobody_sends_them(monkeypatch):
    publish("a")
    first = advance()
    publish("b")
    advance()
    assert first.path(Kind.JSON, Coding.GZIP).exists()
    monkeypatch.setattr(root_files, "KEPT_SECONDS", -1)
    publish("c")
    last = advance()
    left = {path.name for path in root_files.folder().iterdir()}
    assert {name.split(".")[0] for name in left - {"manifest.json"}} == {last.generation}


# -- who prepares it -----------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch):
    """An index that is large for a request, with a keeper."""
    monkeypatch.setattr(root, "SMALL", 3)
    publish(*(f"name-{number}" for number in range(5)))
    advance()
    markers.here().beat()
    yield
    markers.here().words[1] = 0


@pytest.mark.usefixtures("large")
def test_a_large_page_is_never_prepared_in_a_request():
    before = store.answer("", JSON).etag
    publish("new")
    markers.touch("new")
    assert store.answer("", JSON).etag == before
    root.advance(preparing.edition())  # the keeper
    after = store.answer("", JSON)
    assert after.etag != before
    assert b'"new"' in after.body


@pytest.mark.usefixtures("large")
def test_without_a_keeper_it_is():
    publish("new")
    markers.here().words[1] = 0
    assert b'"new"' in store.answer("", JSON).body


def test_who_keeps_a_large_index_has_something_to_do(monkeypatch):
    publish("a", "b")
    assert not root.is_large()
    monkeypatch.setattr(root, "SMALL", 1)
    assert root.is_large()
    advance()
    assert root.is_large()


# -- how it is sent ------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("accept", ["text/html", "application/vnd.pypi.simple.v1+json"])
def test_a_large_page_is_sent_from_its_file(monkeypatch, coding, accept):
    monkeypatch.setattr(root_files, "LARGE", 10)
    publish("a", "b")
    status, headers, body = ask(lane.answer, "/simple/", accept=accept, accept_encoding=coding)
    assert status == "200 OK"
    assert int(headers["Content-Length"]) == len(body)
    kind = Kind.HTML if accept == "text/html" else Kind.JSON
    assert isinstance(store.answer("", Variant(Representation(accept), Coding(coding))).body, Path)
    assert body == read(root_files.load(), kind, Coding(coding))


def test_its_file_may_be_swept_meanwhile(monkeypatch):
    monkeypatch.setattr(root_files, "LARGE", 10)
    publish("a", "b")
    ask(lane.answer, "/simple/")
    for path in root_files.folder().iterdir():
        path.unlink()
    store.forget()
    assert ask(lane.answer, "/simple/")[0] == "200 OK"


def test_urllib3_reads_the_joined_gzip():
    publish(*(f"name-{number:02}" for number in range(20)))
    advance()
    publish("name-10a")
    body = read(advance(), Kind.JSON, Coding.GZIP)
    answer = urllib3.HTTPResponse(
        io.BytesIO(body), {"content-encoding": "gzip"}, preload_content=False
    )
    assert len(json.loads(answer.read())["projects"]) == 21


def test_without_room_the_page_is_served_from_memory(settings, tmp_path, caplog):
    publish("a")
    settings.PAGES_DIR = tmp_path / "file"
    settings.PAGES_DIR.touch()
    assert b'"a"' in store.answer("", JSON).body
    assert "cannot be stored" in caplog.text
