"""What settings.py says of sign-in, and how our settings of providers become allauth's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

GITHUB = "https://github.com"
SIGNUPS = ("open", "providers", "invited", "closed")
_VALIDATORS = "django.contrib.auth.password_validation"
PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]


def allauth(site_name: str) -> dict[str, Any]:
    """What allauth is told, whatever a site decides."""
    return {**_account(site_name), **_factors(site_name), **_SOCIAL}


def _account(site_name: str) -> dict[str, Any]:
    return {
        "ACCOUNT_ADAPTER": "accounts.adapters.AccountAdapter",
        "ACCOUNT_FORMS": {"signup": "accounts.forms.SignupForm"},
        "ACCOUNT_LOGIN_METHODS": {"username", "email"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "email*", "password1*", "password2*"],
        # By a code: an address is stored with an account once it is verified, and never before.
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
        "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED": True,
        "ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND": True,
        # allauth offers it for new addresses only, which would tell them from taken ones.
        "ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE": False,
        "ACCOUNT_MAX_EMAIL_ADDRESSES": 10,
        "ACCOUNT_EMAIL_NOTIFICATIONS": False,  # accounts.security_letters tells of more
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": f"[{site_name}] ",
        "ACCOUNT_USERNAME_VALIDATORS": "accounts.models.USERNAME_VALIDATORS",
        "ACCOUNT_USERNAME_BLACKLIST": ["__token__", "admin", "root", "system"],
        "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
        "ACCOUNT_RATE_LIMITS": {
            # "ip" counts by address, "key" by account; kept in the cache that all processes share.
            "login": "30/m/ip",
            "login_failed": "10/m/ip,60/h/ip,10/300s/key",
            "signup": "20/m/ip,100/d/ip",
            "reset_password": "20/m/ip,5/h/key",
            "confirm_email": "1/10s/key,10/h/key",
        },
    }


def _factors(site_name: str) -> dict[str, Any]:
    return {
        "MFA_ADAPTER": "accounts.adapters.FactorAdapter",
        "MFA_FORMS": {
            "authenticate": "accounts.forms.AuthenticateForm",
            "reauthenticate": "accounts.forms.ReauthenticateForm",
        },
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_PASSKEY_LOGIN_ENABLED": True,
        "MFA_PASSKEY_SIGNUP_ENABLED": True,
        "MFA_RECOVERY_CODES_SHOW_ONCE": True,
        "MFA_TOTP_ISSUER": site_name,
        "MFA_TOTP_TOLERANCE": 1,  # clocks differ; a code is good once all the same
    }


_SOCIAL: dict[str, Any] = {
    "SOCIALACCOUNT_ADAPTER": "accounts.adapters.SocialAdapter",
    "SOCIALACCOUNT_FORMS": {"signup": "accounts.forms.SocialSignupForm"},
    # An account is never found by an address, but where a provider is trusted with addresses.
    "SOCIALACCOUNT_EMAIL_AUTHENTICATION": False,
    "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT": True,
    "SOCIALACCOUNT_LOGIN_ON_GET": False,
    "SOCIALACCOUNT_STORE_TOKENS": False,
}


def github(url: str, client: str, secret: str, organizations: Sequence[str]) -> dict[str, Any]:
    """GitHub as allauth's provider; without a client it is switched off."""
    found: dict[str, Any] = {
        "SCOPE": ["user:email", "read:org"] if organizations else ["user:email"],
        "OAUTH_PKCE_ENABLED": True,
    }
    if url != GITHUB:
        found["GITHUB_URL"] = url
    if client:
        found["APPS"] = [{"client_id": client, "secret": secret}]
    return found


def openid_connect(given: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The providers of GATEHOUSE_SIGN_IN_PROVIDERS, as allauth calls them."""
    return {"OAUTH_PKCE_ENABLED": True, "APPS": [_openid_connect(each) for each in given]}


def _openid_connect(given: dict[str, Any]) -> dict[str, Any]:
    trusted = bool(given.get("trust_emails"))
    return {
        "provider_id": given.get("id", ""),
        "name": given.get("name") or given.get("id", ""),
        "client_id": given.get("client_id", ""),
        "secret": given.get("client_secret", ""),
        "settings": {
            "server_url": str(given.get("server", "")).rstrip("/"),
            "email_authentication": trusted,
            **given.get("options", {}),
        },
    }


def origins(github_url: str, given: Iterable[dict[str, Any]]) -> list[str]:
    """Where the forms of sign-in may lead: browsers hold the CSP against redirects, too."""
    addresses = [github_url]
    for each in given:
        addresses += [each.get("server", ""), *each.get("leads_to", [])]
    parts = [urlsplit(str(address)) for address in addresses if address]
    return list(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))
