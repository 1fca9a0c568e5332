"""Forms of sign-up: allauth's, with the same work for every address, and words for conflicts."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.socialaccount.forms import SignupForm as AllauthSocialSignupForm
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.adapters import AccountAdapter


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    """A new password is hashed whether the address is free or taken: the clock must not tell."""

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists and (password := self.cleaned_data.get("password1")):
            make_password(password)
        return super().try_save(request)


class SocialSignupForm(AllauthSocialSignupForm):  # type: ignore[misc]
    """Says what is in the way of the name or address that a provider told us."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.obstacles = self._obstacles()

    def _obstacles(self) -> list[str]:
        adapter = AccountAdapter()
        checks = {"username": adapter.clean_username, "email": adapter.clean_email}
        return [said for name, check in checks.items() if (said := self._obstacle(name, check))]

    def _obstacle(self, name: str, check: Any) -> str:
        suggested = self.initial.get(name)
        if not suggested:
            return ""
        try:
            check(suggested)
        except ValidationError as error:
            return f"{suggested}: {' '.join(error.messages)}"
        return ""
