"""Teams: people who hold roles together."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from packages.models.project import NORMALIZED, Project
from packages.models.role import Role
from pypi_site.lib.problems import NotFound

TEAM_NAME_LENGTH = 50


class TeamQuerySet(models.QuerySet["Team"]):
    """Which teams are told of."""

    def of(self, user: int | None) -> TeamQuerySet:
        """Those that somebody belongs to: nobody else learns that they exist."""
        return self.filter(members__user=user)

    def lock(self, pk: int) -> Team:
        """The team, locked until commit: before any project (`ProjectQuerySet.lock`)."""
        team = self.select_for_update(of=("self",)).filter(pk=pk).first()
        if team is None:
            raise NotFound("The team is gone; load the page again.")
        return team


class Team(models.Model):
    """A name for some people; the name is its address, and never changes."""

    name = models.CharField(max_length=TEAM_NAME_LENGTH)
    description = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="a_team_name_is_unique_in_any_case"),
            models.CheckConstraint(
                condition=Q(name__regex=NORMALIZED), name="a_team_name_is_like_a_project_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("team", args=[self.name])


class TeamMember(models.Model):
    """An owner says who belongs to the team; every member has its roles on projects."""

    class Kind(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_memberships"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="a_team_lists_a_person_once"),
            models.CheckConstraint(
                condition=Q(kind__in=("owner", "member")), name="a_membership_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.kind} of {self.team}"


class TeamRole(models.Model):
    """What every member of a team may do to a project."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="roles")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="team_roles")
    kind = models.CharField(max_length=12, choices=Role.Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "project"], name="one_role_for_each_team"),
            models.CheckConstraint(
                condition=Q(kind__in=("owner", "maintainer", "reader")),
                name="a_role_of_a_team_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"Team {self.team} is {self.kind} of {self.project}"
