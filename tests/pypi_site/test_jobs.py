"""A job happens after the change that caused it, or not at all."""

from __future__ import annotations

import pytest
from django.db import transaction

from pypi_site.lib.jobs import enqueue
from tests.factories import jobs

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
    assert jobs.run_all() == [{"blobs": 0, "fragments": 0, "uploads": 0}]
    assert jobs.waiting() == []
