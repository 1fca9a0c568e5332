"""What happened in the index changes one row; a job rewrites it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from packages import events
from packages.models import File, Project, Release
from pypi_site.lib import jobs


@receiver([events.file_published, events.file_deleted, events.file_restored])
def file_changed(sender: type[File], file: File, **kwargs: Any) -> None:
    jobs.enqueue("search.tasks.update", file.release.project_id)


@receiver([events.release_yanked, events.release_unyanked])
def release_changed(sender: type[Release], release: Release, **kwargs: Any) -> None:
    jobs.enqueue("search.tasks.update", release.project_id)


@receiver(events.project_status_changed)
def project_changed(sender: type[Project], project: Project, **kwargs: Any) -> None:
    jobs.enqueue("search.tasks.update", project.pk)
