"""Secrets that must be read again, such as the seed of an authenticator app, are stored sealed.

The keys are made of Django's secret key and its predecessors: whoever has a copy of the database
alone has no second factors.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(text: str) -> str:
    """The text, unreadable without the secret key."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed with this secret key or one of the old ones.

    Raises `cryptography.fernet.InvalidToken` when it was sealed with another.
    """
    return _box().decrypt(sealed.encode()).decode()


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(secret: str) -> bytes:
    """32 bytes that serve this purpose only."""
    digest = hashlib.blake2b(secret.encode(), digest_size=32, person=b"gate-factors").digest()
    return base64.urlsafe_b64encode(digest)
