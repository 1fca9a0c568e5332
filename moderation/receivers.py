"""What the desk does when something happened in the index: it only enqueues jobs."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from packages import events
from packages.models import Stage
from pypi_site.lib import jobs


@receiver(events.stage_held)
def announce_held_upload(sender: type[Stage], stage: Stage, **kwargs: Any) -> None:
    jobs.enqueue("moderation.tasks.tell_moderators", stage.pk)
    jobs.enqueue("moderation.tasks.tell_uploader_to_wait", stage.pk)
