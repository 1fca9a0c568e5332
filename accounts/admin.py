"""People, tokens and the audit trail in the Django admin."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from accounts import actors, people, signup_admin, tokens  # noqa: F401 - registers its tables
from accounts.models import ApiToken, AuditEvent, CiIdentity, User
from pypi_site.lib.admin_actions import (
    ReadOnlyAdmin,
    for_administrators_only,
    is_administrator,
    with_reason,
)

CHANGE_USER = "accounts.change_user"
CHANGE_TOKEN = "accounts.change_apitoken"  # noqa: S105
# Who is who, who may what, and which jobs run.
for_administrators_only(
    admin.site,
    *(Group, EmailAddress, SocialAccount, Authenticator, UserSession),
    *(Schedule, Success, Failure, OrmQ),
)


def _trust(request: HttpRequest, user: User, reason: str) -> None:
    people.trust(user, actor=actors.of_request(request), reason=reason)


def _distrust(request: HttpRequest, user: User, reason: str) -> None:
    people.distrust(user, actor=actors.of_request(request), reason=reason)


def _revoke(request: HttpRequest, token: ApiToken, reason: str) -> None:
    tokens.revoke(token, actor=actors.of_request(request), reason=reason)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Django's own, with trust."""

    list_display = ["username", "email", "is_staff", "is_active", "trusted_at", "date_joined"]
    list_filter = [
        "is_staff",
        "is_superuser",
        "is_active",
        ("trusted_at", admin.EmptyFieldListFilter),
    ]
    readonly_fields = ["trusted_at", "last_login", "date_joined"]
    powers = ("is_staff", "is_superuser", "groups", "user_permissions")
    fieldsets = (*DjangoUserAdmin.fieldsets, ("Uploads", {"fields": ["trusted_at"]}))  # type: ignore[misc]
    actions = [
        with_reason(
            _trust,
            name="trust",
            label="Trust: publish new projects without review",
            done="trusted",
            permission=CHANGE_USER,
        ),
        with_reason(
            _distrust,
            name="distrust",
            label="Distrust: hold the first release of each new project",
            done="not trusted any more",
            permission=CHANGE_USER,
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only administrators give powers: nobody raises himself, or whom he pleases."""
        fields = super().get_readonly_fields(request, obj)
        return fields if is_administrator(request) else (*fields, *self.powers)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Accounts of staff, their passwords included, are for administrators."""
    return user is None or not (user.is_staff or user.is_superuser) or is_administrator(request)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens can be looked at and revoked; their secrets are known to nobody."""

    list_display = [
        "name",
        "holder",
        "limited",
        "actions",
        "created_at",
        "expires_at",
        "last_used_at",
        "last_used_from",
        "revoked_at",
    ]
    list_select_related = ["user", "ci"]
    search_fields = ["name", "identifier", "user__username", "ci__label"]
    exclude = ["digest"]
    actions = [
        with_reason(_revoke, name="revoke", label="Revoke", done="revoked", permission=CHANGE_TOKEN)
    ]


@admin.register(CiIdentity)
class CiIdentityAdmin(ReadOnlyAdmin):
    """CI jobs that exchanged an identity token, with what their issuer vouched for."""

    list_display = ["label", "issuer", "key", "created_at"]
    search_fields = ["label", "key"]
    date_hierarchy = "created_at"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, when and why; nobody can change it."""

    list_display = ["at", "actor", "action", "subject", "reason", "address"]
    list_filter = ["action"]
    search_fields = ["actor", "subject", "reason"]
    date_hierarchy = "at"
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user")
