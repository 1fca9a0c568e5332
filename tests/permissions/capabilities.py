"""Who may do what: the one table that every expectation of the matrix is read from.

It names actors of `actors.ACTORS`, whatever door they come to: a page takes sessions only, an API
sessions and tokens, an upload tokens only (`may_come`).  `PRIVATE` says what else holds of somebody
where the project is private, or the whole index is.
"""

from __future__ import annotations

from tests.permissions.actions import Action
from tests.permissions.actors import ACTORS, Kind

Names = frozenset[str]


def _of(*names: str) -> Names:
    unknown = set(names) - ACTORS.keys()
    assert not unknown, f"no such actors: {unknown}"
    return frozenset(names)


def _kinds(*by: str) -> Names:
    return frozenset(
        name
        for name, kind in ACTORS.items()
        if kind.by in by and not kind.useless and kind.person != "frozen"
    )


EVERYBODY = frozenset(ACTORS)
SIGNED_IN = _kinds("session")
PEOPLES = _kinds("session", "token")
STAFF = _of("staff", "moderator", "keeper", "staff with every permission", "administrator")

OWNERS = _of(
    "owner",
    "member of an owning team",
    "maintainer of an owning team",
    "unverified owner",
    "owner without second factor",
)
MAINTAINERS = _of("maintainer", "member of a maintaining team", "owner of a maintaining team")
READERS = _of("reader", "member of a reading team", "owner of a reading team")
# An unlimited token is as good as its owner for what it was made for; one that is limited, here.
WHOLE_TOKENS = _of(
    "token",
    "token for it",
    "token of an unverified owner",
    "token without second factor",
    "token of a member of an owning team",
)
MAINTAINERS_TOKENS = _of(
    "token of a maintainer",
    "token of a member of a maintaining team",
    "token of an owner of a maintaining team",
)
NARROW_TOKENS = _of("token to upload", "token to yank", "token to manage", "token to read")
TOKENS_ELSEWHERE = _of("token for another", "token for nothing")
# Of administrators, in person and with the second factor that the site wants: no token has powers.
SERVANTS = _of("staff with every permission", "administrator")
KEEPERS = SERVANTS | _of("keeper")
# Whoever answers for what he uploads: an address that was verified, the second factor if wanted.
ANSWERABLE = EVERYBODY - _of(
    "unverified owner",
    "token of an unverified owner",
    "owner without second factor",
    "token without second factor",
    "moderator without second factor",
    "administrator without second factor",
)
POWERFUL_TOKENS = _of("token of staff with every permission", "token of an administrator")
JOBS = _of("minted token")

UPLOADERS = frozenset(name for name, kind in ACTORS.items() if "upload" in kind.actions)
ANY_JOB = _kinds("job")
# Tokens that may manage, and all people; and of these tokens those that are limited to nothing.
MANAGERS = frozenset(name for name, kind in ACTORS.items() if "manage" in kind.actions)
UNLIMITED = frozenset(name for name, kind in ACTORS.items() if not kind.limited_to)
UNLIMITED_MANAGERS = MANAGERS & UNLIMITED

MANAGE = OWNERS | WHOLE_TOKENS | _of("token to manage")
INSIDE = OWNERS | MAINTAINERS | WHOLE_TOKENS | MAINTAINERS_TOKENS | NARROW_TOKENS
UPLOAD = (
    OWNERS | MAINTAINERS | WHOLE_TOKENS | MAINTAINERS_TOKENS | _of("token to upload")
) & ANSWERABLE
UNANSWERABLE = (OWNERS | WHOLE_TOKENS) - ANSWERABLE
CONCERNED = OWNERS  # of a project, by a team or not
OWNERS_THEMSELVES = _of(
    "owner",
    "owner without second factor",
    "token",
    "token to manage",
    "token without second factor",
)

IN_PERSON = OWNERS_THEMSELVES & SIGNED_IN
# Of the crew, which the project's owner owns; a token for it has no limit, and manages.
LEAD_TEAM = OWNERS_THEMSELVES | SERVANTS
READERS_OF_TEAM = _of("reader", "token of a reader")

