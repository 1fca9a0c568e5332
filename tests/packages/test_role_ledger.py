"""What mirrors read in the journal: the greatest role that somebody has, his own or a team's."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from packages import roles
from packages.models import JournalEntry, Role
from tests.factories import crews
from tests.factories.people import UserFactory, actor
from tests.packages.team_helpers import owner, project

__all__ = ["owner", "project"]  # fixtures
pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return UserFactory(username="olga")


def by_team(project, person, kind: str | None) -> None:
    """Put the person into a team, and give it the role, if any."""
    crew = crews.team()
    crews.join(crew, person)
    if kind:
        crews.role(crew, project, kind)


def told_by(verb) -> list[str]:
    """What the journal tells once the verb is done."""
    before = JournalEntry.objects.latest("serial").serial
    verb()
    found = JournalEntry.objects.filter(serial__gt=before).order_by("serial")
    return list(found.values_list("action", flat=True))


@pytest.mark.parametrize(
    ("theirs", "own", "told"),
    [
        (None, "maintainer", ["add Maintainer olga"]),
        ("reader", "maintainer", ["change Reader olga to Maintainer"]),
        ("maintainer", "maintainer", []),
        ("owner", "maintainer", []),
    ],
)
def test_who_accepts_a_role_is_told_of_by_what_he_becomes(
    project, owner, member, theirs, own, told
):
    """Whom a team made an owner already is no maintainer for having accepted less."""
    by_team(project, member, theirs)
    invitation = roles.invite(project, "olga", own, actor=actor(owner))
    assert told_by(lambda: roles.accept(invitation, actor=actor(member))) == told
    event = AuditEvent.objects.get(action="role.add")
    assert (event.person, event.after) == (member, {"user": "olga", "kind": own})


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (None, ["change Reader olga to Owner"]),
        ("maintainer", ["change Maintainer olga to Owner"]),
        ("owner", []),
    ],
)
def test_who_accepts_a_greater_role_was_what_the_team_made_him(
    project, owner, member, theirs, told
):
    by_team(project, member, theirs)
    Role.objects.create(project=project, user=member, kind="reader")
    invitation = roles.invite(project, member.email, "owner", actor=actor(owner))
    assert told_by(lambda: roles.accept(invitation, actor=actor(member))) == told
    assert AuditEvent.objects.get(action="role.change").reason == "Change Reader olga to Owner."


@pytest.mark.parametrize(
    ("theirs", "own", "becomes", "told"),
    [
        (None, "owner", "reader", ["change Owner olga to Reader"]),
        ("maintainer", "owner", "reader", ["change Owner olga to Maintainer"]),
        ("maintainer", "reader", "owner", ["change Maintainer olga to Owner"]),
        ("owner", "reader", "maintainer", []),
    ],
)
def test_whose_role_is_changed_is_told_of_by_what_he_was_and_is(
    project, owner, member, theirs, own, becomes, told
):
    by_team(project, member, theirs)
    role = Role.objects.create(project=project, user=member, kind=own)
    assert told_by(lambda: roles.change(role, becomes, actor=actor(owner))) == told
    assert AuditEvent.objects.get(action="role.change").after["kind"] == becomes


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("owner", []),
        ("maintainer", ["change Owner olga to Maintainer"]),
        (None, ["remove Owner olga"]),
    ],
)
def test_who_gives_a_role_up_is_told_of_by_what_a_team_leaves_him(
    project, owner, member, theirs, told
):
    by_team(project, member, theirs)
    role = Role.objects.create(project=project, user=member, kind="owner")
    assert told_by(lambda: roles.remove(role, actor=actor(member))) == told
    assert AuditEvent.objects.get(action="role.remove").after["kind"] == "owner"
