"""Rows: our functions on teams, their roles, and the transfer of a project (see `verbs`)."""

from __future__ import annotations

from packages import invitations, team_access, team_roles, teams, transfers
from tests.permissions.verbs import Call, Verb, on


def _of_team(word: str, does: str, call: Call, who: str = "lead the team") -> Verb:
    return Verb(f"packages.teams.{word}", who, f"team.{does}", call)


def _door(word: str, who: str, call: Call) -> Verb:
    return Verb(f"packages.team_access.{word}", who, "", call)


VERBS: list[Verb] = [
    # doors
    _door("team_of", "see the team", lambda w, a: team_access.team_of(a, "crew")),
    _door("authorize", "lead the team", lambda w, a: team_access.authorize(a, w.things["team"])),
    Verb("packages.invitations.person", "people", "", lambda w, a: invitations.person(a)),
    Verb(
        "packages.invitations.lock_invited_team",
        "lead the team",
        "",
        lambda w, a: invitations.lock_invited_team(w.things["invitation of the team"], a),
    ),
    # teams
    _of_team("create", "create", lambda w, a: teams.create("new", actor=a), "found a team"),
    _of_team("describe", "describe", lambda w, a: teams.describe(w.things["team"], "X", actor=a)),
    _of_team("delete", "delete", lambda w, a: teams.delete(w.things["team"], actor=a)),
    _of_team(
        "invite",
        "invite",
        lambda w, a: teams.invite(w.things["team"], "newcomer", "member", actor=a),
    ),
    _of_team(
        "change", "change", lambda w, a: teams.change(w.things["membership"], "owner", actor=a)
    ),
    _of_team(
        "remove",
        "remove",
        lambda w, a: teams.remove(w.things["membership"], actor=a),
        "leave the team",
    ),
    on(
        "packages.invitations.withdraw",
        "lead the team",
        "team.withdraw",
        invitations.withdraw,
        "invitation to the team",
    ),
    # their roles on projects
    Verb(
        "packages.team_roles.grant",
        "manage",
        "role.invite",
        lambda w, a: team_roles.grant(w.project, "unheard-of", "reader", actor=a),
    ),
    Verb(
        "packages.team_roles.grant",
        "manage in the team",
        "team.grant",
        lambda w, a: team_roles.grant(w.project, "crew", "reader", actor=a),
    ),
    Verb(
        "packages.team_roles.change",
        "manage",
        "team.change_role",
        lambda w, a: team_roles.change(w.things["team role"], "owner", actor=a),
    ),
    on(
        "packages.team_roles.remove",
        "give up a role",
        "team.revoke",
        team_roles.remove,
        "team role",
    ),
    on(
        "packages.team_roles.accept",
        "answer for the team or administer it",
        "team.grant",
        team_roles.accept,
        "invitation of the team",
    ),
    # the transfer of a project
    Verb(
        "packages.transfers.offer",
        "hand over",
        "role.offer_transfer",
        lambda w, a: transfers.offer(w.project, "newcomer", "leave", actor=a),
    ),
    on(
        "packages.transfers.accept",
        "answer for the team or administer it",
        "role.transfer",
        transfers.accept,
        "offer to the team",
    ),
]

_ROLE = "team_roles.grant and accept, which have locked both and asked who may"
_INVITED = "invitations.invitation_for, which finds one's own only (teams)"
BEHIND: dict[str, str] = {
    "packages.invitations.offer": "roles.invite, teams.invite, team_roles.grant, transfers.offer",
    "packages.role_ledger.settled": "it writes down what the verbs inside it have done",
    "packages.team_access.is_owner": "it answers a question, and lets nobody do anything",
    "packages.team_access.require_token": "a part of the doors, about the token alone",
    "packages.team_roles.put": _ROLE,
    "packages.teams.join": _INVITED,
    "packages.teams.part": "teams.remove and person_deletion.delete",
}
