"""People, API tokens, and the audit trail."""

from accounts.models.audit import AuditEvent
from accounts.models.ci import CiIdentity
from accounts.models.devices import KnownDevice
from accounts.models.limits import RequestCount
from accounts.models.notices import Notice, NoticeChoice
from accounts.models.people import USERNAME_GRAMMAR, USERNAME_VALIDATORS, User, UserManager
from accounts.models.recovery import FrozenUser, Recovery
from accounts.models.signup import (
    ProhibitedEmailDomain,
    ProhibitedUsername,
    SignupInvitation,
)
from accounts.models.tokens import (
    ApiToken,
    ApiTokenQuerySet,
    TokenAction,
    TokenPlace,
    every_action,
)

__all__ = [
    "USERNAME_GRAMMAR",
    "USERNAME_VALIDATORS",
    "ApiToken",
    "ApiTokenQuerySet",
    "AuditEvent",
    "CiIdentity",
    "FrozenUser",
    "KnownDevice",
    "Notice",
    "NoticeChoice",
    "ProhibitedEmailDomain",
    "ProhibitedUsername",
    "Recovery",
    "RequestCount",
    "SignupInvitation",
    "TokenAction",
    "TokenPlace",
    "User",
    "UserManager",
    "every_action",
]
