"""What somebody may do about something, as a form that says what will happen."""

from __future__ import annotations

from dataclasses import dataclass

REASON_LENGTH = 1000


@dataclass(frozen=True)
class Ask:
    """A question of the form; `length` in characters."""

    name: str
    label: str
    help: str = ""
    required: bool = True
    length: int = REASON_LENGTH
    value: str = ""


@dataclass(frozen=True)
class Choice:
    """A form that posts to `address`; what it asks, or says in `text`, is folded away at first.

    `what` it is about is said to those who do not see in which row it stands.  `value` is sent as
    `on`, for switches.  An `opened` one is unfolded: it was refused, and what was written is kept.
    """

    id: str
    address: str
    label: str
    text: str = ""
    asks: tuple[Ask, ...] = ()
    danger: bool = False
    value: str = ""
    what: str = ""
    opened: bool = False


def reason(hint: str, *, required: bool = False, length: int = REASON_LENGTH) -> Ask:
    """Why; `hint` says who reads it."""
    return Ask("reason", "Reason", hint, required, length)


PUBLIC = "Installers and the pages show it to everybody."
RECORD = "For the record; moderators read it."


def yank(key: str, address: str, what: str) -> Choice:
    """Of a release or a file."""
    text = (
        f"Installers skip {what} from now on, unless a requirement names its version exactly. What"
        " is pinned keeps working, and you can take it back."
    )
    return Choice(f"yank-{key}", address, "Yank", text, (reason(PUBLIC),), what=what)


def unyank(key: str, address: str, what: str) -> Choice:
    return Choice(f"unyank-{key}", address, "Unyank", what=what)


def delete(key: str, address: str, what: str, *, days: int) -> Choice:
    """Of a release or a file; `days` in the bin."""
    text = (
        f"Nobody can install {what} any more, whoever pinned it included. You can restore it for"
        f" {days} days; then it is gone, and no filename is ever used twice."
    )
    asks = (reason(RECORD, required=True, length=500),)
    return Choice(f"delete-{key}", address, "Delete", text, asks, danger=True, what=what)


def restore(key: str, address: str, what: str) -> Choice:
    return Choice(f"restore-{key}", address, "Restore", what=what)
