"""Passwords: one hash for each attempt, whoever is or is not there.

allauth asks by user name, by address, and by address again, so that a clock could tell which
accounts exist; this asks once, and hashes once where nobody is found.
"""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from accounts.models import User

PROVEN = "_gatehouse_frozen_and_proven"  # on a request: the password of a frozen account was right


class PasswordBackend(AuthenticationBackend):  # type: ignore[misc]
    """Signs people in by user name or e-mail address, with Django's permissions."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        login = credentials.get("username") or credentials.get("email") or ""
        user = User.objects.by_login(login)
        found: User | None = self._check_password(user, credentials["password"])
        if request is not None and getattr(user, PROVEN, False):
            setattr(request, PROVEN, True)
        return found

    @classmethod
    def _stash_user(cls, user: Any) -> Any:
        """allauth puts aside whose password was right and who may not sign in all the same."""
        if user is not None:
            setattr(user, PROVEN, True)
        return super()._stash_user(user)
