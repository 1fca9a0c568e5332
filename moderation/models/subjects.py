"""What cases and decisions are about: a held upload, a file, a release, a project or a person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import User
from packages.models import File, Project, Release, Stage

Subject = Stage | File | Release | Project | User
FIELDS = ("stage", "file", "release", "project", "person")
_KINDS = {Stage: "stage", File: "file", Release: "release", Project: "project", User: "person"}


def kind_of(subject: Subject) -> str:
    """Which of `FIELDS` holds such a thing (a proxy counts as what it stands for)."""
    return next(kind for model, kind in _KINDS.items() if isinstance(subject, model))


def as_fields(subject: Subject) -> dict[str, int]:
    """The condition and the values of a row about `subject`."""
    return {f"{kind_of(subject)}_id": subject.pk}


def project_of(subject: Subject) -> Project | None:
    """The project that it is or belongs to; None for a person."""
    if isinstance(subject, User):
        return None
    if isinstance(subject, File):
        return subject.release.project
    return subject if isinstance(subject, Project) else subject.project


def same_thing(one: AboutOneThing, other: AboutOneThing) -> bool:
    """Whether two rows are about the same; a deleted account is like no other."""
    ours = [getattr(one, f"{name}_id") for name in FIELDS]
    return any(ours) and ours == [getattr(other, f"{name}_id") for name in FIELDS]


class AboutOneThing(models.Model):
    """A row about one thing.  A deleted account leaves it about nothing but its title."""

    stage = models.ForeignKey(Stage, null=True, on_delete=models.PROTECT, related_name="%(class)ss")
    file = models.ForeignKey(File, null=True, on_delete=models.PROTECT, related_name="%(class)ss")
    release = models.ForeignKey(
        Release, null=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    project = models.ForeignKey(
        Project, null=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="%(class)ss"
    )

    class Meta:
        abstract = True

    @property
    def subject(self) -> Subject | None:
        """The thing itself; None if it was an account that is deleted."""
        found: Subject | None = next(
            (getattr(self, name) for name in FIELDS if getattr(self, f"{name}_id")), None
        )
        return found

    @property
    def subject_kind(self) -> str:
        """The name of the field that is set: stage, file, release, project, person."""
        return next((name for name in FIELDS if getattr(self, f"{name}_id")), "person")

    @property
    def subject_project(self) -> Project | None:
        """The project that the thing is or belongs to."""
        subject = self.subject
        return project_of(subject) if subject else None


def _others_are_empty(name: str) -> Q:
    return Q(**{f"{other}__isnull": True for other in FIELDS if other != name})


def about_one_thing() -> Q:
    """The condition that no row is about two things."""
    condition = _others_are_empty(FIELDS[0])
    for name in FIELDS[1:]:
        condition |= _others_are_empty(name)
    return condition


def about_something() -> Q:
    """The condition that the thing is still there."""
    return ~Q(**{f"{name}__isnull": True for name in FIELDS})


def joined() -> list[str]:
    """Every relation that `subject` and `subject_project` may follow, for `select_related`."""
    return [
        "stage__project",
        "stage__created_by_ci",
        "file__release__project",
        "release__project",
        "project",
        "person",
    ]
