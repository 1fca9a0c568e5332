"""Change markers: what one process changes, every other one sees."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.db import connection, transaction

from accounts.actors import SYSTEM
from packages import journal, markers
from packages.markers import INDEX, Markers, slot_of
from packages.models import Project
from pypi_site.run import ROOT
from tests.patience import PATIENCE

TOUCH = """
import sys
from pathlib import Path
from packages.markers import Markers
markers = Markers(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    markers.touch(9)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "markers-test"


def elsewhere(path: Path, times: int) -> subprocess.Popen[bytes]:
    """Another process, which touches slot 9."""
    return subprocess.Popen([sys.executable, "-c", TOUCH, str(path), str(times)], cwd=ROOT)


def test_a_touch_moves_the_counter_of_the_project_and_of_the_index(path):
    here = Markers(path)
    demo, other = slot_of("demo"), slot_of("other")
    here.touch(demo)
    assert (here.words[demo], here.words[INDEX], here.words[other]) == (1, 1, 0)


def test_another_process_sees_it_and_its_touches_are_seen(path):
    here = Markers(path)
    here.touch(9)
    assert elsewhere(path, 3).wait(PATIENCE) == 0
    assert here.words[9] == 4
    assert Markers(path).words[9] == 4


def test_no_touch_is_lost_among_processes_and_threads(path):
    here = Markers(path)
    others = [elsewhere(path, 300) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(here.touch, [9] * 400))
    assert [other.wait(PATIENCE) for other in others] == [0, 0]
    assert here.words[9] == here.words[INDEX] == 1000


def test_touching_all_leaves_no_counter_where_it_was(path):
    here = Markers(path)
    here.touch(slot_of("demo"))
    before = here.words.tolist()
    here.touch_all()
    after = here.words.tolist()
    assert after[INDEX] > before[INDEX]
    assert all(new == old + 1 for old, new in zip(before[8:], after[8:], strict=True))


def test_it_is_kept_while_the_heart_beats(path, monkeypatch):
    here = Markers(path)
    assert not here.is_kept()
    here.beat()
    assert here.is_kept()
    later = time.monotonic_ns() + markers.KEPT_NANOSECONDS
    monkeypatch.setattr(time, "monotonic_ns", lambda: later + 1)
    assert not here.is_kept()


def test_a_heartbeat_from_the_future_is_none(path, monkeypatch):
    here = Markers(path)
    here.beat()
    monkeypatch.setattr(time, "monotonic_ns", lambda: 1)
    assert not here.is_kept()


def test_without_a_file_a_process_has_markers_of_its_own(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.touch()
    here = Markers(blocked / "markers")
    assert not here.is_kept()
    assert here.words[INDEX] == 0
    assert "No change markers" in caplog.text


def test_markers_that_nobody_keeps_are_swept(tmp_path):
    old, used = tmp_path / "markers-old", tmp_path / "markers-used"
    for path in (old, used):
        path.touch()
    os.utime(old, (0, 0))
    markers.sweep(tmp_path)
    assert not old.exists()
    assert used.exists()


def test_a_file_in_use_is_not_swept(path, monkeypatch):
    here = Markers(path)
    os.utime(path, (0, 0))
    monkeypatch.setattr(markers, "here", lambda: here)
    markers.mark_as_used()
    markers.sweep(path.parent)
    assert path.exists()


def test_names_spread_over_the_slots():
    slots = {slot_of(f"project-{number}") for number in range(10_000)}
    assert len(slots) > 9_000
    assert min(slots) > INDEX


# -- the journal ---------------------------------------------------------------------------------


def demo() -> Project:
    return Project.objects.create(name="demo", normalized_name="demo")


@pytest.mark.django_db
def test_a_change_touches_when_it_is_committed_and_not_before(django_capture_on_commit_callbacks):
    words, slot = markers.here().words, slot_of("demo")
    before = words[slot]
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        journal.record(SYSTEM, demo(), "create")
        assert words[slot] == before
    assert words[slot] == before + 1


@pytest.mark.django_db
def test_a_marker_that_cannot_be_moved_fails_no_change(
    django_capture_on_commit_callbacks, monkeypatch, caplog
):
    def full(name):
        raise OSError("No space left on device")

    monkeypatch.setattr(markers, "touch", full)
    with django_capture_on_commit_callbacks(execute=True):
        entries = journal.record(SYSTEM, demo(), "create")
    assert entries
    assert "No space left" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_database_announces_a_change_with_its_commit():
    parameters = connection.get_connection_params()
    parameters = {k: parameters[k] for k in ("host", "port", "user", "dbname") if k in parameters}
    with psycopg.connect(**parameters, autocommit=True) as listener:
        listener.execute(f"listen {journal.CHANNEL}")
        project = demo()
        with transaction.atomic():
            journal.record(SYSTEM, project, "create", "add file")
            assert list(listener.notifies(timeout=0.2)) == []
        told = [message.payload for message in listener.notifies(timeout=PATIENCE, stop_after=1)]
    assert told == ["demo"]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_taken_back_touches_nothing():
    project = demo()
    before = markers.here().words[slot_of("demo")]
    with transaction.atomic():
        journal.record(SYSTEM, project, "create")
        transaction.set_rollback(True)
    assert markers.here().words[slot_of("demo")] == before


def test_a_reader_that_marks_first_never_keeps_what_is_old(path):
    """Mark, then read: whatever the interleaving, an old value has an old mark."""
    here, value, stop = Markers(path), [0], threading.Event()
    kept: list[tuple[int, int]] = []

    def read() -> None:
        while not stop.is_set():
            mark = here.words[9]
            kept.append((mark, value[0]))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 200):
        value[0] = number  # the commit
        here.touch(9)
    stop.set()
    reader.join()
    assert all(read_value >= mark for mark, read_value in kept)
