"""The door to teams: to whoever does not belong to one, it is not there."""

from __future__ import annotations

from accounts.actors import SYSTEM, Actor
from accounts.models import TokenAction
from packages import reach
from packages.models import Team, TeamMember
from pypi_site.lib.problems import NotFound, Refused

CHANGE_TEAM = "packages.change_team"


class NotYourTeam(Refused):
    """Its owners say who belongs to a team, and what it takes on."""

    code, title = "not-your-team", "Not your team"


def team_of(actor: Actor, name: str) -> Team:
    """A team that `actor` belongs to or administers.

    Raises `NotFound` for everybody else, whether there is such a team or not.
    """
    require_token(actor)
    teams = Team.objects.all()
    if not actor.may(CHANGE_TEAM):
        teams = teams.of(actor.user.pk if actor.user else None)
    team = teams.filter(name=name.lower()).first()
    if team is None:
        raise NotFound("There is no such team among yours; check the spelling of its name.")
    return team


def is_owner(actor: Actor, team: Team) -> bool:
    """Whether the actor says what becomes of the team."""
    if actor is SYSTEM or actor.may(CHANGE_TEAM):
        return True
    owners = team.members.filter(kind=TeamMember.Kind.OWNER)
    return actor.user is not None and owners.filter(user=actor.user).exists()


def authorize(actor: Actor, team: Team) -> None:
    """Refuse unless `actor` owns the team, or administers this index (in person, by no token)."""
    if not is_owner(actor, team):
        raise NotYourTeam(f"Only owners of the team {team} may do this; ask one of them.")
    require_token(actor)


def require_token(actor: Actor) -> None:
    """Refuse a token that does not manage, or that is limited: a team reaches further."""
    reach.require_allowed(actor, TokenAction.MANAGE)
    if actor.token and actor.token.limited:
        raise reach.TokenTooNarrow(
            "This token is limited to certain projects, and a team is none; use one without limit."
        )
