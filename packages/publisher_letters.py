"""E-mails about pending publishers, to whoever prepared them."""

from __future__ import annotations

from accounts import emails
from accounts.models import User

ENDED = "packages/email/publisher_ended.txt"


def tell_ended(user: int, name: str, why: str) -> bool:
    """Write that a pending publisher is over: `why` is ``late`` or ``taken``."""
    person = User.objects.filter(pk=user).first()
    return person is not None and emails.send(person, ENDED, {"name": name, "why": why})
