"""What people are told of, in the words of the page where they choose how."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One sort of message.

    What is `fixed` reaches people whatever they chose: it is for their safety.  Kinds for `staff`
    reach nobody else.  What only somebody who may sign in can do anything about is not `for_frozen`
    accounts: it goes to them by no e-mail.
    """

    name: str
    label: str
    group: str
    by_email: bool = True
    on_site: bool = True
    fixed: bool = False
    staff: bool = False
    for_frozen: bool = True


_ACCOUNT, _PROJECTS, _DESK = "Your account", "Your projects", "The desk"
_ALL = [
    Kind("account", "Password, e-mail addresses, factors, connections", _ACCOUNT, fixed=True),
    Kind("device", "A sign-in with a device that was not seen before", _ACCOUNT, fixed=True),
    Kind("leak", "A token of yours was found in public", _ACCOUNT, fixed=True),
    Kind("token", "A token was made for your account, or revoked", _ACCOUNT, fixed=True),
    Kind("failures", "Somebody tried several times to sign in as you", _ACCOUNT, for_frozen=False),
    Kind("place", "A token of yours was used from a new address", _ACCOUNT, for_frozen=False),
    Kind("people", "Who may upload: roles, teams and trusted publishers", _PROJECTS, fixed=True),
    Kind("invitation", "Somebody invites you to a project or a team", _PROJECTS, for_frozen=False),
    Kind("project", "Yanked, deleted, restored, archived, renamed", _PROJECTS),
    Kind("decision", "What moderators decide against you or what is yours", _PROJECTS, fixed=True),
    Kind("upload", "Your uploads: held, decided, asked about", _PROJECTS),
    Kind("publisher", "A pending publisher of yours is over", _PROJECTS, for_frozen=False),
    Kind("moderation", "Decisions about what you reported or appealed", _PROJECTS),
    Kind("desk", "Something waits for a decision", _DESK, staff=True, for_frozen=False),
]
KINDS = {kind.name: kind for kind in _ALL}
