"""Giving an account back to somebody who cannot get into it any more.

Whoever can persuade one administrator would have every account, so it takes two of them, or one and
some days in which the owner is told at every address of his and can object: by signing in, which
shows that nothing is lost, or by writing to the staff.  (PyPI wants a public issue and a proof;
here the reason says where they are.)
"""

from __future__ import annotations

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit, emails, people, powers, sessions, tokens
from accounts.actors import Actor
from accounts.models import Recovery, User
from pypi_site.lib import jobs
from pypi_site.lib.problems import Conflict, NotFound, Refused

TEMPLATE = "accounts/email/recovered.txt"


class TooEarly(Refused):
    """The owner may object until then."""

    code, title = "too-early", "The owner may still object"


@transaction.atomic
def begin(user: User, *, email: str, actor: Actor, reason: str) -> Recovery:
    """Announce that the account shall be given to whoever reads `email`; nothing changes yet.

    Raises `Refused` of people with more power, `Conflict` while another recovery waits or if
    somebody else has verified the address, `people.InvalidPerson` if it is none.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    powers.require_over(actor, user)
    people.require_free_email(user, email)
    if Recovery.objects.open().filter(user=user).exists():
        raise Conflict(f"A recovery of {user.username} waits already; finish or cancel it first.")
    recovery = Recovery.objects.create(
        user=user, email=email.lower(), reason=reason, begun_by=actor.user
    )
    after = {"email": recovery.email, "from": f"{recovery.ripe_at:%d %B %Y, %H:%M %Z}"}
    audit.record(actor, "user.recover_begin", user, reason=reason, after=after)
    return recovery


@transaction.atomic
def cancel(user: User, *, actor: Actor, reason: str) -> Recovery:
    """Do not recover the account; its owner cancels it by signing in."""
    recovery = _lock_open(user)
    if actor.user != recovery.user:
        powers.require_over(actor, recovery.user)
    recovery.cancelled_at = timezone.now()
    recovery.save(update_fields=["cancelled_at"])
    after = {"email": recovery.email}
    audit.record(actor, "user.recover_cancel", recovery.user, reason=reason, after=after)
    return recovery


def object_by_sign_in(user: User, *, actor: Actor) -> bool:
    """Whoever signs in has lost nothing: a recovery that waits is cancelled."""
    if not Recovery.objects.open().filter(user=user).exists():
        return False
    try:
        cancel(user, actor=actor, reason="The owner signed in.")
    except NotFound:  # finished this moment
        return False
    return True


@transaction.atomic
def finish(user: User, *, actor: Actor, reason: str) -> Recovery:
    """End every way into the account, and write to the new address how to choose a password.

    Sessions, second factors, connected accounts, tokens, the password and the other addresses end:
    a password could be reset at any of them.  A frozen account stays frozen.

    Raises `TooEarly`, `Refused` or `Conflict`.
    """
    recovery = _lock_open(user)
    user = recovery.user
    powers.require_over(actor, user)
    _require_ripe(recovery, actor)
    before = _close_ways_in(user, actor)
    _give_address(user, recovery.email)
    recovery.finished_at, recovery.finished_by = timezone.now(), actor.user
    recovery.save(update_fields=["finished_at", "finished_by"])
    after = {"email": recovery.email}
    audit.record(actor, "user.recover", user, reason=reason, before=before, after=after)
    jobs.enqueue("accounts.tasks.send_way_back", recovery.pk)
    return recovery


def _lock_open(user: User) -> Recovery:
    user = User.objects.select_for_update().get(pk=user.pk)
    recovery = Recovery.objects.open().select_for_update().filter(user=user).first()
    if recovery is None:
        raise NotFound(f"No recovery of {user.username} waits; begin one.")
    recovery.user = user
    return recovery


def _require_ripe(recovery: Recovery, actor: Actor) -> None:
    alone = actor.user is None or actor.user.pk == recovery.begun_by_id
    if alone and timezone.now() < recovery.ripe_at:
        raise TooEarly(
            f"The owner may object until {recovery.ripe_at:%d %B %Y, %H:%M %Z}; finish it then, or"
            " ask somebody else who may recover accounts to finish it now."
        )


def _close_ways_in(user: User, actor: Actor) -> dict[str, Any]:
    """Returns what there was."""
    factors = Authenticator.objects.filter(user=user)
    connected = SocialAccount.objects.filter(user=user)
    addresses = EmailAddress.objects.filter(user=user)
    before = {
        "factors": sorted(factors.values_list("type", flat=True)),
        "connected": sorted(connected.values_list("provider", flat=True)),
        "addresses": sorted(addresses.values_list("email", flat=True)),
        "sessions": sessions.end_every(user),
        "tokens": tokens.end_every(user, actor, "The account was recovered."),
    }
    factors.delete()
    connected.delete()
    return before


def _give_address(user: User, email: str) -> None:
    address = people.verify_email(user, email)
    EmailAddress.objects.filter(user=user).exclude(pk=address.pk).delete()
    user.refresh_from_db()
    user.set_unusable_password()
    user.save(update_fields=["password"])


def send_way_back(recovery: Recovery) -> None:
    """Write to the address how to choose a password; the link works once, for some days."""
    user = recovery.user
    proof = [user_pk_to_url_str(user), default_token_generator.make_token(user)]
    path = reverse("account_reset_password_from_key", args=proof)
    context = {"user": user, "link": f"{settings.SITE_URL}{path}"}
    emails.send_to(recovery.email, TEMPLATE, context)
