"""What many do at the same time ends as if they had queued up."""

from __future__ import annotations

import os
import threading
import time
from functools import partial

import pytest
from django.db import connection, transaction

from accounts.actors import SYSTEM
from moderation import decisions
from moderation.models import Decision
from packages import access, files, journal, projects, releases, storage, tasks
from packages.models import File, JournalEntry, Project, Release, Role
from packages.uploads import stages
from packages.uploads.stages import Result
from tests.factories.index import held, published, submit
from tests.factories.people import ModeratorFactory, UserFactory, actor
from tests.packages.concurrency import PATIENCE, at_once, meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def results(outcomes) -> list[object]:
    return [getattr(outcome, "result", type(outcome)) for outcome in outcomes]


def test_serials_become_visible_in_their_order():
    """Whoever has read up to serial n never meets a smaller one later (MIR-4)."""
    made = [Project.objects.create(name=f"p{n}", normalized_name=f"p{n}") for n in range(5)]
    done = threading.Event()

    def write(project: Project) -> None:
        for turn in range(8):
            with transaction.atomic():
                time.sleep(0.001 * (project.pk % 3))
                journal.record(SYSTEM, project, f"turn {turn}")
                time.sleep(0.001 * ((project.pk + turn) % 4))

    def write_all() -> None:
        try:
            outcomes = at_once(*(partial(write, project) for project in made))
            assert outcomes == [None] * 5
        finally:
            done.set()

    def watch() -> list[int]:
        seen: list[int] = []
        while True:
            last_look = done.is_set()
            known = JournalEntry.objects.exclude(serial__in=seen).order_by("serial")
            fresh = list(known.values_list("serial", flat=True))
            assert all(serial > seen[-1] for serial in fresh if seen)
            seen += fresh
            if last_look:
                return seen

    seen, nothing = at_once(watch, write_all)
    assert nothing is None
    assert len(seen) == 40
    for project in made:
        project.refresh_from_db()
        newest = JournalEntry.objects.filter(project=project.normalized_name).latest("serial")
        assert project.serial == newest.serial


def test_the_journal_queues_up_changes_of_unrelated_projects():
    one, other = (Project.objects.create(name=n, normalized_name=n) for n in ("one", "other"))
    with transaction.atomic():
        first = journal.record(SYSTEM, one, "first")[0]
        with meanwhile(
            partial(transaction.atomic(journal.record), SYSTEM, other, "second")
        ) as late:
            assert not late.done()
            transaction.on_commit(lambda: None)
            _commit_now()
            assert late.result(PATIENCE)[0].serial > first.serial


def _commit_now() -> None:
    """End the transaction of the surrounding block early: its locks go, the block stays whole."""
    connection.connection.commit()


def test_of_two_first_uploads_of_a_name_one_makes_the_owner_and_the_other_is_refused():
    people = [UserFactory(trusted=True), UserFactory(trusted=True)]
    outcomes = at_once(*(partial(submit, person, "fresh") for person in people))
    assert sorted(map(str, results(outcomes))) == sorted(
        map(str, [Result.PUBLISHED, access.NotYours])
    )
    winner = people[results(outcomes).index(Result.PUBLISHED)]
    assert Role.objects.get().user == winner
    assert File.objects.get().uploaded_by == winner


def test_of_eight_uploads_of_one_filename_with_different_bytes_one_is_published():
    owner = UserFactory(trusted=True)
    outcomes = at_once(*(partial(submit, owner, description=f"variant {n}") for n in range(8)))
    assert results(outcomes).count(Result.PUBLISHED) == 1
    assert results(outcomes).count(stages.FileExists) == 7
    file = File.objects.get()
    with storage.open_blob(file.sha256) as blob:
        assert len(blob.read()) == file.size


