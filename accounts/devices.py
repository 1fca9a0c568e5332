"""Which browsers are known of somebody: each carries a signed cookie with a secret of its own."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import actors, sessions
from accounts.models import KnownDevice, User

COOKIE, SALT = "gatehouse-device", "accounts.devices"
COOKIE_SECONDS = 400 * 86_400  # browsers keep none for longer


def greet(request: HttpRequest, response: HttpResponse, user: User) -> bool:
    """Remember the browser that `user` signs in with; True if it is new and not his first."""
    secret = request.get_signed_cookie(COOKIE, "", salt=SALT) or secrets.token_urlsafe(24)
    response.set_signed_cookie(
        COOKIE,
        secret,
        salt=SALT,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    known = KnownDevice.objects.filter(user=user)
    if known.filter(digest=digest(secret)).update(last_at=timezone.now()):
        return False
    has_others = known.exists()
    return _remember(request, user, secret) and has_others


def _remember(request: HttpRequest, user: User, secret: str) -> bool:
    actor = actors.of_request(request)
    facts = {"name": sessions.device(actor.client)[:100], "address": actor.address}
    try:
        with transaction.atomic():
            KnownDevice.objects.create(user=user, digest=digest(secret), **facts)
    except IntegrityError:  # the same browser, at the same time
        return False
    return True


def digest(secret: str) -> str:
    """What is stored in place of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
