"""E-mails about pending publishers, to whoever prepared them."""

from __future__ import annotations

from django.urls import reverse

from accounts import notices
from accounts.models import User

ENDED = "packages/email/publisher_ended.txt"


def tell_ended(user: int, name: str, why: str) -> bool:
    """Write that a pending publisher is over: `why` is ``late`` or ``taken``."""
    person = User.objects.filter(pk=user).first()
    if person is None:
        return False
    link = reverse("pending-publishers")
    return notices.notify(person, "publisher", ENDED, {"name": name, "why": why}, link=link)
