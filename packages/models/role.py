"""Who may do what to a project."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import ApiToken
from packages.models.project import Project


class Role(models.Model):
    """An owner may do everything, a maintainer may upload and yank."""

    class Kind(models.TextChoices):
        OWNER = "owner"
        MAINTAINER = "maintainer"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="roles")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="project_roles"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_for_each_person"),
            models.CheckConstraint(
                condition=Q(kind__in=("owner", "maintainer")), name="a_role_is_known"
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
