"""Passwords: one hash for each attempt, whoever is or is not there.

allauth asks by user name, by address, and by address again, so that a clock could tell which
accounts exist; this asks once, and hashes once where nobody is found.
"""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from accounts.models import User


class PasswordBackend(AuthenticationBackend):  # type: ignore[misc]
    """Signs people in by user name or e-mail address, with Django's permissions."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        login = credentials.get("username") or credentials.get("email") or ""
        found: User | None = self._check_password(
            User.objects.by_login(login), credentials["password"]
        )
        return found
