"""The keys of each page, as the help on it tells them (docs/moderation.md, static/js/desk.js)."""

from __future__ import annotations

from moderation.actions import ACTIONS

Keys = list[tuple[str, str]]

HELP: Keys = [("?", "this help")]
QUEUE: Keys = [
    ("j", "next case"),
    ("k", "previous case"),
    ("Enter", "open it"),
    ("x", "select it"),
    ("X", "select all of this page, or none"),
    ("a", "approve what is selected, else the current case"),
    ("r", "reject the same"),
    ("d", "nothing to be done about the same"),
    ("c", "claim the same"),
    ("/", "search"),
    *HELP,
]
CASE: Keys = [
    *((action.key, action.label) for action in ACTIONS.values()),
    ("A, R", "approve, reject every file of the release that waits"),
    ("z", "undo the newest decision that can be undone"),
    ("c", "claim it, or give it back"),
    ("e", "ask the uploader"),
    ("w", "lay it aside"),
    ("h", "hand it over"),
    ("1 to 9", "choose the words for one of these three"),
    ("n", "write a note"),
    ("j", "next case"),
    ("k", "previous case"),
    ("g", "back to the queue"),
    *HELP,
]
FILE: Keys = [
    ("Esc", "back to where it belongs"),
    ("g", "back to the queue"),
    *HELP,
]
DECISION: Keys = [
    ("1 to 9", "choose a reason"),
    ("t", "write a reason"),
    ("Enter", "do it"),
    ("Esc", "back"),
    ("g", "back to the queue"),
    *HELP,
]
