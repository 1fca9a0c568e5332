"""Rows: what people have of their own; nobody else reads or changes it."""

from __future__ import annotations

from functools import partial
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.utils import timezone

from tests.permissions.actions import Action
from tests.permissions.world import World

ONCE = ("public",)
_read = partial(Action, "GET", modes=ONCE)
_post = partial(Action, "POST", modes=ONCE)
_PREPARED = {"name": "brand-new", "repository": "ann/new", "workflow": "release.yml"}


def elsewhere(world: World) -> None:
    """The owner is signed in on another machine, too."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.create()
    UserSession.objects.create(
        pk=4711,
        user=world.people["owner"],
        session_key=session.session_key,
        ip="192.0.2.1",
        user_agent="Firefox",
        last_seen_at=timezone.now(),
    )


ACTIONS: list[Action] = [
    *[
        _read(f"accounts/{page}/", "people")
        for page in (
            "tokens",
            "publishers",
            "invitations",
            "sessions",
            "history",
            "notices",
            "notifications",
            "decisions",
            "reports",
        )
    ],
    _read("accounts/history/events.json", "people"),
    _post(
        "accounts/tokens/",
        "make tokens",
        "token.mint",
        {"name": "new", "actions": ["upload"], "lifetime": "7"},
    ),
    _post("accounts/tokens/<slug:identifier>/revoke/", "own", "token.revoke", {"reason": "Old."}),
    _read("accounts/publishers/prepare/<slug:issuer>/", "people"),
    _post(
        "accounts/publishers/prepare/<slug:issuer>/",
        "prepare a publisher",
        "publisher.prepare",
        {**_PREPARED, "environment": ""},
    ),
    _post(
        "accounts/publishers/<uuid:identifier>/withdraw/",
        "own and manage",
        "publisher.withdraw",
        at={"identifier": "pending"},
    ),
    _post(
        "accounts/invitations/<uuid:identifier>/accept/",
        "be invited",
        "role.add",
        at={"identifier": "invitation"},
    ),
    _post(
        "accounts/invitations/<uuid:identifier>/decline/",
        "be invited",
        "role.decline",
        at={"identifier": "invitation"},
    ),
    _post(
        "accounts/sessions/<int:pk>/end/",
        "own",
        "session.end",
        at={"pk": "4711"},
        before=elsewhere,
    ),
    _post("accounts/sessions/others/end/", "people", "session.end_all", before=elsewhere),
    _post("accounts/notices/<int:pk>/read/", "own", "accounts_notice", at={"pk": "notice"}),
    _post("accounts/notices/read/", "own", "accounts_notice"),
    _post("accounts/notifications/", "people", "accounts_noticechoice", {"email": ["role"]}),
    _read("accounts/decisions/<int:pk>/appeal/", "be concerned", at={"pk": "decision"}),
    _post(
        "accounts/decisions/<int:pk>/appeal/",
        "be concerned",
        "case.appeal",
        {"text": "That is not what it does at all."},
        at={"pk": "decision"},
    ),
    _read("accounts/questions/<int:pk>/", "be concerned", at={"pk": "reported"}),
    _post(
        "accounts/questions/<int:pk>/",
        "be concerned",
        "case.answer",
        {"text": "It is a test."},
        at={"pk": "reported"},
    ),
]
