"""Accept an invitation, whatever it is to."""

from __future__ import annotations

from accounts.actors import Actor
from packages import roles, team_roles, teams, transfers
from packages.models import Invitation, Role, TeamMember, TeamRole


def accept(invitation: Invitation, *, actor: Actor) -> Role | TeamMember | TeamRole:
    """Take the role, the membership or the project that is offered."""
    if invitation.team_id:
        return teams.join(invitation, actor=actor)
    if invitation.hands_over:
        return transfers.accept(invitation, actor=actor)
    if invitation.invited_team:
        return team_roles.accept(invitation, actor=actor)
    return roles.accept(invitation, actor=actor)
