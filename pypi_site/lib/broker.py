"""The queue between the web processes and the job workers."""

from __future__ import annotations

from collections.abc import Iterable
from time import sleep

from django.db import transaction
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from pypi_site.lib import sql

_OF_ONE_CALL = {"id", "name", "started"}  # in these alone two enqueued calls always differ


class MergingBroker(ORM):  # type: ignore[misc]
    """django-q2's database broker, but equal jobs that wait become one.

    A job reads the state of the index when it runs.  Of several equal ones that wait, each
    committed with its change, one that begins afterwards sees all these changes.
    """

    _drained = False

    def enqueue(self, task: str) -> int:
        """As django-q2's, without the ORM."""
        self.get_connection()  # which closes a stale one
        row = OrmQ(key=self.list_key, payload=task, lock=timezone.now())
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
            queue.filter(pk__in=[row.pk for row in kept]).update(lock=self.timeout(None))
        self._drained = len(rows) < Conf.BULK
        return [(row.pk, row.payload) for row in kept]


def _merged(rows: Iterable[OrmQ]) -> list[OrmQ]:
    """The first of each kind of job, in their order."""
    first: dict[str, OrmQ] = {}
    for row in rows:
        first.setdefault(_kind(row), row)
    return list(first.values())


def _kind(row: OrmQ) -> str:
    """Equal for equal jobs only; one that cannot be read is like no other."""
    if "func" not in row.task:
        return f"unreadable {row.pk}"
    return repr({name: value for name, value in row.task.items() if name not in _OF_ONE_CALL})
