"""The queue between the web processes and the job workers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from time import sleep

from django.db import transaction
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from pypi_site.lib import sql
from pypi_site.lib.jobs import EACH

_OF_ONE_CALL = {"id", "name", "started"}  # in these alone two enqueued calls always differ


class MergingBroker(ORM):  # type: ignore[misc]
    """django-q2's database broker, but equal jobs that wait become one, and so do those that are
    each about an item (`jobs.enqueue_each`).

    A job reads the state of the index when it runs.  Of several equal ones that wait, each
    committed with its change, one that begins afterwards sees all these changes.
    """

    delay = timedelta(0)  # from when on a job may be given away
    _drained = False

    def enqueue(self, task: str) -> int:
        """As django-q2's, without the ORM, and maybe for later."""
        self.get_connection()  # which closes a stale one
        row = OrmQ(key=self.list_key, payload=task, lock=timezone.now() + self.delay)
        return int(sql.insert(row).pk)

    def dequeue(self) -> list[tuple[int, str]]:
        """Key and payload of the next jobs, which nobody else gets for Conf.RETRY seconds.

        Whoever emptied the queue lets it fill again first: that spares the processor, and what
        comes within that time is merged.
        """
        if self._drained:
            sleep(Conf.POLL)
        queue = self.get_connection()
        with transaction.atomic(using=Conf.ORM):
            waiting = queue.filter(key=self.list_key, lock__lt=timezone.now()).order_by("pk")
            rows = list(waiting.select_for_update(skip_locked=True)[: Conf.BULK])
            kept = _merged(rows)
            queue.filter(pk__in={row.pk for row in rows} - {row.pk for row in kept}).delete()
            for row in kept:
                row.lock = self.timeout(None)
            queue.bulk_update(kept, ["lock", "payload"])
        self._drained = len(rows) < Conf.BULK
        return [(row.pk, row.payload) for row in kept]


def _merged(rows: Iterable[OrmQ]) -> list[OrmQ]:
    """The first of each kind of job, in their order, with the items of all."""
    alike: dict[str, list[OrmQ]] = {}
    for row in rows:
        alike.setdefault(_kind(row), []).append(row)
    return [_united(jobs) if _has_items(jobs[0]) else jobs[0] for jobs in alike.values()]


def _united(jobs: list[OrmQ]) -> OrmQ:
    """The first of them, about the items of all, each once.  That is what a retry is about, too."""
    first = jobs[0]
    items = tuple(dict.fromkeys(item for job in jobs for item in job.task["args"]))
    if items != first.task["args"]:
        first.payload = SignedPackage.dumps({**first.task, "args": items})
    return first


def _has_items(row: OrmQ) -> bool:
    return str(row.task.get("group")).startswith(EACH)


def _kind(row: OrmQ) -> str:
    """Equal for equal jobs only; one that cannot be read is like no other."""
    if "func" not in row.task:
        return f"unreadable {row.pk}"
    if _has_items(row):
        return str(row.task["group"])
    return repr({name: value for name, value in row.task.items() if name not in _OF_ONE_CALL})
