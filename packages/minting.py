"""Trusted publishing: an identity token of a CI job in, an API token for some minutes out.

The identity token is verified by `accounts.oidc`; here it is compared with what the owners of
projects trust, and taken once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, oidc, tokens
from accounts.actors import Actor
from accounts.claims import text_of
from accounts.models import CiIdentity
from accounts.oidc import Identity
from packages.models import MintedToken, Project, Publisher
from pypi_site.lib.problems import Problem, Refused

# A quarter of an hour as the client counts it, who reads our answer a moment later.
LIFETIME = timedelta(minutes=15, seconds=30)


class NotEnabled(Refused):
    """The settings name no issuer."""

    code, title = "not-enabled", "Trusted publishing is off"


class NoPublisher(Problem):
    """The identity token is good, and no project trusts the job."""

    status, code, title = 422, "invalid-publisher", "No trusted publisher"


class NoPendingPublisher(Problem):
    """A pending publisher was meant, and cannot be used."""

    status, code, title = 422, "invalid-pending-publisher", "The pending publisher cannot be used"


class TakenAlready(Problem):
    """An identity token is exchanged once."""

    status, code, title = 422, "invalid-reuse-token", "Identity token used already"


def require_enabled() -> None:
    if not oidc.is_open():
        raise NotEnabled(
            "This index takes no identity tokens; upload with an API token, or ask an administrator"
            " to name an issuer."
        )


def mint(text: str, *, actor: Actor, single_use: bool = False) -> tuple[str, datetime]:
    """An API token for what the job's publishers are trusted with, and when it ends.

    Raises `InvalidIdentity`, `IssuerAway`, `NoPublisher`, `NoPendingPublisher` or `TakenAlready`.
    """
    require_enabled()
    issuer = oidc.issuer_of(text)
    if not Publisher.objects.filter(issuer=issuer.url).exists():  # so nobody makes us ask it
        raise NoPublisher(f"No project here trusts jobs of {issuer.title}; add a publisher first.")
    identity = oidc.verify(text, issuer)
    found = _candidates(identity)
    try:
        return _exchange(identity, _usable(identity, found), actor, single_use=single_use)
    except (NoPublisher, NoPendingPublisher, TakenAlready) as problem:
        _record_refusal(identity, found, actor, problem)
        raise


@transaction.atomic
def burn(text: str, *, actor: Actor) -> None:
    """End a minted token before its time; says nothing about any other."""
    token = tokens.verify(text)
    if token is not None and token.ci:
        tokens.revoke(token, actor=Actor(None, token, actor.address, actor.client, token.ci))


# -- who trusts the job? --------------------------------------------------------------------------


def _candidates(identity: Identity) -> list[Publisher]:
    """Every publisher of the same repository, whatever else it names."""
    key = identity.issuer.provider.key_of(identity.claims)
    same = Publisher.objects.filter(issuer=identity.issuer.url, key=key).exclude(key="")
    alive = Q(project__isnull=False) | Q(expires_at__gt=timezone.now(), waits_for__is_active=True)
    return list(same.filter(alive).select_related("project").order_by("pk"))


def _usable(identity: Identity, found: Iterable[Publisher]) -> list[Publisher]:
    """Those that name this very job and have not changed hands.  Raises why there is none."""
    provider = identity.issuer.provider
    differences = {each: provider.differing(each.facts, identity.claims) for each in found}
    matching = [each for each, differing in differences.items() if not differing]
    if not matching:
        raise NoPublisher(_why_none(identity, list(differences.values())))
    same = [each for each in matching if not changed(each, identity)]
    if not same:
        raise NoPublisher(_why_changed(identity, matching[0]))
    return _without_contested(same)


def _why_none(identity: Identity, differences: list[list[str]]) -> str:
    claims, provider = identity.claims, identity.issuer.provider
    said = {rule.name: text_of(claims, rule.name) for rule in provider.rules}
    told = ", ".join(f"{name} {value!r}" for name, value in said.items() if value)
    text = f"No project here trusts this job of {identity.issuer.title} ({told})"
    nearest = min(differences, key=len, default=None)
    if nearest is None:
        return f"{text}; add a trusted publisher for it to the project."
    other = " and ".join(nearest)
    return f"{text}: the publisher of the same {provider.principal.name} names another {other}."


def changed(publisher: Publisher, identity: Identity) -> list[str]:
    """The ids that are not those of the first use."""
    pins: dict[str, str] = publisher.pins
    return [name for name, value in pins.items() if text_of(identity.claims, name) != value]


def _why_changed(identity: Identity, publisher: Publisher) -> str:
    names = " and ".join(changed(publisher, identity))
    return (
        f"{publisher.key} of {identity.issuer.title} is another than when it was first used (its"
        f" {names} changed): if the right people made it anew, an owner removes the publisher and"
        " adds it again."
    )


def _without_contested(publishers: list[Publisher]) -> list[Publisher]:
    """Less the pending ones that cannot be used.  Raises `NoPendingPublisher` if none is left."""
    waiting = defaultdict(set)
    for each in publishers:
        waiting[each.normalized_name].add(each.waits_for_id)
    taken = set(
        Project.objects.filter(normalized_name__in=waiting, published_at__isnull=False).values_list(
            "normalized_name", flat=True
        )
    )
    left = [
        each
        for each in publishers
        if not each.pending
        or (len(waiting[each.normalized_name]) == 1 and each.normalized_name not in taken)
    ]
    if not left:
        raise NoPendingPublisher(
            f"The name {publishers[0].pending_name} was taken meanwhile, or several people wait for"
            " it with the same publisher: prepare another name, or let one of you withdraw."
        )
    return left


# -- the exchange ---------------------------------------------------------------------------------


@transaction.atomic
def _exchange(
    identity: Identity, publishers: list[Publisher], actor: Actor, *, single_use: bool
) -> tuple[str, datetime]:
    ci = _take(identity)
    job = Actor(ci=ci, address=actor.address, client=actor.client)
    trusted = _note_use(publishers, identity)
    ends = timezone.now() + LIFETIME
    token, text = tokens.mint_for_ci(ci, actor=job, expires_at=ends, single_use=single_use)
    MintedToken.objects.bulk_create(MintedToken(token=token, publisher=each) for each in trusted)
    for project in {each.project for each in trusted if each.project}:
        audit.record(job, "publisher.mint", project, after={"token": token.identifier, **ci.claims})
    return text, ends


def _take(identity: Identity) -> CiIdentity:
    """The row that keeps the identity token from being taken again: of two at once one wins."""
    try:
        with transaction.atomic():
            return CiIdentity.objects.create(
                issuer=identity.issuer.url,
                identifier=identity.identifier,
                key=identity.issuer.provider.key_of(identity.claims),
                label=label_of(identity),
                claims=identity.kept,
                expires_at=identity.expires_at,
            )
    except IntegrityError:
        raise TakenAlready(
            "This identity token was exchanged already; ask for a new one for each upload."
        ) from None


def _note_use(publishers: list[Publisher], identity: Identity) -> list[Publisher]:
    """Those that are still trusted, under lock; ids are remembered at the first use."""
    rows = Publisher.objects.select_for_update(of=("self",)).select_related("project")
    trusted = [
        each
        for each in rows.filter(pk__in=[it.pk for it in publishers]).order_by("pk")
        if not changed(each, identity)
    ]
    if not trusted:
        raise NoPublisher("The publisher was removed or changed this moment; run the job again.")
    for each in trusted:
        each.pins = each.pins or identity.issuer.provider.pinned(identity.claims)
        each.last_used_at = timezone.now()
        each.save(update_fields=["pins", "last_used_at"])
    return trusted


def label_of(identity: Identity) -> str:
    """How pages and the trail name the job."""
    claims = identity.claims
    run = text_of(claims, "run_id") or text_of(claims, "pipeline_id")
    return identity.issuer.provider.label_of(claims, run=run)[:200]


def _record_refusal(
    identity: Identity, found: list[Publisher], actor: Actor, problem: Problem
) -> None:
    """The owners of the projects that a good token nearly opened can read of it."""
    job = Actor(ci=CiIdentity(label=label_of(identity)), address=actor.address, client=actor.client)
    for project in {each.project for each in found if each.project}:
        after = {"code": problem.code, **identity.kept}
        audit.record(job, "publisher.refuse", project, reason=problem.detail, after=after)


def forget_identities(days: int = 7) -> int:
    """Forget identity tokens that are long over and left no file; returns how many."""
    over = CiIdentity.objects.filter(expires_at__lt=timezone.now() - timedelta(days=days))
    used = """
        exists (select from packages_file where uploaded_by_ci_id = accounts_ciidentity.id)
        or exists (select from packages_stagedfile where uploaded_by_ci_id = accounts_ciidentity.id)
        or exists (select from packages_release where published_by_ci_id = accounts_ciidentity.id)
        or exists (select from packages_stage where created_by_ci_id = accounts_ciidentity.id)
    """
    unused = over.extra(where=[f"not ({used})"])  # noqa: S610 - no text of anybody's in it
    return unused.delete()[0]
