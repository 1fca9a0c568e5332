"""allauth's questions, answered by our rules; no more than that stands here."""

from __future__ import annotations

import ipaddress
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.http import Http404, HttpRequest, HttpResponse

from accounts import actors, emails, organizations, secrets, security, signup
from accounts.models import User

NO_ADDRESS = "0.0.0.0"  # noqa: S104 - a unix socket has no address, and a session wants one


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up, names and addresses as the site decides; limits count accounts, not spellings."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_taken": "Somebody has this user name already; choose another.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return signup.is_open(request)

    def clean_username(self, username: str, shallow: bool = False) -> str:
        username = super().clean_username(username, shallow=shallow)
        signup.require_username(username)
        return username

    def clean_email(self, email: str) -> str:
        signup.require_email(email)
        if self.request and self.request.user.is_anonymous:
            signup.require_invited(email)
        return email

    def get_client_ip(self, request: HttpRequest) -> str:
        return actors.clean_address(request.META.get("REMOTE_ADDR", "")) or NO_ADDRESS

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Told to nobody but who has just proven who he is."""
        security.note_frozen(request, user)
        answer: HttpResponse = super().respond_user_inactive(request, user)
        return answer

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Somebody whose account is frozen would be told that he has none."""
        if template_prefix == "account/email/unknown_account" and signup.is_frozen(email):
            template_prefix = "account/email/frozen_account"
            context = {**context, "contact": settings.MODERATORS_CONTACT}
        site = SimpleNamespace(name=settings.SITE_NAME, domain=urlsplit(settings.SITE_URL).netloc)
        super().send_mail(template_prefix, email, {**context, "current_site": site})

    def render_mail(self, *args: Any, **options: Any) -> EmailMultiAlternatives:
        """allauth's letters are HTML, too, in the layout of ours."""
        mail: EmailMultiAlternatives = super().render_mail(*args, **options)
        if not mail.alternatives:
            letter = emails.Letter(str(mail.subject), str(mail.body))
            mail.attach_alternative(emails.html_of(letter), "text/html")
        return mail

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One for each account, whichever of its names is tried."""
        login = credentials.get("username") or credentials.get("email") or ""
        user = User.objects.by_login(login)
        return f"account:{user.pk}" if user else f"nobody:{login.lower()}"


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who comes from GitHub or another provider."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.state.get("process") != "connect":
            organizations.require_member(request, sociallogin)
        signup.choose_address(sociallogin)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return signup.is_open_to(request, sociallogin.email_addresses)

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        """A provider that this site does not offer has no pages."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist:
            raise Http404("Nobody signs in by this provider here.") from None

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Whatever is taken or not allowed is said on a form; nothing is chosen silently."""
        user = sociallogin.user
        try:
            AccountAdapter(request).clean_username(user.username)
            signup.require_email(user.email)
            signup.require_invited(user.email)
        except ValidationError:
            return False
        return bool(super().is_auto_signup_allowed(request, sociallogin))

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """Only where the account has verified the address itself, and has no powers of staff."""
        for address in sociallogin.email_addresses:
            if address.verified and self.can_authenticate_by_email(sociallogin, address.email):
                user = signup.verified_owner(address.email)
                if user and not user.is_staff:
                    return user, address.email
        return None


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: sealed at rest, and bound to the address that people use."""

    def encrypt(self, text: str) -> str:
        return secrets.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.unseal(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the site's host; an IP address can have none (WebAuthn, 5.1.2)."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        host = urlsplit(settings.SITE_URL).hostname or ""
        return {"id": entity["id"] if _is_address(host) else host, "name": settings.SITE_NAME}

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return str(user.get_username())


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
