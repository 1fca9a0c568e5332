"""The queue of jobs as the tests see it: what waits, and a worker that runs it all at once."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string
from django_q.models import OrmQ


def waiting() -> list[tuple[str, tuple[Any, ...]]]:
    """Function and arguments of every job in the queue, in order."""
    return [(row.task["func"], row.task["args"]) for row in OrmQ.objects.order_by("pk")]


def run_all() -> list[Any]:
    """Run every job, those that jobs enqueue included; returns their results."""
    results = []
    while row := OrmQ.objects.order_by("pk").first():
        row.delete()
        results.append(import_string(row.task["func"])(*row.task["args"]))
    return results


def forget() -> None:
    """Empty the queue, so that a test sees only what it causes."""
    OrmQ.objects.all().delete()
