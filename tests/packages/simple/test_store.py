"""Prepared pages: when they are rendered, and when they are not."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from accounts.actors import SYSTEM
from packages import journal, markers, releases, renames
from packages.models import JournalEntry, Project
from packages.simple import documents, page_files, pages, preparing, renderers, store
from packages.simple.answers import Kind, Variant
from packages.simple.codings import Coding
from packages.simple.negotiation import Representation
from tests.factories.index import published
from tests.patience import PATIENCE

JSON = Variant(Representation.JSON, Coding.IDENTITY)
HTML = Variant(Representation.HTML, Coding.IDENTITY)
V1_HTML = Variant(Representation.V1_HTML, Coding.IDENTITY)
GZIP = Variant(Representation.JSON, Coding.GZIP)

pytestmark = pytest.mark.django_db


@pytest.fixture
def rendered(monkeypatch):
    """The names of all pages that are rendered."""
    names: list[str] = []
    body = preparing._body

    def counted(name, kind, serial):
        names.append(name)
        return body(name, kind, serial)

    monkeypatch.setattr(preparing, "_body", counted)
    return names


@pytest.fixture
def kept():
    """The keeper lives (and says nothing)."""
    markers.here().beat()
    yield markers.here()
    markers.here().words[1] = 0


@pytest.fixture
def no_database(monkeypatch):
    def fail(name):
        raise OperationalError("gone")

    monkeypatch.setattr(pages, "state_of", fail)


def yank():
    releases.yank(Project.objects.get().releases.get(), actor=SYSTEM, reason="Broken.")


def test_a_page_is_rendered_once(rendered, django_assert_num_queries):
    published()
    first = store.answer("demo", JSON)
    with django_assert_num_queries(1):  # no keeper: the serial
        assert store.answer("demo", JSON) is first
    assert rendered == ["demo"]


def test_with_a_keeper_a_page_is_sent_without_a_query(kept, django_assert_num_queries):
    published()
    store.answer("demo", JSON)
    with django_assert_num_queries(0):
        assert store.answer("demo", JSON)


def test_without_a_keeper_a_page_is_trusted_for_a_while(settings, django_assert_num_queries):
    settings.PAGES_RECHECK_SECONDS = 60
    published()
    store.answer("demo", JSON)
    with django_assert_num_queries(0):
        assert store.answer("demo", JSON)


def test_a_change_is_seen_when_the_marker_moves(kept, rendered):
    published()
    before = store.answer("demo", JSON)
    yank()  # its transaction is the test's: nobody has told yet
    assert store.answer("demo", JSON) is before
    markers.touch("demo")
    after = store.answer("demo", JSON)
    assert b'"yanked":"Broken."' in after.body
    assert after.etag != before.etag
    assert rendered == ["demo", "demo"]


def test_the_page_of_a_renamed_project_is_that_of_now_when_a_redirect_is_switched(kept):
    published()
    project = renames.rename(Project.objects.get(), "renewed", actor=SYSTEM)
    markers.touch("renewed")
    store.answer("renewed", JSON)
    renames.set_redirect(project.former_names.get(), actor=SYSTEM, on=False)
    markers.touch("demo")
    now = preparing.render("renewed", JSON.kind)
    assert store.answer("renewed", JSON).body == now.bodies[JSON.coding]


def test_a_name_in_the_same_slot_costs_a_query_and_no_rendering(kept, rendered):
    published()
    first = store.answer("demo", JSON)
    kept.touch(markers.slot_of("demo"))
    assert store.answer("demo", JSON) is first
    assert rendered == ["demo"]


def test_both_html_representations_share_their_bytes(rendered):
    published()
    html, v1 = store.answer("demo", HTML), store.answer("demo", V1_HTML)
    assert html.body is v1.body
    assert html.etag != v1.etag
    assert rendered == ["demo"]


def test_every_coding_has_an_etag_of_its_own():
    published()
    tags = {store.answer("demo", Variant(Representation.JSON, coding)).etag for coding in Coding}
    assert len(tags) == len(Coding)


def test_a_restart_takes_pages_from_the_disk(rendered):
    published()
    first = store.answer("demo", GZIP)
    store.forget()
    again = store.answer("demo", GZIP)
    assert (again.body, again.etag) == (first.body, first.etag)
    assert rendered == ["demo"]


def test_another_rendering_or_address_is_another_page(rendered, monkeypatch):
    published()
    before = store.answer("demo", JSON)
    store.forget()
    monkeypatch.setattr(renderers, "RENDERING", renderers.RENDERING + 1)
    preparing.edition.cache_clear()
    after = store.answer("demo", JSON)
    monkeypatch.undo()
    preparing.edition.cache_clear()
    assert before.etag != after.etag


def test_a_broken_file_is_rendered_anew(rendered):
    published()
    body = store.answer("demo", JSON).body
    path = page_files.load("demo", Kind.JSON).path
    path.write_bytes(path.read_bytes()[:-40] + bytes(40))
    store.forget()
    assert store.answer("demo", JSON).body == body
    assert rendered == ["demo", "demo"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]\n", b'{"serial": 1}\n', b"\xff\xff\n"])
def test_what_is_no_page_is_no_page(rendered, content):
    published()
    store.answer("demo", JSON)
    page_files.load("demo", Kind.JSON).path.write_bytes(content)
    store.forget()
    assert b'"name":"demo"' in store.answer("demo", JSON).body
    assert len(rendered) == 2


def test_without_room_on_the_disk_pages_are_served_from_memory(settings, tmp_path, caplog):
    settings.PAGES_DIR = tmp_path / "file"
    settings.PAGES_DIR.touch()
    published()
    assert b'"name":"demo"' in store.answer("demo", JSON).body
    assert store.answer("demo", GZIP).body
    assert "cannot be stored" in caplog.text


def test_a_replaced_file_is_not_mixed_with_the_new_one():
    published()
    old = page_files.load("demo", Kind.JSON) or preparing.prepare("demo", Kind.JSON)
    yank()
    preparing.prepare("demo", Kind.JSON)
    assert old.read(Coding.GZIP) is None
    assert store.answer("demo", JSON)


def test_an_unknown_name_has_no_page():
    assert store.answer("nothing", JSON) is None


def test_a_project_that_is_gone_has_no_page_any_more():
    published()
    store.answer("demo", JSON)
    Project.objects.update(published_at=None)
    assert store.answer("demo", JSON) is None
    assert page_files.load("demo", Kind.JSON) is None


def test_a_change_while_it_is_rendered_starts_the_rendering_again(monkeypatch):
    published()
    body = preparing._body
    calls: list[str] = []

    def interrupted(name, kind, serial):
        made = body(name, kind, serial)
        if not calls:
            yank()
        calls.append(name)
        return made

    monkeypatch.setattr(preparing, "_body", interrupted)
    answer = store.answer("demo", JSON)
    assert b"Broken." in answer.body
    assert f'"_last-serial":{Project.objects.get().serial}'.encode() in answer.body
    assert len(calls) == 2


# -- another database ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["demo", ""])
def test_a_serial_that_another_history_gave_anew_is_another_page(name):
    """After a restore, or a fail-over to a replica that had not heard of the last change."""
    release = published()
    before = store.answer(name, JSON)
    newest = Project.objects.get().serial
    JournalEntry.objects.filter(serial=newest).update(at=timezone.now() + timedelta(seconds=1))
    type(release).objects.filter(pk=release.pk).update(yanked_at=timezone.now())
    Project.objects.update(name="Demo")
    after = store.answer(name, JSON)
    assert after.body != before.body
    assert after.etag != before.etag
    assert f'"_last-serial":{newest}'.encode() in after.body


def test_the_root_goes_back_with_its_history():
    published()
    published("lost")
    assert b"lost" in store.answer("", JSON).body
    lost = Project.objects.get(normalized_name="lost")
    JournalEntry.objects.filter(project="lost").delete()
    Project.objects.filter(pk=lost.pk).update(published_at=None)
    for name in ("one", "two", "three"):  # past the serial that the files have
        published(name)
    body = store.answer("", JSON).body
    assert b"three" in body
    assert b"lost" not in body


# -- the database is away ------------------------------------------------------------------------


def test_prepared_pages_are_served_without_the_database(request, caplog):
    published()
    first = store.answer("demo", JSON)
    request.getfixturevalue("no_database")
    assert store.answer("demo", JSON) is first
    assert store.answer("demo", JSON) is first
    assert caplog.text.count("The database is away") == 1


def test_after_a_restart_too(request):
    published()
    body = store.answer("demo", JSON).body
    store.forget()
    request.getfixturevalue("no_database")
    assert store.answer("demo", JSON).body == body


def test_what_is_not_prepared_waits_for_the_database(no_database):
    with pytest.raises(OperationalError):
        store.answer("demo", JSON)


def test_a_database_that_is_away_is_asked_once_a_second(no_database, monkeypatch):
    asked: list[str] = []

    def fail(name):
        asked.append(name)
        _gone()

    monkeypatch.setattr(pages, "state_of", fail)
    for _ in range(5):
        with pytest.raises(OperationalError):
            store.answer("demo", JSON)
    assert asked == ["demo"]
    later = time.monotonic_ns() + 2 * documents.SECOND
    monkeypatch.setattr(time, "monotonic_ns", lambda: later)
    with pytest.raises(OperationalError):
        store.answer("demo", JSON)
    assert asked == ["demo", "demo"]


def _gone():
    raise OperationalError("gone")


def test_what_changed_while_it_was_away_is_seen_when_it_is_back(monkeypatch, caplog):
    published()
    store.answer("demo", JSON)
    with monkeypatch.context() as patch:
        patch.setattr(pages, "state_of", lambda name: _gone())
        assert store.answer("demo", JSON)
    yank()
    store.database._try_again = 0  # a second later
    assert b"Broken." in store.answer("demo", JSON).body
    assert "The database is back" in caplog.text


# -- Last-Modified -------------------------------------------------------------------------------


def test_a_page_tells_when_it_changed(monkeypatch):
    published()
    JournalEntry.objects.update(at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    answer = store.answer("demo", JSON)
    assert ("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT") in answer.headers
    assert answer.is_known(None, "Fri, 02 Jan 2026 03:04:05 GMT")
    assert answer.is_known(None, "Fri, 02 Jan 2026 03:04:06 GMT")
    assert not answer.is_known(None, "Fri, 02 Jan 2026 03:04:04 GMT")
    assert not answer.is_known('"another"', "Fri, 02 Jan 2026 03:04:05 GMT")
    assert not answer.is_known(None, "yesterday")


def test_while_another_change_may_fall_into_its_second_it_does_not(monkeypatch):
    published()
    early = store.answer("demo", JSON)
    assert early.modified is None
    later = time.monotonic_ns() + 6 * documents.SECOND
    monkeypatch.setattr(time, "monotonic_ns", lambda: later)
    late = store.answer("demo", JSON)
    assert late.modified
    assert late.etag == early.etag
    assert store.answer("demo", JSON) is late


@pytest.mark.parametrize("tags", ["*", "W/{}", '"x", {}', "{}"])
def test_if_none_match_compares_weakly(tags):
    published()
    answer = store.answer("demo", JSON)
    assert answer.is_known(tags.format(answer.etag), None)
    assert not answer.is_known('"x", W/"y"', None)


# -- room ----------------------------------------------------------------------------------------


def test_memory_is_bounded_and_what_is_used_stays(settings):
    settings.PAGES_MEMORY = 60_000
    for number in range(30):
        name = f"demo-{number}"
        now = timezone.now()
        project = Project.objects.create(name=name, normalized_name=name, published_at=now)
        journal.record(SYSTEM, project, "create")
        assert store.answer(f"demo-{number}", JSON)
        if number:
            store.documents.get(("demo-0", Kind.JSON)).used = True
    held = [n for n in range(30) if store.documents.get((f"demo-{n}", Kind.JSON))]
    assert 0 in held
    assert 29 in held
    assert len(held) < 20
    assert store.documents._size == sum(store.documents._sizes.values()) <= 60_000


def test_pages_that_nobody_wants_are_swept():
    for name in ("demo", "other"):
        published(name=name)
        store.answer(name, JSON)
    unused = page_files.load("other", Kind.JSON).path
    os.utime(unused, (0, 0))
    left = unused.with_name(".other.json.0123")
    left.touch()
    os.utime(left, (0, 0))
    assert page_files.sweep() == 2
    assert page_files.load("demo", Kind.JSON)
    assert not unused.exists()


def test_a_page_that_is_read_again_is_not_swept():
    published()
    store.answer("demo", JSON)
    old = time.time() - timedelta(days=40).total_seconds()
    os.utime(page_files.load("demo", Kind.JSON).path, (old, old))
    store.forget()
    store.answer("demo", JSON)
    assert page_files.sweep() == 0


# -- many at once --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_32_readers_one_renders_a_page_that_changed(rendered, kept):
    published()
    store.answer("demo", JSON)
    yank()
    rendered.clear()
    barrier = threading.Barrier(32)

    def read(_):
        barrier.wait(PATIENCE)
        try:
            return store.answer("demo", JSON)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(32) as pool:
        bodies = {answer.body for answer in pool.map(read, range(32))}
    assert len(bodies) == 1
    assert b"Broken." in bodies.pop()
    assert rendered == ["demo"]
