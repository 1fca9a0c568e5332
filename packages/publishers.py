"""Verbs on trusted publishers: add and remove a project's, prepare and withdraw pending ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit, issuers
from accounts.actors import Actor
from accounts.claims import TEXT_LENGTH, Provider, Rule, clean
from accounts.issuers import Issuer
from accounts.models import TokenAction, User
from packages import access, events, names, pending_publishers, projects, reach
from packages.models import Project, Publisher
from packages.uploads import policies
from packages.uploads.policies import Submission
from pypi_site.lib.problems import Conflict, NotFound, Problem, Refused

PER_PROJECT = 100


class UnknownIssuer(Problem):
    """No issuer of this site has that name."""

    code, title = "unknown-issuer", "Unknown issuer"


class InvalidPublisher(Problem):
    """What a publisher names is missing, or not of its form."""

    code, title = "invalid-publisher-facts", "Invalid publisher"


class PublisherExists(Conflict):
    """The project trusts this publisher already, or the person has prepared it."""

    code, title = "publisher-exists", "Trusted already"


class TooManyPublishers(Conflict):
    """More than anybody needs."""

    code, title = "too-many-publishers", "Too many publishers"


# -- of a project ---------------------------------------------------------------------------------


@transaction.atomic
def add(project: Project, issuer_name: str, given: Mapping[str, str], *, actor: Actor) -> Publisher:
    """Let the CI jobs that bring these claims upload to the project; its people are told."""
    project = Project.objects.lock(project.pk)
    access.authorize_management(actor, project)
    issuer = known_issuer(issuer_name)
    publisher = _made(issuer, given, actor)
    publisher.project = project
    ours = project.publishers.all()
    if ours.filter(issuer=publisher.issuer, fingerprint=publisher.fingerprint).exists():
        raise PublisherExists(f"{project} trusts this publisher already; there is nothing to add.")
    if ours.count() >= PER_PROJECT:
        raise TooManyPublishers(f"{project} has {PER_PROJECT} publishers; remove one first.")
    publisher.save()
    _tell(actor, project, "publisher.add", publisher)
    return publisher


@transaction.atomic
def remove(publisher: Publisher, *, actor: Actor, reason: str = "") -> None:
    """Trust it no longer; what tokens it has minted end with it."""
    assert publisher.project_id
    project = Project.objects.lock(publisher.project_id)
    access.authorize_management(actor, project)
    found = project.publishers.select_for_update().filter(pk=publisher.pk).first()
    if found is None:
        raise NotFound(f"This publisher of {project} is gone; load the page again.")
    _tell(actor, project, "publisher.remove", found, reason)
    found.delete()


def of_project(project: Project, identifier: UUID) -> Publisher:
    """A publisher of the project, or `NotFound`."""
    found = project.publishers.filter(identifier=identifier).first()
    if found is None:
        raise NotFound(f"{project} has no such publisher; it may have been removed.")
    return found


def _tell(actor: Actor, project: Project, action: str, it: Publisher, reason: str = "") -> None:
    facts = {"issuer": it.issuer, **{name: value for name, value in it.facts.items() if value}}
    after, before = (facts, None) if action == "publisher.add" else (None, facts)
    said = f"{name_of(it)}{f': {reason}' if reason else '.'}"
    event = audit.record(actor, action, project, reason=said, before=before, after=after)
    events.publishers_changed.send(Project, project=project, event=event)


# -- pending --------------------------------------------------------------------------------------


@transaction.atomic
def prepare(name: str, issuer_name: str, given: Mapping[str, str], *, actor: Actor) -> Publisher:
    """Let a CI job's first upload register `name` for the person, who becomes its owner.

    The name is not reserved.  Raises whatever would keep the person from registering it now.
    """
    person = _person(actor)
    name = name.strip()
    projects.require_free_to_all(name)
    normalized = names.normalize(name)
    _require_free(actor, name, normalized)
    publisher = _made(known_issuer(issuer_name), given, actor)
    _require_news(person, normalized, publisher)
    publisher.pending_name, publisher.normalized_name = name, normalized
    publisher.waits_for, publisher.expires_at = person, pending_publishers.end_of_wait()
    publisher.save()
    after = {"name": name, "issuer": publisher.issuer, **publisher.facts}
    audit.record(actor, "publisher.prepare", publisher, after=after)
    return publisher


def _person(actor: Actor) -> User:
    """Whoever prepares a publisher could register projects by himself."""
    if actor.user is None:
        raise Refused("Only people prepare publishers; sign in, or use an API token of a person.")
    access.require_uploader(actor)
    require_whole(actor)
    return User.objects.select_for_update().get(pk=actor.user.pk)


def require_whole(actor: Actor) -> None:
    """Refuse a token that may not manage, or is made for some projects: of these it is none."""
    reach.require_allowed(actor, TokenAction.MANAGE)
    if actor.token and actor.token.limited:
        raise reach.TokenTooNarrow(
            "This token is limited to certain projects; what prepares a new one takes a token"
            " without that limit."
        )


def _require_free(actor: Actor, name: str, normalized: str) -> None:
    if Project.objects.filter(normalized_name=normalized, published_at__isnull=False).exists():
        raise projects.NameTaken(
            f"There is a project {name} already; if it is yours, add the publisher on its page."
        )
    access.require_never_used(actor, normalized)
    candidate = Project(name=name, normalized_name=normalized)
    policies.require_allowed(Submission(actor, candidate, registers=True, version="", file=None))


def _require_news(person: User, normalized: str, publisher: Publisher) -> None:
    mine = Publisher.objects.of_person(person)
    twin = mine.filter(issuer=publisher.issuer, fingerprint=publisher.fingerprint)
    if twin.filter(normalized_name=normalized).exists():
        raise PublisherExists("You have prepared this publisher already; it waits for its upload.")
    if mine.count() >= settings.PENDING_PUBLISHERS:
        raise TooManyPublishers(
            f"You have {settings.PENDING_PUBLISHERS} pending publishers; withdraw one first."
        )


@transaction.atomic
def withdraw(publisher: Publisher, *, actor: Actor) -> None:
    """Take a pending publisher back, as the person that it waits for."""
    mine = Publisher.objects.select_for_update().filter(pk=publisher.pk, project__isnull=True)
    found = mine.filter(waits_for=actor.user).first() if actor.user else None
    if found is None:
        raise NotFound("There is no such pending publisher of yours; it may have been used.")
    require_whole(actor)
    _forget(found, actor, "publisher.withdraw")


def _forget(pending: Publisher, actor: Actor, action: str, reason: str = "") -> None:
    before = {"name": pending.pending_name, "issuer": pending.issuer, **pending.facts}
    audit.record(actor, action, pending, reason=reason, before=before)
    pending.delete()


def end(publisher: Publisher, *, actor: Actor, reason: str) -> None:
    """Remove any publisher as an administrator, be it pending."""
    if publisher.project_id:
        remove(publisher, actor=actor, reason=reason)
        return
    if not actor.may(access.DELETE_FILE):
        raise Refused("Only administrators take back what others prepared; ask one of them.")
    _forget(publisher, actor, "publisher.end", reason)


# -- what both name -------------------------------------------------------------------------------


def known_issuer(name: str) -> Issuer:
    """The issuer of that name in the settings, or `UnknownIssuer`."""
    issuer = issuers.by_name(name)
    if issuer is None:
        known = ", ".join(each.name for each in issuers.configured())
        raise UnknownIssuer(f"There is no issuer {name[:40]!r} here; choose one of {known}.")
    return issuer


def name_of(publisher: Publisher) -> str:
    """A publisher in a few words; one whose issuer the settings do not name any more, too."""
    issuer = issuers.by_url(publisher.issuer)
    if issuer is None:
        return f"{publisher.issuer}: {publisher.key}"
    return issuer.provider.label_of(publisher.facts)


def _made(issuer: Issuer, given: Mapping[str, str], actor: Actor) -> Publisher:
    facts = _valid_facts(issuer, given)
    return Publisher(
        issuer=issuer.url,
        key=issuer.provider.key_of(facts),
        facts=facts,
        fingerprint=_fingerprint(issuer.provider, facts),
        added_by=actor.user,
    )


def _valid_facts(issuer: Issuer, given: Mapping[str, str]) -> dict[str, str]:
    rules = issuer.provider.rules
    if unknown := set(given) - {rule.name for rule in rules}:
        known = ", ".join(rule.name for rule in rules)
        raise InvalidPublisher(f"A publisher of {issuer.title} names {known}, not {min(unknown)}.")
    return {rule.name: _valid_fact(issuer, rule, given.get(rule.name, "")) for rule in rules}


def _valid_fact(issuer: Issuer, rule: Rule, text: str) -> str:
    text = clean(text).strip()
    if issuer.site and rule is issuer.provider.principal:  # as pasted from a browser
        text = text.removeprefix(f"{issuer.site}/").removesuffix("/").removesuffix(".git")
    if not text and rule.required:
        raise InvalidPublisher(f"{rule.label} is missing. {rule.help}".strip())
    if len(text) > TEXT_LENGTH or (text and not re.fullmatch(rule.pattern, text)):
        raise InvalidPublisher(f"{rule.label}: {text[:60]!r} cannot be right. {rule.help}".strip())
    return text


def _fingerprint(provider: Provider, facts: Mapping[str, str]) -> str:
    """Equal for facts that are compared equal."""
    compared = [(rule.name, rule.compared(facts[rule.name])) for rule in provider.rules]
    return hashlib.sha256(json.dumps(compared).encode()).hexdigest()
