"""What allauth and Django announce about accounts, written into the trail.

A failed sign-in is noted by a job, whether there is such an account or not, so that the answer
takes equally long; many of them leave few rows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import actors, audit, devices, recoveries, sessions
from accounts.actors import Actor
from accounts.backends import PROVEN
from accounts.models import AuditEvent, User
from pypi_site.lib import jobs

METHODS = "account_authentication_methods"  # where allauth keeps how somebody proved himself
NAMES = {
    "password": "password",
    "totp": "authenticator app",
    "webauthn": "security key or passkey",
    "recovery_codes": "recovery code",
    "code": "code by e-mail",
}
REFUSALS = ("session.fail", "session.factor_fail", "session.refuse")
FAILURES_IN_AN_HOUR = 20  # rows; what goes beyond is noise
BURST = 5  # failures in an hour that somebody is told of
QUIET_SECONDS = 60  # one row for an account and an address


@receiver(account.user_logged_in)
def note_sign_in(request: HttpRequest, user: User, response: HttpResponse, **about: Any) -> None:
    actor = actors.of_request(request)
    facts = {"how": how(request), "device": sessions.device(actor.client)}
    audit.record(actor, "session.begin", user, after=facts)
    if devices.greet(request, response, user):
        audit.record(actor, "device.new", user, after=facts)
    recoveries.object_by_sign_in(user, actor=actor)


def how(request: HttpRequest) -> str:
    """What somebody proved who he is with, in words: password, authenticator app."""
    steps = [_name(step) for step in request.session.get(METHODS, [])]
    return ", ".join(dict.fromkeys(steps)) or "unknown"


def _name(step: dict[str, Any]) -> str:
    name = step.get("provider") or step.get("type") or step.get("method", "")
    return NAMES.get(name, str(name))


@receiver(user_login_failed)
def note_failure(
    credentials: dict[str, Any], request: HttpRequest | None = None, **about: Any
) -> None:
    login = str(credentials.get("username") or credentials.get("email") or "")[:254]
    if request is None or not login or "\0" in login or hasattr(request, PROVEN):
        return
    actor = actors.of_request(request)
    if cache.add(f"failure:{hash_of(login)}:{actor.address}", True, QUIET_SECONDS):
        now = timezone.now().isoformat()
        jobs.enqueue("accounts.tasks.note_failure", login, actor.address, actor.client, now)


def hash_of(login: str) -> str:
    """A name for a cache key, whatever was typed."""
    return devices.digest(login.lower())[:32]


def record_failure(login: str, address: str | None, client: str, at: datetime) -> bool:
    """Write a failed sign-in into the trail of the account, if there is one; not too often."""
    user = User.objects.by_login(login)
    if user is None:
        return False
    somebody = Actor(address=address, client=client)
    return _record_refusal(somebody, "session.fail", user, at)


def _record_refusal(actor: Actor, action: str, user: User, at: datetime) -> bool:
    recent = AuditEvent.objects.filter(person=user, at__gt=at - timedelta(hours=1))
    before = recent.filter(action__in=REFUSALS).count()
    if before >= FAILURES_IN_AN_HOUR:
        return False
    event = audit.record(actor, action, user, at=at)
    if before + 1 == BURST:
        jobs.enqueue("accounts.tasks.tell_of_event", event.pk)
    return True


def note_frozen(request: HttpRequest, user: User) -> None:
    """Somebody knows how to get into an account that is frozen."""
    unknown = actors.of_request(request)
    somebody = Actor(address=unknown.address, client=unknown.client)
    _record_refusal(somebody, "session.refuse", user, timezone.now())


@receiver(factors.authentication_failed)
def note_refused_factor(request: HttpRequest, user: User, **about: Any) -> None:
    unknown = actors.of_request(request)
    somebody = Actor(address=unknown.address, client=unknown.client)
    _record_refusal(somebody, "session.factor_fail", user, timezone.now())


@receiver(account.user_signed_up)
def note_sign_up(request: HttpRequest, user: User, **about: Any) -> None:
    _note(request, "user.sign_up", user, {"how": how(request)})


@receiver(account.password_changed)
def note_password(request: HttpRequest, user: User, **about: Any) -> None:
    _note(request, "password.change", user)


@receiver(account.password_set)
def note_first_password(request: HttpRequest, user: User, **about: Any) -> None:
    _note(request, "password.set", user)


@receiver(account.password_reset)
def note_reset(request: HttpRequest, user: User, **about: Any) -> None:
    _note(request, "password.reset", user)


@receiver(account.email_added)
def note_address(
    request: HttpRequest, user: User, email_address: EmailAddress, **about: Any
) -> None:
    _note(request, "email.add", user, {"email": email_address.email})


@receiver(account.email_confirmed)
def note_verified_address(request: HttpRequest, email_address: EmailAddress, **about: Any) -> None:
    _note(request, "email.verify", email_address.user, {"email": email_address.email})


@receiver(account.email_removed)
def note_removed_address(
    request: HttpRequest, user: User, email_address: EmailAddress, **about: Any
) -> None:
    before = {"email": email_address.email, "verified": email_address.verified}
    _note(request, "email.remove", user, before=before)


@receiver(account.email_changed)
def note_primary_address(
    request: HttpRequest,
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **about: Any,
) -> None:
    if from_email_address is None or from_email_address == to_email_address:
        return
    former = from_email_address
    before = {"email": former.email, "verified": former.verified}
    _note(request, "email.primary", user, {"email": to_email_address.email}, before=before)


@receiver(factors.authenticator_added)
def note_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **about: Any
) -> None:
    codes = authenticator.type == Authenticator.Type.RECOVERY_CODES
    _note(request, "factor.codes" if codes else "factor.add", user, _factor(authenticator))


@receiver(factors.authenticator_reset)
def note_codes(
    request: HttpRequest, user: User, authenticator: Authenticator, **about: Any
) -> None:
    _note(request, "factor.codes", user, _factor(authenticator))


@receiver(factors.authenticator_removed)
def note_removed_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **about: Any
) -> None:
    _note(request, "factor.remove", user, before=_factor(authenticator))


@receiver(factors.authenticator_used)
def note_used_code(
    request: HttpRequest, user: User, authenticator: Authenticator, **about: Any
) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _note(request, "factor.code_used", user)


def _factor(authenticator: Authenticator) -> dict[str, str]:
    return {"factor": NAMES.get(authenticator.type, authenticator.type)}


@receiver(social.social_account_added)
def note_connection(request: HttpRequest, sociallogin: Any, **about: Any) -> None:
    _note(request, "social.connect", sociallogin.user, _social(sociallogin.account))


@receiver(social.social_account_removed)
def note_removed_connection(
    request: HttpRequest, socialaccount: SocialAccount, **about: Any
) -> None:
    _note(request, "social.disconnect", socialaccount.user, before=_social(socialaccount))


def _social(connected: SocialAccount) -> dict[str, str]:
    return {"provider": connected.provider, "uid": str(connected.uid)}


def _note(
    request: HttpRequest,
    action: str,
    user: User,
    after: dict[str, Any] | None = None,
    *,
    before: dict[str, Any] | None = None,
) -> None:
    """Whoever asks, acts; before he is signed in it is he whom the account belongs to."""
    asking = actors.of_request(request)
    actor = asking if asking.user else Actor(user, None, asking.address, asking.client)
    audit.record(actor, action, user, after=after, before=before)