WHO: dict[str, Names] = {
    "everybody": EVERYBODY,
    "nobody": frozenset(),
    "people": SIGNED_IN,
    # of a project
    "see what insiders see": OWNERS | MAINTAINERS | KEEPERS,
    "see its publishers and teams": MANAGE | MAINTAINERS | MAINTAINERS_TOKENS | KEEPERS,
    "manage": MANAGE | KEEPERS,
    "yank": OWNERS
    | MAINTAINERS
    | WHOLE_TOKENS
    | MAINTAINERS_TOKENS
    | SERVANTS
    | _of("token to yank"),
    "see its stages": INSIDE,
    "switch its staging": OWNERS,
    "remove a maintainer": MANAGE | KEEPERS | _of("maintainer"),
    "make tokens": SIGNED_IN - _of("unverified owner"),
    "prepare a publisher": (PEOPLES & ANSWERABLE & UNLIMITED_MANAGERS & UPLOADERS),
    "manage one's own": PEOPLES & UNLIMITED_MANAGERS,
    "own and manage": OWNERS_THEMSELVES,
    "be concerned in person": CONCERNED | _of("frozen owner"),
    "find it among one's own": OWNERS | WHOLE_TOKENS | NARROW_TOKENS | KEEPERS,
    "add files": UPLOAD | UNANSWERABLE | JOBS,
    "upload somewhere": (UPLOADERS & PEOPLES & ANSWERABLE) | ANY_JOB,
    "be concerned": CONCERNED,
    "see the figures": KEEPERS
    | POWERFUL_TOKENS
    | _of("moderator", "token of a moderator", "token of a keeper"),
    "publish": UPLOAD,
    "upload": UPLOAD | JOBS,
    "upload a new name": UPLOADERS & PEOPLES & ANSWERABLE & UNLIMITED,
    "report": EVERYBODY,
    "report by program": _of("scanner", "token of a scanner") | SERVANTS | POWERFUL_TOKENS,
    "be invited": _of("stranger"),
    # of one's own
    "own": OWNERS_THEMSELVES,
    "read one's whole history": PEOPLES & UNLIMITED_MANAGERS,
    # of a team
    "found a team": PEOPLES
    & UNLIMITED_MANAGERS - _of("unverified owner", "token of an unverified owner"),
    "see the team": LEAD_TEAM | READERS_OF_TEAM,
    "lead the team": LEAD_TEAM,
    "leave the team": LEAD_TEAM | _of("reader"),
    "answer for the team": IN_PERSON,
    "answer for the team or administer it": IN_PERSON | SERVANTS,
    "manage in the team": OWNERS_THEMSELVES | _of("token for it"),
    "give up a role": MANAGE | KEEPERS | _of("owner of a maintaining team"),
    "give up a role that reads": MANAGE | KEEPERS | _of("owner of a reading team"),
    "hand over": IN_PERSON | _of("unverified owner"),
    "be handed it": _of("neighbour"),
    # of the desk
    "staff": STAFF,
    "decide": KEEPERS | _of("moderator"),
    "serve": SERVANTS,
    "prohibit": KEEPERS,
    "keep": KEEPERS,
    "confirm": SERVANTS,  # what the keeper proposed
    "administer": _of("administrator"),
}
MODES = ("public", "private", "roles")
SEES_PRIVATE = (
    OWNERS
    | MAINTAINERS
    | READERS
    | WHOLE_TOKENS
    | MAINTAINERS_TOKENS
    | SERVANTS
    | POWERFUL_TOKENS
    | _of("token to read", "token of a reader", "token of an owner of a reading team")
)


MAY_READ = frozenset(name for name, kind in ACTORS.items() if "read" in kind.actions)


def may_come(kind: Kind, door: str) -> bool:
    """Whether such an actor is somebody at this door at all."""
    if kind.useless or kind.person == "frozen":
        return False
    return kind.by in WAYS[door]


WAYS = {
    "page": ("session",),
    "desk": ("session",),
    "program": ("session", "token"),
    "upload": ("token", "job"),
}


def knows(action: Action, mode: str) -> dict[str, Names]:
    """Who may know of what the address names, by the parameter: a project, a team."""
    found = {}
    if action.about_a_project:
        everybody = mode == "public"
        found["project"] = EVERYBODY if everybody else SEES_PRIVATE | INSIDE | KEEPERS
    if action.about_the_team:
        found["team"] = LEAD_TEAM | READERS_OF_TEAM
    return found


def whose(action: Action, mode: str) -> Names:
    """The actors who may do it."""
    allowed = WHO[action.who]
    if mode != "public" and action.sees:
        allowed &= SEES_PRIVATE if action.sees == "reads" else SEES_PRIVATE | INSIDE
    if mode == "roles" and action.door == "program":
        allowed &= MAY_READ  # a private index answers no token that was not made to read
    if action.door == "open":
        return allowed
    return frozenset(name for name in allowed if may_come(ACTORS[name], action.door))
