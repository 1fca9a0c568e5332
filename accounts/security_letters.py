"""Letters about what happened to an account: what, when, from where, and what to do about it."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.urls import reverse

from accounts import emails, event_words, notices, sessions
from accounts.models import AuditEvent, User

TEMPLATE = "accounts/email/security.txt"
_FAILURES = ("session.fail", "session.factor_fail", "session.refuse")
_TO_EVERY_ADDRESS = ("user.recover_begin", "user.recover_cancel", "user.recover")
_TO_FORMER_ADDRESS = ("email.remove", "email.primary")


def tell(event: AuditEvent) -> bool:
    """Tell the person; at an address that he lost, too.  What the system does is told to nobody."""
    person = event.person
    if person is None or (event.user is None and event.action not in _FAILURES):
        return False
    kind = event_words.LETTERS.get(event.action, "failures")
    context = _context(event, person)
    sent = notices.notify(
        person, kind, TEMPLATE, context, link=reverse("history"), occasion=f"event:{event.pk}"
    )
    if sent or person.verified_email is None:
        _tell_elsewhere(event, person, context)
    return sent


def _tell_elsewhere(event: AuditEvent, person: User, context: dict[str, Any]) -> None:
    """Whoever took the account over may have taken the address away."""
    former = event.before or {}
    if event.action in _TO_FORMER_ADDRESS and former.get("verified"):
        emails.send_to(former["email"], TEMPLATE, {"user": person, **context})
    if event.action in _TO_EVERY_ADDRESS:
        mine = EmailAddress.objects.filter(user=person).values_list("email", flat=True)
        for email in {*mine, *former.get("addresses", ())} - {person.verified_email}:
            emails.send_to(email, TEMPLATE, {"user": person, **context})


def _context(event: AuditEvent, person: User) -> dict[str, Any]:
    by_himself = event.user_id == person.pk
    failed = event.action in _FAILURES
    return {
        "what": event_words.sentence(event.action),
        "action": event.action,
        "failed": failed,
        "by_himself": by_himself,
        "at": event.at,
        "subject": event.subject if event.subject_type == "accounts.apitoken" else "",
        "details": details(event),
        "address": event.address if by_himself or failed else None,
        "device": sessions.device(event.client) if by_himself or failed else "",
        "client": event.client if by_himself or failed else "",
        "reason": event.reason,
    }


def details(event: AuditEvent) -> list[tuple[str, str]]:
    """What is worth reading of before and after, in words."""
    facts = {**(event.before or {}), **(event.after or {})}
    known = [(event_words.DETAILS[key], facts[key]) for key in facts if key in event_words.DETAILS]
    return [(label, _text(value)) for label, value in known if value not in ("", None, [])]


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
