"""Fill the desk, ask for its pages, and hold the times against the target."""

from __future__ import annotations

import statistics
import time
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands.collectstatic import Command as Collect
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment

from accounts import people
from benchmarks.desk import figures
from benchmarks.table import Row, show
from moderation.models import Case
from tests.factories.desk import many_cases

TARGET = 100.0  # ms of server time for a page of the queue
ROUNDS = 30
PAGES = {
    "the queue, oldest first": "/admin/",
    "the last page": "/admin/?page=9999",
    "gravest first": "/admin/?order=gravest",
    "everything, newest first": "/admin/?view=all&order=newest",
    "one kind and age": "/admin/?kind=malware&age=weeks",
    "a search": "/admin/?q=many-42",
    "a search that finds nothing": "/admin/?q=zzzzzz",
}


def measure(count: int, many: int) -> bool:
    """Whether the queue of `count` cases, and the figures of `many`, met their targets."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command(Collect(), interactive=False, verbosity=0)
    many_cases(count)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    setup_test_environment()
    client = _signed_in()
    rows = [_row(client, what, address) for what, address in PAGES.items()]
    case = Case.objects.live().filter(kind="malware").first()
    assert case
    rows.append(_row(client, "the page of a case", case.get_absolute_url()))
    figures.fill(many)
    told = figures.PAGES.items()
    rows += [_row(client, what, address, figures.TARGET) for what, address in told]
    return show(iter(rows))


def _signed_in() -> Client:
    keeper, _ = people.bootstrap("keeper", "keeper@example.org", "correct horse battery")
    client = Client(headers={"Host": settings.ALLOWED_HOSTS[0].lstrip("*.") or "localhost"})
    client.force_login(keeper)
    return client


def _row(client: Client, what: str, address: str, target: float = TARGET) -> Row:
    for _ in range(3):
        assert client.get(address).status_code == 200
    statements = _statements(client, address)
    times = sorted(_once(client, address) for _ in range(ROUNDS))
    middle, late = statistics.median(times), times[ROUNDS * 95 // 100]
    words = f"p50 {middle:.0f} ms, p95 {late:.0f} ms, {statements} statements"
    return Row(what, words, f"{target:.0f} ms", middle <= target)


def _statements(client: Client, address: str) -> int:
    """How many the page sends."""
    sent = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        client.get(address)
    return len(sent)


def _once(client: Client, address: str) -> float:
    started = time.perf_counter()
    client.get(address)
    return (time.perf_counter() - started) * 1000
