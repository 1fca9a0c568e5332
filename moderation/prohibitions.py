"""Verbs on prohibited names: prohibit one or many, release one to a person, allow again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from accounts import audit, powers
from accounts.actors import Actor
from accounts.models import User
from moderation import hits, protected
from moderation.hits import Hit
from moderation.lookalikes import keys
from moderation.models import ProhibitedName
from packages import names
from pypi_site.lib.problems import Conflict, ReasonNeeded

MOST_AT_ONCE = 1000


class TooManyNames(Conflict):
    """More names than anybody looks at before saying yes."""

    code, title = "too-many-names", "Too many names"


def read(text: str) -> list[str]:
    """The names in a text, one for each line or word, each once, as they are written."""
    found = list(dict.fromkeys(text.replace(",", " ").split()))
    if len(found) > MOST_AT_ONCE:
        raise TooManyNames(f"Give at most {MOST_AT_ONCE} names at once; these are {len(found)}.")
    return found


def against(name: str, user: User | None) -> ProhibitedName | None:
    """The prohibition that keeps somebody from a normalized name: its own, or one of its twin.

    Whom a name was released to it does not keep, nor does a twin that a moderator excepted.
    """
    ultra = protected.ultranormalized("name")
    same = ProhibitedName.objects.annotate(ultra=ultra).filter(ultra=keys.ultranormalized(name))
    rows = list(same.order_by("name"))
    own = [row for row in rows if row.name == name]
    return next((row for row in own or _not_excepted(rows, name, user) if _keeps(row, user)), None)


def _not_excepted(
    rows: Iterable[ProhibitedName], name: str, user: User | None
) -> Sequence[ProhibitedName]:
    return [row for row in rows if not is_excepted(name, row.name, user)]


def is_excepted(name: str, target: str, user: User | None) -> bool:
    """Whether a moderator lets somebody have a normalized name beside the one that it is like."""
    return protected.excepted(name, user).filter(target=target).exists()


def _keeps(row: ProhibitedName, user: User | None) -> bool:
    return user is None or row.released_to_id != user.pk


@transaction.atomic
def prohibit(given: Iterable[str], *, actor: Actor, reason: str) -> list[ProhibitedName]:
    """Prohibit every name that is valid and not prohibited yet; projects that exist go on.

    Raises `ReasonNeeded`; `SecondModeratorNeeded` for the name of a project, where the site wants
    two.
    """
    _require(reason)
    found = [hit for hit in hits.preview(given) if hit.is_new]
    require_second(found, actor)
    return [row for name in _names(found) if (row := _prohibit(name, actor, reason))]


def _names(found: Iterable[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.name for hit in found))


def require_second(found: Iterable[Hit], actor: Actor) -> None:
    """A free name takes nothing from anybody; that of a project is decided in its case."""
    taken = next((hit.project for hit in found if hit.is_new and hit.project), None)
    if taken:
        powers.require_second(actor, taken)


def _prohibit(name: str, actor: Actor, reason: str) -> ProhibitedName | None:
    """None if somebody else was faster."""
    values = {"reason": reason.strip(), "created_by": actor.user}
    row, created = ProhibitedName.objects.get_or_create(name=name, defaults=values)
    if not created:
        return None
    audit.record(actor, "name.prohibit", row, reason=reason, after=_facts(row))
    return row


@transaction.atomic
def release(row: ProhibitedName, user: User, *, actor: Actor, reason: str) -> ProhibitedName:
    """Let one person register the name; it stays prohibited for everybody else.

    Policies about modules, twins, look-alikes and words of our addresses let that person pass,
    too: a moderator has looked.
    """
    return _release_to(row, user, "name.release", actor, reason)


@transaction.atomic
def give(name: str, user: User, *, actor: Actor, reason: str) -> ProhibitedName:
    """Release a name that a policy keeps from everybody, prohibited or not: so a backport is made.

    Raises `Conflict` for a name that nobody can have.
    """
    _require(reason)
    normalized = names.normalize(name)
    if not names.is_valid(name) or names.is_reserved(name):
        raise Conflict(f"Nobody can register {name[:64]}, whoever allows it; choose another name.")
    prohibit([normalized], actor=actor, reason=reason)
    row = ProhibitedName.objects.get(name=normalized)
    return release(row, user, actor=actor, reason=reason)


@transaction.atomic
def take_back(row: ProhibitedName, *, actor: Actor, reason: str) -> ProhibitedName:
    """Let nobody register the name any more; a project that has it by now goes on."""
    if row.released_to is None:
        raise Conflict(f"The name {row.name} is released to nobody.")
    return _release_to(row, None, "name.take_back", actor, reason)


def _release_to(
    row: ProhibitedName, user: User | None, action: str, actor: Actor, reason: str
) -> ProhibitedName:
    _require(reason)
    row = ProhibitedName.objects.select_for_update().get(pk=row.pk)
    before = {"released_to": _label(row.released_to)}
    row.released_to = user
    row.save(update_fields=["released_to"])
    after = {"released_to": _label(user)}
    audit.record(actor, action, row, reason=reason, before=before, after=after)
    return row


@transaction.atomic
def explain(row: ProhibitedName, *, actor: Actor, reason: str) -> ProhibitedName:
    """Give another reason for the prohibition."""
    _require(reason)
    row = ProhibitedName.objects.select_for_update().get(pk=row.pk)
    before = {"reason": row.reason}
    row.reason = reason.strip()
    row.save(update_fields=["reason"])
    after = {"reason": row.reason}
    audit.record(actor, "name.change_prohibition", row, reason=reason, before=before, after=after)
    return row


@transaction.atomic
def allow(row: ProhibitedName, *, actor: Actor, reason: str) -> None:
    """Free the name again."""
    _require(reason)
    audit.record(actor, "name.allow", row, reason=reason, before=_facts(row))
    row.delete()


def _facts(row: ProhibitedName) -> dict[str, str | None]:
    return {"name": row.name, "reason": row.reason, "released_to": _label(row.released_to)}


def _label(user: User | None) -> str | None:
    return user.username if user else None


def _require(reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded("Write the reason; it is kept in the audit trail.")
