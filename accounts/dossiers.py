"""What staff sees of an account: every way in, what was done, and what is being done about it.

A constant number of queries, however much somebody has.
"""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts import event_words, powers, second_factors, security, security_letters, sessions
from accounts.models import ApiToken, AuditEvent, KnownDevice, Recovery, User

SHOWN = 20  # events
TOKENS = 100
_FREEZING = ("user.freeze", "user.unfreeze")


@dataclass(frozen=True)
class Event:
    """One line of the trail, with everything that staff may see."""

    row: AuditEvent
    what: str
    details: list[tuple[str, str]]
    device: str


@dataclass(frozen=True)
class Account:
    """One person, as far as the account goes."""

    user: User
    rights: list[str]
    addresses: list[EmailAddress]
    factors: list[tuple[str, Authenticator]]
    has_second_factor: bool
    connected: list[SocialAccount]
    tokens: list[tuple[str, ApiToken]]
    sessions: list[tuple[str, UserSession]]
    devices: list[KnownDevice]
    events: list[Event]
    freezes: list[AuditEvent]
    recovery: Recovery | None


def account_of(user: User) -> Account:
    """Everything about the account of `user`."""
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    return Account(
        user=user,
        rights=powers.of(user),
        addresses=list(EmailAddress.objects.filter(user=user).order_by("-primary", "email")),
        factors=[(security.NAMES.get(each.type, each.type), each) for each in factors],
        has_second_factor=any(each.type in second_factors.TYPES for each in factors),
        connected=list(SocialAccount.objects.filter(user=user).order_by("date_joined")),
        tokens=_tokens(user),
        sessions=[(sessions.device(each.user_agent), each) for each in sessions.of_user(user)],
        devices=list(KnownDevice.objects.filter(user=user).order_by("-last_at")),
        events=[_event(row) for row in _latest(user)],
        freezes=list(_about(user).filter(action__in=_FREEZING).order_by("-pk")[:SHOWN]),
        recovery=Recovery.objects.open().filter(user=user).select_related("begun_by").first(),
    )


def _about(user: User) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(person=user)


def _latest(user: User) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(Q(user=user) | Q(person=user)).order_by("-pk")[:SHOWN]


def _event(row: AuditEvent) -> Event:
    device = sessions.device(row.client) if row.client else ""
    return Event(row, event_words.sentence(row.action), security_letters.details(row), device)


def _tokens(user: User) -> list[tuple[str, ApiToken]]:
    """Those that work first; the rest tells what there was."""
    rows = ApiToken.objects.filter(user=user).prefetch_related("projects__project")
    latest = list(rows.order_by("-created_at")[:TOKENS])
    return sorted(((state_of(token), token) for token in latest), key=lambda pair: pair[0] != LIVE)


LIVE, EXPIRED, REVOKED = "live", "expired", "revoked"


def state_of(token: ApiToken) -> str:
    """Whether the token would work if its owner may."""
    if token.revoked_at:
        return REVOKED
    over = token.expires_at and token.expires_at <= timezone.now()
    return EXPIRED if over else LIVE


def frozen() -> QuerySet[User]:
    """Every frozen account, with the freeze that stands: `frozen_at`, `frozen_by`, `frozen_for`."""
    last = AuditEvent.objects.filter(person=OuterRef("pk"), action="user.freeze").order_by("-pk")
    annotated = User.objects.filter(is_active=False).annotate(
        frozen_at=Subquery(last.values("at")[:1]),
        frozen_by=Subquery(last.values("actor")[:1]),
        frozen_for=Subquery(last.values("reason")[:1]),
    )
    return annotated.order_by("-frozen_at", "username")
