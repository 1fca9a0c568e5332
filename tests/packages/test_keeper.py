"""The keeper: what he hears moves the markers, and his heart beats only while he hears."""

from __future__ import annotations

import itertools
import threading

import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts.actors import SYSTEM
from packages import journal, keeper, markers
from packages.markers import Markers, slot_of
from packages.models import Project
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Markers that nobody but the keeper moves: as if the writers were on another host."""
    own = Markers(tmp_path / "markers-test")
    monkeypatch.setattr(markers, "here", lambda: own)
    monkeypatch.setattr(markers, "touch", lambda name: None)
    monkeypatch.setattr(keeper, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(keeper, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(keeper, "_prepare_root", lambda: None)
    yield own
    connection.close()


def elsewhere(function, *arguments):
    """Run it on a connection of another thread."""

    def run():
        try:
            function(*arguments)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def change(name):
    project = Project.objects.create(name=name, normalized_name=name)
    with transaction.atomic():
        journal.record(SYSTEM, project, "create")


def test_a_change_on_another_host_moves_its_marker(here):
    listening = keeper.listen()
    next(listening)
    before = here.words[slot_of("demo")]
    elsewhere(change, "demo")
    next(listening)
    assert here.words[slot_of("demo")] > before
    assert here.words[slot_of("other")] == before


def test_many_changes_at_once_are_all_heard(here):
    listening = keeper.listen()
    next(listening)
    before = here.words.tolist()
    for number in range(20):
        elsewhere(change, f"demo-{number}")
    next(listening)
    next(listening)
    assert all(here.words[s] > before[s] for s in (slot_of(f"demo-{n}") for n in range(20)))


def test_who_begins_to_listen_counts_everything_as_changed(here):
    elsewhere(change, "demo")
    before = here.words.tolist()
    next(keeper.listen())
    assert all(new > old for old, new in zip(before[8:], here.words.tolist()[8:], strict=True))
    assert here.is_kept()


def test_the_heart_stops_with_the_connection(here):
    listening = keeper.listen()
    next(listening)
    here.words[1] = 0
    elsewhere(terminate)
    with pytest.raises(DatabaseError):
        list(itertools.islice(listening, 3))
    assert not here.is_kept()


def terminate():
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )


def test_after_a_lost_connection_he_listens_again_and_says_so(here, monkeypatch, caplog):
    beats = []

    def stop_at_last(function=keeper._beat):
        function()
        beats.append(here.words[slot_of("demo")])
        if len(beats) == 1:
            elsewhere(terminate)
        if len(beats) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(keeper, "_beat", stop_at_last)
    monkeypatch.setattr(keeper, "_HOUR", 0)
    with pytest.raises(KeyboardInterrupt):
        keeper.keep()
    assert beats == [1, 2]
    assert caplog.text.count("The keeper cannot listen") == 1
