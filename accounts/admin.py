"""Tokens and the audit trail in the Django admin; people stand in `packages.person_admin`."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from accounts import actors, signup_admin, tokens  # noqa: F401 - registers its tables
from accounts.models import ApiToken, AuditEvent, CiIdentity
from pypi_site.lib.admin_actions import (
    ReadOnlyAdmin,
    for_administrators_only,
    with_reason,
)

CHANGE_TOKEN = "accounts.change_apitoken"  # noqa: S105
# Who is who, who may what, and which jobs run.
for_administrators_only(
    admin.site,
    *(Group, EmailAddress, SocialAccount, Authenticator, UserSession),
    *(Schedule, Success, Failure, OrmQ),
)


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
        with_reason(
            actors.acting(tokens.revoke),
            name="revoke",
            label="Revoke",
            done="revoked",
            permission=CHANGE_TOKEN,
        )
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
