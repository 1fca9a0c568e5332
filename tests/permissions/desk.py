"""Rows: the moderators' desk."""

from __future__ import annotations

from functools import partial

from moderation.models import Decision
from tests.permissions.actions import Action
from tests.permissions.world import World

CASE = "admin/moderation/case/"
ONE = f"{CASE}<int:pk>/"
ONCE = ("public",)
TEXT = {"text": "Because it is so.", "to": "keeper"}
WHY = {"reason": "Because it is so."}
_read = partial(Action, "GET", door="desk", modes=ONCE)
_post = partial(Action, "POST", door="desk", modes=ONCE)


def proposed(world: World) -> None:
    """By the keeper, who withdraws it if he likes; another has to confirm it."""
    case = world.things["reported"]
    made = Decision.objects.create(
        case=case,
        release=case.release,
        kind="quarantined",
        state="proposed",
        reason="It looks bad.",
        moderator=world.people["keeper"],
    )
    world.things["proposal"], world.place["proposal"] = made, made.pk


_WORK = {
    "claim": ("decide", "case.claim"),
    "take-over": ("decide", "case.claim"),
    "wait": ("decide", "case.wait"),
    "note": ("decide", "case.note"),
    "ask": ("decide", "case.ask"),
    "hand-over": ("decide", "case.hand_over"),
}
_DECIDE = {
    # verb: case, who, does, target
    "approve": ("case", "decide", "case.approve"),
    "reject": ("case", "decide", "case.reject"),
    "dismiss": ("reported", "decide", "case.dismiss"),
    "quarantine": ("reported", "keep", "release.quarantine"),
    "remove": ("reported", "keep", "release.delete"),
    "prohibit": ("reported", "keep", "name.prohibit"),
    "freeze": ("reported", "keep", "user.freeze"),
}


ACTIONS: list[Action] = [
    _read("admin/", "staff"),
    _read(f"{CASE}figures/", "decide"),
    _read(CASE, "decide"),
    _read(f"{CASE}<path:object_id>/change/", "decide", at={"object_id": "case"}),
    *[
        _post(
            f"{ONE}work/<slug:verb>/",
            who,
            does,
            TEXT,
            at={"pk": "case", "verb": verb},
            variant=verb,
        )
        for verb, (who, does) in _WORK.items()
    ],
    *[
        _post(
            f"{ONE}decide/<slug:verb>/",
            who,
            does,
            WHY,
            at={"pk": case, "verb": verb},
            variant=verb,
        )
        for verb, (case, who, does) in _DECIDE.items()
    ],
    _read(f"{ONE}files/<slug:key>/", "decide", at={"pk": "case"}),
    _read(
        f"{ONE}files/<slug:key>/member/",
        "decide",
        at={"pk": "case"},
        query="?path=heldback/__init__.py",
    ),
    _read(f"{ONE}decide/<slug:verb>/", "decide", at={"pk": "case", "verb": "approve"}),
    _read(
        f"{ONE}decisions/<int:decision>/<slug:verb>/",
        "decide",
        at={"pk": "reported", "verb": "undo"},
    ),
    _post(
        f"{ONE}decisions/<int:decision>/<slug:verb>/",
        "keep",
        "file.clear",
        WHY,
        at={"pk": "reported", "verb": "undo"},
    ),
    *[
        _post(
            f"{ONE}decisions/<int:decision>/<slug:verb>/",
            who,
            does,
            WHY,
            at={"pk": "reported", "decision": "proposal", "verb": verb},
            before=proposed,
            variant=verb,
        )
        for verb, who, does in [
            ("confirm", "confirm", "release.quarantine"),
            ("withdraw", "keep", "case.withdraw"),
        ]
    ],
    *[
        _post(
            f"{CASE}bulk/<slug:verb>/",
            "decide",
            does,
            lambda world: f"case={world.place['case']}&confirmed=1&reason=Because".encode(),
            at={"verb": verb},
            variant=verb,
            content_type="application/x-www-form-urlencoded",
        )
        for verb, does in [
            ("claim", "case.claim"),
            ("approve", "case.approve"),
            ("reject", "case.reject"),
        ]
    ],
]
