"""A job happens after the change that caused it, or not at all."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from pypi_site.lib.broker import MergingBroker
from pypi_site.lib.jobs import enqueue, enqueue_each, enqueue_later
from tests.factories import jobs
from tests.packages.concurrency import at_once

pytestmark = pytest.mark.django_db
JOB = ("packages.tasks.sweep", ())


def test_a_job_waits_with_its_arguments():
    enqueue("search.tasks.update", 42)
    assert jobs.waiting() == [("search.tasks.update", (42,))]


class Never(Exception):
    """What goes wrong after the job was enqueued."""


def change_and_fail() -> None:
    with transaction.atomic():
        enqueue(JOB[0])
        assert jobs.waiting() == [JOB]
        raise Never


def test_a_job_goes_with_the_change_that_caused_it():
    with pytest.raises(Never):
        change_and_fail()
    assert jobs.waiting() == []


def test_with_another_broker_a_job_waits_for_the_commit(
    settings, django_capture_on_commit_callbacks
):
    settings.Q_CLUSTER = {"name": "gatehouse", "redis": "redis://localhost"}
    with django_capture_on_commit_callbacks(execute=True):
        enqueue(JOB[0])
        assert jobs.waiting() == []
    assert jobs.waiting() == [JOB]


def test_a_worker_of_the_tests_runs_everything():
    enqueue(JOB[0])
    assert jobs.run_all() == [{"blobs": 0, "fragments": 0, "uploads": 0, "pages": 0}]
    assert jobs.waiting() == []


# -- what the cluster is given -------------------------------------------------------------------


def given(broker: MergingBroker | None = None) -> list[tuple[str, tuple]]:
    tasks = [SignedPackage.loads(payload) for _, payload in (broker or MergingBroker()).dequeue()]
    return [(task["func"], task["args"]) for task in tasks]


def test_equal_jobs_that_wait_run_once_in_the_place_of_the_first():
    for project in (1, 2, 1, 3, 2, 1):
        enqueue("search.tasks.update", project)
    enqueue("packages.tasks.sweep")
    updates = [("search.tasks.update", (project,)) for project in (1, 2, 3)]
    assert given() == [*updates, JOB]
    assert OrmQ.objects.count() == 4


def test_jobs_about_one_thing_each_become_one_about_all():
    for project in (3, 1, 3, 2):
        enqueue_each("search.tasks.update", project)
    enqueue(JOB[0])
    assert given() == [("search.tasks.update", (3, 1, 2)), JOB]
    assert jobs.waiting() == [("search.tasks.update", (3, 1, 2)), JOB]


def test_what_was_united_is_given_again_whole_when_nobody_finished_it():
    for project in (1, 2):
        enqueue_each("search.tasks.update", project)
    given()
    enqueue_each("search.tasks.update", 3)
    OrmQ.objects.update(lock=timezone.now())
    assert given() == [("search.tasks.update", (1, 2, 3))]


def test_a_job_that_was_given_away_is_not_merged_with_and_not_given_again():
    """It may have begun before the change that the next one is about."""
    enqueue(JOB[0])
    assert given() == [JOB]
    enqueue(JOB[0])
    assert given() == [JOB]
    assert given() == []
    assert OrmQ.objects.count() == 2


def test_a_job_is_given_again_when_nobody_finished_it_in_time():
    enqueue(JOB[0])
    assert given() == [JOB]
    OrmQ.objects.update(lock=timezone.now())
    assert given() == [JOB]


def test_a_job_for_later_is_not_given_away_before():
    enqueue_later(JOB[0], seconds=60)
    assert given() == []
    lock = OrmQ.objects.get().lock - timezone.now()
    assert 50 < lock.total_seconds() <= 60
    OrmQ.objects.update(lock=timezone.now())
    assert given() == [JOB]


def test_a_finished_job_is_gone():
    enqueue(JOB[0])
    broker = MergingBroker()
    ((key, _),) = broker.dequeue()
    broker.acknowledge(key)
    assert not OrmQ.objects.exists()


def test_what_cannot_be_read_is_left_to_the_cluster():
    for _ in range(2):
        OrmQ.objects.create(key="gatehouse", payload="no job", lock=timezone.now())
    assert [payload for _, payload in MergingBroker().dequeue()] == ["no job"] * 2


@pytest.mark.django_db(transaction=True)
def test_two_clusters_share_the_jobs():
    for project in range(40):
        enqueue("search.tasks.update", project)
    shares = at_once(given, given)
    assert sorted(args[0] for share in shares for _, args in share) == list(range(40))


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_change_is_not_committed_is_neither_given_nor_merged():
    enqueue(JOB[0])
    with transaction.atomic():
        enqueue(JOB[0])
        assert at_once(given) == [[JOB]]
    assert given() == [JOB]
