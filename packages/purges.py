"""Caches in front of us are told what changed: after the commit, by a job, until they heard it.

A change leaves a row in its own transaction (`request`), one for each project however often it
changes; a job tells the caches and removes the row (`tell`).  They are told a second time a little
later: an answer that was made before the commit may have reached them after the first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from packages.models import File, PendingPurge, Project
from packages.models.reader import MEMBER
from pypi_site.lib import cdn, jobs
from pypi_site.lib.cdn import Purge, PurgeFailed

logger = logging.getLogger(__name__)
BATCH = 50  # projects
AGAIN = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=30)
_REQUEST = """
    insert into packages_pendingpurge (project, change, told, failures, not_before)
    values (%s, pg_current_xact_id()::text::bigint, false, 0, now())
    on conflict (project) do update set change = excluded.change, told = false,
        not_before = case when packages_pendingpurge.failures = 0 then excluded.not_before
                     else packages_pendingpurge.not_before end
"""


def request(project: str) -> None:
    """The project (normalized name) changed; call it inside the transaction of the change.

    Nothing can go wrong here that would stop the change, and a cache that is away does not matter.
    """
    if settings.CDN == "none":
        return
    waiting = PendingPurge.objects.select_for_update().filter(project=project, told=False)
    enqueued = bool(waiting.values_list("pk", flat=True).first())
    with connection.cursor() as cursor:
        cursor.execute(_REQUEST, [project])
    if not enqueued:
        jobs.enqueue("packages.tasks.tell_caches")


def tell() -> int:
    """Tell the caches of all that is due; returns of how many projects.

    Ends with the first failure: what is left is tried again, later and later.
    """
    told = 0
    while due := list(PendingPurge.objects.due()[:BATCH]):
        try:
            cdn.purge(_purge([row.project for row in due]))
        except PurgeFailed as error:
            _postpone(due, error)
            break
        for row in due:
            _done(row)
        told += len(due)
    return told


def _done(row: PendingPurge) -> None:
    """Waits for a change under way; if there was one, the row stays and is due."""
    same = PendingPurge.objects.filter(pk=row.pk, change=row.change)
    if row.told:
        same.delete()
    else:
        same.update(told=True, failures=0, not_before=timezone.now() + AGAIN)


def _postpone(due: Sequence[PendingPurge], error: PurgeFailed) -> None:
    logger.error("A cache was not told of %d changed projects: %s", len(due), error)
    for row in due:
        failures = min(row.failures + 1, 12)
        wait = min(timedelta(seconds=2**failures), LONGEST_WAIT)
        same = PendingPurge.objects.filter(pk=row.pk)
        same.update(failures=failures, not_before=timezone.now() + wait)


def _purge(projects: Sequence[str]) -> Purge:
    """Pages may be shown once more while new ones are fetched; what nobody may see now may not."""
    shown = Project.objects.known(MEMBER).filter(normalized_name__in=projects)
    lost = sorted(set(projects) - set(shown.values_list("normalized_name", flat=True)))
    theirs = File.objects.filter(release__project__normalized_name__in=projects)
    offered = theirs.offered(MEMBER).values("pk")
    hidden = theirs.filter(purged_at=None).exclude(pk__in=offered).only("sha256", "filename")
    keys = ["root", *(f"project/{name}" for name in projects)]
    gone = ["root"] if lost else []
    gone += [f"{kind}/{name}" for name in lost for kind in ("project", "files")]
    urls = []
    if cdn.wants_urls():
        urls = [reverse("simple"), *(path for name in projects for path in _pages(name))]
        urls += [path for file in hidden for path in _addresses(file)]
    gone += sorted({f"file/{file.sha256}" for file in hidden})
    return Purge(tuple(keys), tuple(gone), tuple(urljoin(settings.SITE_URL, url) for url in urls))


def _pages(name: str) -> list[str]:
    return [reverse(view, args=[name]) for view in ("simple-project", "json")]


def _addresses(file: File) -> list[str]:
    address = f"{settings.FILES_ORIGIN}{file.path}"  # where it was while anybody could see it
    return [address, f"{address}.metadata"]
