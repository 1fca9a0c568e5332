"""Verbs on user names and e-mail domains that nobody new may have."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.models import ProhibitedEmailDomain, ProhibitedUsername
from pypi_site.lib.problems import Conflict, Problem, ReasonNeeded

_SEPARATORS = re.compile(r"[-_.]+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.ASCII)


class InvalidDomain(Problem):
    """Not the name of a domain."""

    code, title = "invalid-domain", "Invalid domain"


class AlreadyProhibited(Conflict):
    """It is in the list."""

    code, title = "already-prohibited", "Prohibited already"


def skeleton(username: str) -> str:
    """What user names have in common that people take for the same."""
    return _SEPARATORS.sub("", username.strip().lower())


def is_prohibited(username: str) -> bool:
    return ProhibitedUsername.objects.filter(name=skeleton(username)).exists()


def is_within(domain: str, domains: Iterable[str]) -> bool:
    """Whether it is one of the domains, or below one."""
    return any(domain == parent or domain.endswith(f".{parent}") for parent in domains)


def is_prohibited_domain(domain: str) -> bool:
    labels = domain.lower().split(".")
    above = [".".join(labels[start:]) for start in range(len(labels))]
    return ProhibitedEmailDomain.objects.filter(domain__in=above).exists()


@transaction.atomic
def prohibit_username(username: str, *, actor: Actor, reason: str) -> ProhibitedUsername:
    """Let nobody new have the name; who has it keeps it.

    Raises `ReasonNeeded`, `AlreadyProhibited`.
    """
    _require(reason)
    values = {"reason": reason.strip(), "created_by": actor.user}
    row, new = ProhibitedUsername.objects.get_or_create(name=skeleton(username), defaults=values)
    if not new:
        raise AlreadyProhibited(f"{row} is prohibited already; change the reason there.")
    audit.record(actor, "username.prohibit", row, reason=reason)
    return row


@transaction.atomic
def prohibit_domain(domain: str, *, actor: Actor, reason: str) -> ProhibitedEmailDomain:
    """Take no addresses of the domain and its subdomains any more; those that are here stay.

    Raises `ReasonNeeded`, `InvalidDomain`, `AlreadyProhibited`.
    """
    _require(reason)
    domain = domain.strip().lower().lstrip("@")
    if not _DOMAIN.fullmatch(domain):
        raise InvalidDomain("Write the domain alone, such as example.org.")
    values = {"reason": reason.strip(), "created_by": actor.user}
    row, new = ProhibitedEmailDomain.objects.get_or_create(domain=domain, defaults=values)
    if not new:
        raise AlreadyProhibited(f"{row} is prohibited already; change the reason there.")
    audit.record(actor, "email_domain.prohibit", row, reason=reason)
    return row


@transaction.atomic
def allow(row: ProhibitedUsername | ProhibitedEmailDomain, *, actor: Actor, reason: str) -> None:
    """Take a prohibition back."""
    _require(reason)
    kind = "username" if isinstance(row, ProhibitedUsername) else "email_domain"
    audit.record(actor, f"{kind}.allow", row, reason=reason, before={"reason": row.reason})
    row.delete()


def _require(reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded("Write the reason; it is kept in the audit trail.")
