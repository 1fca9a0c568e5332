"""Enqueue work that happens after the change that caused it, or not at all.

django-q2's database broker keeps a job in our own tables, so it commits or rolls back with the
change.  Jobs may run twice: each must be safe to repeat.  Equal jobs that wait at the same time
run once, and those about one thing each run as one about all of them (`lib.broker`).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

EACH = "each: "  # how the groups begin of jobs that may be united


def enqueue(function: str, *arguments: Any) -> None:
    """Run the function at the dotted path `function` in a job worker, after commit."""
    _enqueue(function, *arguments, group=function)


def enqueue_each(function: str, item: Any) -> None:
    """The same of a function that takes any number of items: those that wait are given to one call.

    A job costs more than many a thing that it does.
    """
    _enqueue(function, item, group=f"{EACH}{function}")


def enqueue_later(function: str, *arguments: Any, seconds: int) -> None:
    """The same, but not before so many seconds are over: what comes meanwhile can go with it."""
    broker = get_broker()
    broker.delay = timedelta(seconds=seconds)
    _enqueue(function, *arguments, group=function, broker=broker)


def _enqueue(function: str, *arguments: Any, **options: Any) -> None:
    if settings.Q_CLUSTER.get("orm"):
        async_task(function, *arguments, **options)
    else:
        transaction.on_commit(partial(async_task, function, *arguments, **options))
