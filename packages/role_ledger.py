"""What a change of roles means for the projects that it touches.

A team's role, or somebody's place in a team, changes the standing of several people on several
projects at once.  Whoever changes such a thing does it inside `settled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from packages import access, insiders, journal
from packages.insiders import Standing
from packages.models import Project
from pypi_site.lib.problems import Conflict

Standings = dict[int, Standing]


class LastOwner(Conflict):
    """A project without an owner could never be managed again."""

    code, title = "last-owner", "The last owner"


@contextmanager
def settled(actor: Actor, projects: Iterable[Project], why: str) -> Iterator[None]:
    """Note in trail and journal whose standing changes inside, and leave no project ownerless.

    The caller holds the locks of all `projects`.  Raises `LastOwner`; a project that had no
    owner who may sign in is not made worse by losing another.
    """
    before = [(project, _standings(project), is_owned(project)) for project in projects]
    yield
    for project, standings, owned in before:
        if owned:
            require_owner(project)
        _note(actor, project, standings, _standings(project), why)


def is_owned(project: Project) -> bool:
    """Whether anybody owns it, himself or by a team, whose account may sign in."""
    return insiders.people_of(project, access.OWNERS).filter(is_active=True).exists()


def require_owner(project: Project) -> None:
    """Refuse what has just left the project without an owner who can act."""
    if not is_owned(project):
        raise LastOwner(
            f"This would take the last owner from {project}; make somebody else an owner first."
        )


def kind_of(user: User, project: Project) -> str:
    """The greatest role of somebody, his own or a team's; "" if he has none."""
    standing = _standings(project).get(user.pk)
    return standing.kind if standing else ""


def _standings(project: Project) -> Standings:
    found = insiders.standings(project, insiders.EVERY_KIND)
    return {standing.user_id: standing for standing in found}


def _note(actor: Actor, project: Project, before: Standings, after: Standings, why: str) -> None:
    changed = {user for user in before.keys() | after.keys() if before.get(user) != after.get(user)}
    people = User.objects.filter(pk__in=changed).order_by("username")
    entries = [
        _audited(actor, project, user, (before.get(user.pk), after.get(user.pk)), why)
        for user in people
    ]
    if project.published_at:
        journal.record(actor, project, *entries)


def _audited(
    actor: Actor, project: Project, user: User, change: tuple[Standing | None, ...], why: str
) -> str:
    """One row of the trail for one person; returns the entry for the journal."""
    old, new = (standing.kind if standing else "" for standing in change)
    verb = _verb(old, new)
    audit.record(
        actor,
        f"role.{verb}",
        project,
        reason=why,
        before={"kind": old} if old else None,
        after={"user": user.username, "kind": new or old},
        person=user,
    )
    return entry(verb, user.username, old, new)


def _verb(old: str, new: str) -> str:
    return "change" if old and new else "add" if new else "remove"


def entries(username: str, old: str, new: str) -> list[str]:
    """What the journal says of a change; nothing if somebody is what he was."""
    return [] if old == new else [entry(_verb(old, new), username, old, new)]


def entry(verb: str, username: str, old: str, new: str) -> str:
    """As PyPI's journal writes it, which mirrors read."""
    if verb == "change":
        return f"change {old.capitalize()} {username} to {new.capitalize()}"
    return f"{verb} {(new or old).capitalize()} {username}"
