"""Who may do what to a project."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import ApiToken
from packages.models.project import Project


class RoleQuerySet(models.QuerySet["Role"]):
    """Whose roles are told, and in which order."""

    def keepers(self) -> RoleQuerySet:
        """Owners, then maintainers, by name: who a project's readers are is for its people."""
        return self.exclude(kind="reader").in_order()

    def in_order(self) -> RoleQuerySet:
        places = [models.When(kind=kind, then=place) for place, kind in enumerate(Role.Kind)]
        return self.order_by(models.Case(*places), "user__username")


class Role(models.Model):
    """An owner may do everything, a maintainer may upload and yank, a reader sees it if private."""

    class Kind(models.TextChoices):
        OWNER = "owner"
        MAINTAINER = "maintainer"
        READER = "reader"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="roles")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="project_roles"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)

    objects = RoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_for_each_person"),
            models.CheckConstraint(
                condition=Q(kind__in=("owner", "maintainer", "reader")), name="a_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.kind} of {self.project}"


class TokenProject(models.Model):
    """A project that a limited token may touch."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="projects")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "project"], name="a_token_lists_a_project_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.token} for {self.project}"
