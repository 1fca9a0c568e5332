"""What happened in the index changes one row; a job rewrites it."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from packages import events
from packages.models import File, Project, Release, Role, TeamMember, TeamRole
from pypi_site.lib import jobs

FILES = [
    *(events.file_published, events.file_deleted, events.file_restored),
    *(events.file_quarantined, events.file_cleared),
]
RELEASES = [
    *(events.release_yanked, events.release_unyanked),
    *(events.release_quarantined, events.release_cleared),
    *(events.release_deleted, events.release_restored),
]
PROJECTS = [
    *(events.project_status_changed, events.project_privacy_changed, events.project_renamed),
    *(events.project_deleted, events.project_restored),
]


@receiver(FILES)
def file_changed(sender: type[File], file: File, **kwargs: Any) -> None:
    jobs.enqueue_each("search.tasks.update", file.release.project_id)


@receiver(RELEASES)
def release_changed(sender: type[Release], release: Release, **kwargs: Any) -> None:
    jobs.enqueue_each("search.tasks.update", release.project_id)


@receiver(PROJECTS)
def project_changed(sender: type[Project], project: Project, **kwargs: Any) -> None:
    jobs.enqueue_each("search.tasks.update", project.pk)


@receiver([post_save, post_delete], sender=Role)
@receiver([post_save, post_delete], sender=TeamRole)
def owners_changed(sender: type[Role | TeamRole], instance: Role | TeamRole, **kwargs: Any) -> None:
    """Also when an account goes, and its roles with it; what is not public yet has no row."""
    if instance.project.published_at:
        jobs.enqueue_each("search.tasks.update", instance.project_id)


@receiver([post_save, post_delete], sender=TeamMember)
def members_changed(sender: type[TeamMember], instance: TeamMember, **kwargs: Any) -> None:
    """Whoever joins a team, or leaves it, does so on all its projects."""
    roles = TeamRole.objects.filter(team=instance.team_id, project__published_at__isnull=False)
    for project in roles.values_list("project", flat=True):
        jobs.enqueue_each("search.tasks.update", project)
