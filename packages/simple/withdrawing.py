"""What was prepared for everybody goes from the disk when a project is not everybody's any more.

Prepared pages outlive the database: they are served while it is away.  Of a project that was made
private none may be left, nor its name on the root page, on any host.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from packages import events
from packages.models import Project
from packages.models.reader import MEMBER
from packages.simple import page_files, root_files


@receiver(events.project_privacy_changed)
def privacy_changed(sender: type[Project], project: Project, **kwargs: Any) -> None:
    """After the commit, and before whoever did it has his answer."""
    if project.private:
        names = names_of(project)
        transaction.on_commit(lambda: withdraw(names), robust=True)


def names_of(project: Project) -> list[str]:
    """What it is called, and was."""
    former = project.former_names.values_list("normalized_name", flat=True)
    return [project.normalized_name, *former]


def withdraw(names: Iterable[str]) -> None:
    """Remove the pages of these names, and the root page: the next who asks renders it."""
    for name in names:
        with page_files.locked(name):
            page_files.remove_all(name)
    with page_files.locked(""):
        root_files.forget()


def withdraw_hidden(names: Iterable[str]) -> None:
    """For the keeper, who hears of changes on other hosts: the pages of what nobody may see now."""
    stored = [name for name in names if page_files.is_stored(name)]
    if not stored:
        return
    shown = Project.objects.known(MEMBER).filter(normalized_name__in=stored)
    gone = set(stored) - set(shown.values_list("normalized_name", flat=True))
    if gone:
        withdraw(sorted(gone))
