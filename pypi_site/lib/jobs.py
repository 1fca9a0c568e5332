"""Enqueue work that happens after the change that caused it, or not at all.

django-q2's database broker keeps a job in our own tables, so it commits or rolls back with the
change.  Jobs may run twice: each must be safe to repeat.  Equal jobs that wait at the same time
run once (`lib.broker`).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task


def enqueue(function: str, *arguments: Any) -> None:
    """Run the function at the dotted path `function` in a job worker, after commit."""
    if settings.Q_CLUSTER.get("orm"):
        async_task(function, *arguments, group=function)
    else:
        transaction.on_commit(partial(async_task, function, *arguments, group=function))
