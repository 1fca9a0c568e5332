"""Jobs of the index; each may run twice."""

from __future__ import annotations

import time

from django.db import transaction
from django_q.models import Schedule

from packages import storage
from packages.models import File, FileSession, Stage, StagedFile
from packages.uploads import incoming, staging

DAY_SECONDS = 86_400
SWEEP_BATCH = 500


def schedule() -> None:
    """Have the regular jobs run; safe to repeat."""
    for name, kind in (("sweep", Schedule.DAILY), ("expire_sessions", Schedule.HOURLY)):
        defaults = {"func": f"packages.tasks.{name}", "schedule_type": kind}
        Schedule.objects.update_or_create(name=name, defaults=defaults)


def expire_sessions() -> int:
    """Cancel publishing sessions that nobody has published in their time."""
    return staging.expire()


def sweep() -> dict[str, int]:
    """Delete what killed processes left: blobs that no row names, half-received uploads."""
    yesterday = time.time() - DAY_SECONDS
    return {
        "blobs": sum(
            _sweep_batch(batch) for batch in storage.batches_of_old_blobs(yesterday, SWEEP_BATCH)
        ),
        "fragments": storage.remove_fragments(yesterday),
        "uploads": incoming.remove_leftovers(older_than=yesterday),
    }


@transaction.atomic
def _sweep_batch(digests: list[str]) -> int:
    """No upload may be between its blob and its row while we decide."""
    storage.lock_out_uploads()
    named = set(File.objects.filter(sha256__in=digests).values_list("sha256", flat=True))
    waiting = StagedFile.objects.filter(sha256__in=digests, stage__in=Stage.objects.active())
    arriving = FileSession.objects.filter(received__in=digests, stage__in=Stage.objects.active())
    orphans = set(digests) - named - set(waiting.values_list("sha256", flat=True))
    orphans -= set(arriving.live().values_list("received", flat=True))
    for sha256 in orphans:
        storage.delete(sha256)
    return len(orphans)