def test_eight_uploads_of_identical_bytes_all_succeed_and_make_one_file():
    owner = UserFactory(trusted=True)
    outcomes = at_once(*(partial(submit, owner) for _ in range(8)))
    assert results(outcomes).count(Result.PUBLISHED) == 1
    assert results(outcomes).count(Result.PRESENT) == 7
    assert File.objects.count() == Release.objects.count() == Role.objects.count() == 1
    assert JournalEntry.objects.filter(action__startswith="add").count() == 1
    assert JournalEntry.objects.filter(action="new release").count() == 1


def test_files_of_one_release_sent_at_once_are_all_published():
    owner = UserFactory(trusted=True)
    tags = ["py3-none-any", "cp311-cp311-win32", "cp312-cp312-win32"]
    calls = [partial(submit, owner, tag=tag) for tag in tags]
    outcomes = at_once(*calls, partial(submit, owner, sdist=True))
    assert results(outcomes) == [Result.PUBLISHED] * 4
    assert Release.objects.get().files.count() == 4


@pytest.mark.parametrize(
    "verb",
    [
        lambda file: files.delete(file, actor=SYSTEM, reason="bad"),
        lambda file: releases.yank(file.release, actor=SYSTEM, reason="bad"),
        lambda file: releases.unyank(file.release, actor=SYSTEM, reason="good"),
        lambda file: projects.quarantine(file.project, actor=SYSTEM, reason="bad"),
    ],
    ids=["delete", "yank", "unyank", "quarantine"],
)
def test_a_change_waits_for_an_upload_to_the_same_project_without_a_deadlock(verb, request):
    owner = UserFactory(trusted=True)
    release = published(uploader=owner)
    if "unyank" in request.node.name:
        releases.yank(release, actor=SYSTEM)
    file = File.objects.select_related("release__project").get()
    with transaction.atomic():
        projects.claim(actor(owner), "demo")
        with meanwhile(partial(verb, file)) as change:
            assert submit(owner, sdist=True).result is Result.PUBLISHED
            _commit_now()
            change.result(PATIENCE)
    assert JournalEntry.objects.latest("serial").action not in ("new release", "add source file")


def test_two_moderators_at_once_make_one_decision():
    stage = held()
    one, other = ModeratorFactory(), ModeratorFactory()
    outcomes = at_once(
        partial(decisions.approve, stage, actor=actor(one), reason="fine"),
        partial(decisions.reject, stage, actor=actor(other), reason="not fine"),
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert sorted(kind.__name__ for kind in kinds) == ["Decision", "NotHeld"]
    decision = Decision.objects.get()
    assert decision == outcomes[kinds.index(Decision)]
    stage.refresh_from_db()
    assert (stage.status == "published") == (decision.kind == "approved") == File.objects.exists()


def test_the_sweep_waits_for_an_upload_between_its_blob_and_its_row():
    owner = UserFactory(trusted=True)
    with transaction.atomic():
        submit(owner)
        file = File.objects.get()
        _age(file.sha256)
        with meanwhile(tasks.sweep) as sweep:
            _commit_now()
            assert sweep.result(PATIENCE)["blobs"] == 0
    with storage.open_blob(file.sha256) as blob:
        assert len(blob.read()) == file.size


def test_an_upload_waits_for_the_sweep_and_stores_again_what_it_took():
    owner = UserFactory(trusted=True)
    submit(owner)
    sha256 = File.objects.get().sha256
    with connection.cursor() as cursor:  # as if the first upload had been killed before its commit
        cursor.execute("truncate packages_file, packages_stage, packages_stagedfile cascade")
    _age(sha256)
    with transaction.atomic():
        storage.lock_out_uploads()
        with meanwhile(partial(submit, owner)) as upload:
            storage.delete(sha256)
            _commit_now()
            assert upload.result(PATIENCE).result is Result.PUBLISHED
    with storage.open_blob(sha256) as blob:
        assert len(blob.read()) == File.objects.get().size
    assert storage.read_metadata(sha256)


def _age(sha256: str) -> None:
    two_days_ago = time.time() - 2 * 86_400
    os.utime(storage.blobs().path(storage.blob_name(sha256)), (two_days_ago, two_days_ago))
