"""Jobs of the index; each may run twice."""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django.db import transaction
from django_q.models import Schedule

from accounts import limits, notices, tokens
from packages import (
    downloads,
    files,
    minting,
    pending_publishers,
    purges,
    storage,
    verification,
)
from packages.simple import page_files
from packages.uploads import incoming, staging

DAY_SECONDS = 86_400
SWEEP_BATCH = 500
SAMPLE = 1000  # files read every night


REGULAR = {
    "sweep": Schedule.DAILY,
    "empty_bin": Schedule.DAILY,
    "verify_sample": Schedule.DAILY,
    "expire_sessions": Schedule.HOURLY,
    "fold_downloads": Schedule.DAILY,
    "forget_places": Schedule.DAILY,
    "forget_notices": Schedule.DAILY,
    "forget_requests": Schedule.DAILY,
    "expire_publishers": Schedule.HOURLY,
    "forget_identities": Schedule.DAILY,
}
logger = logging.getLogger(__name__)


def schedule() -> None:
    """Have the regular jobs run; safe to repeat."""
    for name, kind in REGULAR.items():
        defaults = {"func": f"packages.tasks.{name}", "schedule_type": kind}
        Schedule.objects.update_or_create(name=name, defaults=defaults)
    if settings.CDN == "none":
        Schedule.objects.filter(name="tell_caches").delete()
    else:
        each_minute = {"func": "packages.tasks.tell_caches", "schedule_type": Schedule.MINUTES}
        defaults = {**each_minute, "minutes": 1}
        Schedule.objects.update_or_create(name="tell_caches", defaults=defaults)


def tell_caches() -> int:
    """Tell the CDN or cache in front of us what changed."""
    return purges.tell()


def empty_bin() -> int:
    """Give up the bytes of files that were deleted long ago."""
    return files.empty_bin()


def verify_sample() -> list[str]:
    """Read some of the stored files every night; what differs stands in the log and the result."""
    differences = [str(item) for item in verification.verify(verification.sample(SAMPLE))]
    for difference in differences:
        logger.error("Storage: %s", difference)
    return differences


def expire_sessions() -> int:
    """Cancel publishing sessions that nobody has published in their time."""
    return staging.expire()


def fold_downloads() -> int:
    """Sum up the downloads of old days by month."""
    return downloads.fold()


def forget_places() -> int:
    """Forget where tokens were used a year ago and not since."""
    return tokens.forget_places()


def forget_notices() -> int:
    """Forget what people were told a year ago; the trail stays."""
    return notices.forget()


def expire_publishers() -> int:
    """End pending publishers that waited too long, or whose name is taken."""
    return pending_publishers.expire()


def forget_identities() -> int:
    """Forget CI jobs whose identity tokens are over and that uploaded nothing."""
    return minting.forget_identities()


def sweep() -> dict[str, int]:
    """Delete what killed processes left: blobs that no row names, half-received uploads, and pages
    that nobody reads any more."""
    yesterday = time.time() - DAY_SECONDS
    return {
        "blobs": sum(
            _sweep_batch(batch) for batch in storage.batches_of_old_blobs(yesterday, SWEEP_BATCH)
        ),
        "fragments": storage.remove_fragments(yesterday),
        "uploads": incoming.remove_leftovers(older_than=yesterday),
        "pages": page_files.sweep(),
    }


@transaction.atomic
def _sweep_batch(digests: list[str]) -> int:
    """No upload may be between its blob and its row while we decide."""
    storage.lock_out_uploads()
    orphans = set(digests) - files.named(digests)
    for sha256 in orphans:
        storage.delete(sha256)
    return len(orphans)


def forget_requests() -> int:
    """Forget how often somebody asked yesterday."""
    return limits.forget()
