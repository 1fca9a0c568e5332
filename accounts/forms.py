"""Forms of sign-in and sign-up: allauth's, with what it leaves to us."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as factors
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.socialaccount.forms import SignupForm as AllauthSocialSignupForm
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
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
        """allauth drops addresses that are not taken here, so an absent one is explained, too."""
        taken = self._obstacle("username", AccountAdapter().clean_username)
        return [said for said in (taken, self._no_address()) if said]

    def _no_address(self) -> str:
        if self.initial.get("email"):
            return ""
        name = self.sociallogin.provider.name
        wanted = f" of {' or '.join(settings.EMAIL_DOMAINS)}" if settings.EMAIL_DOMAINS else ""
        return f"{name} has told us no address that is taken here; write one{wanted} that you read."

    def _obstacle(self, name: str, check: Any) -> str:
        suggested = self.initial.get(name)
        if not suggested:
            return ""
        try:
            check(suggested)
        except ValidationError as error:
            return f"{suggested}: {' '.join(error.messages)}"
        return ""


class OnceOnly:
    """The code of an app is good once, for as long as any clock makes it good.

    allauth forgets a used code after one period; with clocks that differ it is taken for three.
    """

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not self._is_first_use(code):
            raise get_factor_adapter().validation_error("incorrect_code")
        return code

    def _is_first_use(self, code: str) -> bool:
        key = f"accounts.used_code:{self.user.pk}:{normalize_user_code(code)}"
        seconds = factors.TOTP_PERIOD * (2 * factors.TOTP_TOLERANCE + 1)
        return bool(cache.add(key, True, timeout=seconds))


class AuthenticateForm(OnceOnly, AllauthAuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class ReauthenticateForm(OnceOnly, AllauthReauthenticateForm):  # type: ignore[misc]
    """Before a sensitive change."""
