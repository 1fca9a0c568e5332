"""Rows: teams, for their members; and which teams have a role on a project, for its people."""

from __future__ import annotations

from functools import partial

from packages.models import Team, TeamMember
from tests.factories.people import UserFactory
from tests.permissions.actions import Action
from tests.permissions.world import TEAM, World

ONCE = ("public",)
OF = "accounts/teams/of/<slug:name>/"
ANSWER = "accounts/invitations/<uuid:identifier>/"
ON_PROJECT = "project/<project:name>/people/"
API, PROJECTS_API = "api/v1/teams/", "api/v1/projects/<project:name>/teams/"
INVITED = {"recipient": "newcomer", "kind": "member"}
# A team that nobody has heard of is asked as any other would be: whoever may is told the same.
UNHEARD = {"team": "unheard-of", "name": "unheard-of", "kind": "reader"}
# One's own gets it at once; it is invited already, so nobody else can have it asked once more.
OWN = {"team": TEAM, "name": TEAM, "kind": "reader"}
ON_IT, READING, ELSEWHERE = {"team": "team on it"}, {"team": "team that reads"}, {"team": TEAM}
NO_ROLE, THAT_READS = "a team without a role on it", "a team that only reads"


def led_by_another(world: World) -> None:
    """So that the owner whom the row is about is not the last one."""
    crew = Team.objects.get(name=TEAM)
    other = UserFactory(username="helmsman")
    TeamMember.objects.create(team=crew, user=other, kind="owner")


def not_invited(world: World) -> None:
    """So that whoever does not belong to it can have it asked."""
    world.things["invitation of the team"].delete()


_page = partial(Action, "GET", at={"name": TEAM}, modes=ONCE)
_form = partial(Action, "POST", at={"name": TEAM}, modes=ONCE)
_on_project = partial(Action, "POST")


def _program(method: str, route: str, *args: object, **more: object) -> Action:
    return Action(method, route, *args, door="program", **more)  # type: ignore[arg-type]


def _answer(word: str, who: str, does: str, to: str) -> Action:
    """Invitations that `own_pages` does not have, each for whom it is."""
    return _form(f"{ANSWER}{word}/", who, does, at={"identifier": to}, variant=to)


_ITS_PAGES = [
    _page("accounts/teams/", "people"),
    _form("accounts/teams/create/", "found a team", "team.create", {"name": "new"}),
    _page(OF, "see the team"),
    _form(f"{OF}describe/", "lead the team", "team.describe", {"description": "Rows."}),
    _form(f"{OF}delete/", "lead the team", "team.delete", {"confirm": TEAM}),
    _form(f"{OF}invite/", "lead the team", "team.invite", INVITED),
    _form(
        f"{OF}members/<int:pk>/role/",
        "lead the team",
        "team.change",
        {"on": "owner"},
        at={"name": TEAM, "pk": "membership"},
    ),
    _form(
        f"{OF}members/<int:pk>/remove/",
        "leave the team",
        "team.remove",
        at={"name": TEAM, "pk": "membership"},
    ),
    *[
        _form(
            f"{OF}members/<int:pk>/{verb}/",
            "lead the team",
            does,
            body,
            at={"name": TEAM, "pk": "owner's membership"},
            before=led_by_another,
            variant="an owner of it",
        )
        for verb, does, body in [
            ("role", "team.change", {"on": "member"}),
            ("remove", "team.remove", None),
        ]
    ],
    _form(
        f"{OF}invitations/<uuid:identifier>/withdraw/",
        "lead the team",
        "team.withdraw",
        at={"name": TEAM, "identifier": "invitation to the team"},
    ),
    _answer("accept", "be invited", "team.join", "invitation to the team"),
    _answer("decline", "be invited", "team.decline", "invitation to the team"),
    _answer("accept", "answer for the team", "team.grant", "invitation of the team"),
    _answer("decline", "answer for the team", "role.decline", "invitation of the team"),
    _answer("accept", "be handed it", "role.transfer", "offer"),
    _answer("decline", "be handed it", "role.decline", "offer"),
    _answer("accept", "answer for the team", "role.transfer", "offer to the team"),
    _answer("decline", "answer for the team", "role.decline", "offer to the team"),
]
_ITS_API = [
    _program("GET", API, "manage one's own", modes=ONCE),
    _program("POST", API, "found a team", "team.create", {"name": "new"}, modes=ONCE),
    *[
        _program(method, f"{API}{route}", who, does, body, at=ELSEWHERE, modes=ONCE)
        for method, route, who, does, body in [
            ("GET", "<slug:team>/", "see the team", "", None),
            ("PATCH", "<slug:team>/", "lead the team", "team.describe", {"description": "Rows."}),
            ("DELETE", "<slug:team>/", "lead the team", "team.delete", {"confirm": TEAM}),
            ("POST", "<slug:team>/members/", "lead the team", "team.invite", INVITED),
        ]
    ],
    *[
        _program(
            method,
            f"{API}<slug:team>/members/<str:username>/",
            who,
            does,
            body,
            at={**ELSEWHERE, "username": "reader"},
            modes=ONCE,
        )
        for method, who, does, body in [
            ("PATCH", "lead the team", "team.change", {"kind": "owner"}),
            ("DELETE", "leave the team", "team.remove", None),
        ]
    ],
]
_ON_PROJECTS = [
    _on_project(f"{ON_PROJECT}teams/grant/", "manage", "role.invite", UNHEARD),
    _on_project(
        f"{ON_PROJECT}teams/grant/", "manage in the team", "team.grant", OWN, variant="his own"
    ),
    *[
        _on_project(
            f"{ON_PROJECT}teams/<slug:team>/{verb}/", who, does, {"on": "owner"}, at=at, variant=how
        )
        for verb, who, does, at, how in [
            ("role", "manage", "team.change_role", ON_IT, ""),
            ("remove", "give up a role", "team.revoke", ON_IT, ""),
            ("remove", "give up a role that reads", "team.revoke", READING, THAT_READS),
            ("role", "nobody", "", ELSEWHERE, NO_ROLE),
            ("remove", "nobody", "", ELSEWHERE, NO_ROLE),
        ]
    ],
    _on_project(
        f"{ON_PROJECT}transfer/",
        "hand over",
        "role.offer_transfer",
        {"recipient": "newcomer", "then": "leave"},
    ),
    _program("GET", PROJECTS_API, "see its publishers and teams"),
    _program("POST", PROJECTS_API, "manage", "role.invite", UNHEARD),
    _program(
        "POST",
        PROJECTS_API,
        "manage",
        "accounts_auditevent",  # at once or by an invitation
        OWN,
        before=not_invited,
        variant="his own",
    ),
    *[
        _program(
            method, f"{PROJECTS_API}<slug:team>/", who, does, {"kind": "owner"}, at=at, variant=how
        )
        for method, who, does, at, how in [
            ("PATCH", "manage", "team.change_role", ON_IT, ""),
            ("DELETE", "give up a role", "team.revoke", ON_IT, ""),
            ("DELETE", "give up a role that reads", "team.revoke", READING, THAT_READS),
            ("PATCH", "nobody", "", ELSEWHERE, NO_ROLE),
            ("DELETE", "nobody", "", ELSEWHERE, NO_ROLE),
        ]
    ],
]
ACTIONS: list[Action] = [*_ITS_PAGES, *_ITS_API, *_ON_PROJECTS]
