"""What stands in the archive.  Rules find signals (`moderation.scanning`); what the release before
had, too, is no news, and what a moderator let pass is not held again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from moderation import predecessors, rules
from moderation.policies.registry import Numbers, policy
from moderation.policies.settings import Number
from moderation.scanning import SEVERITIES, Found, Identity, Scan, shown
from packages.models import File
from packages.uploads.findings import Unreadable
from packages.uploads.policies import ALLOW, Submission, Verdict, hold

BEING_LOOKED_AT = "being-looked-at"
_CHOICES = tuple(enumerate(SEVERITIES, start=1))
# Many projects build in a way of their own: no news in a first release, unless it is grave.
ABOUT_CHANGES = {"setup-calls", "install-hooks"}
GRAVITY = Number("gravity", "hold from this severity on", 2, least=1, most=3, choices=_CHOICES)


def scan_of(submission: Submission) -> Scan | None:
    """What the rules found in the file; None if there is nothing to look at."""
    if submission.file is None:
        return None
    try:
        return submission.looks.of(submission.file, Scan)
    except (FileNotFoundError, Unreadable):
        return None


def _judge(code: str, submission: Submission, numbers: Numbers, what: str) -> Verdict:
    """Hold for the new signals of a policy, if any of them is grave enough."""
    scan = scan_of(submission)
    found = [each for each in scan.found if each.policy == code] if scan else []
    if submission.registers and code in ABOUT_CHANGES:
        numbers = {**numbers, "gravity": len(SEVERITIES)}
    if not _is_grave(found, numbers):
        return ALLOW
    known = _known(submission)
    fresh = [each for each in found if each.identity not in known]
    if not _is_grave(fresh, numbers):
        return ALLOW
    return hold(code, _sentence(fresh, what), signals=[each.signal for each in shown(fresh)])


def _is_grave(found: list[Found], numbers: Numbers) -> bool:
    return any(each.gravity + 1 >= numbers["gravity"] for each in found)


def _sentence(found: list[Found], what: str) -> str:
    first = shown(found)[0]
    place = first.member if first.line is None else f"{first.member}, line {first.line}"
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{what} in {place}{others}: {first.sentence}"


def _known(submission: Submission) -> frozenset[Identity]:
    """The signals of what is published already: the same release, and the one before."""
    seen = [_seen_before(file, submission) for file in _earlier(submission)]
    return frozenset(identity for each in seen if each for identity in each.identities)


def _earlier(submission: Submission) -> list[File]:
    if submission.registers or submission.file is None:
        return []
    return predecessors.known_of(submission.file, submission.at)


def _elsewhere(submission: Submission) -> list[File]:
    if submission.registers or submission.file is None:
        return []
    return predecessors.elsewhere_of(submission.file, submission.at)


@dataclass(frozen=True)
class Seen:
    """What is remembered of a published file."""

    identities: frozenset[Identity]
    native: bool


# Files never change, so that one look at a published file is enough for each process.
_remembered: dict[tuple[str, str], Seen] = {}
_MOST_REMEMBERED = 256


def _seen_before(file: File, submission: Submission) -> Seen | None:
    key = file.sha256, rules.version()
    if known := _remembered.get(key):
        return known
    looks = submission.looks
    try:
        scan = looks.of(file, partial(Scan, budget=looks.left))
    except (FileNotFoundError, Unreadable):
        return None
    seen = Seen(frozenset(each.identity for each in scan.found), bool(scan.native))
    if not scan.late:  # what there was no time for may be known another time
        _remember(key, seen)
    return seen


def _remember(key: tuple[str, str], seen: Seen) -> None:
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[key] = seen


@policy("startup-hooks", "New .pth or startup hook", GRAVITY, onlooker=Scan)
def hold_startup_hooks(submission: Submission, numbers: Numbers) -> Verdict:
    """A new .pth file beside the packages, sitecustomize or usercustomize waits: Python runs them
    at each start."""
    return _judge("startup-hooks", submission, numbers, "There is a new startup hook")


@policy("obfuscated-code", "Obfuscated code", GRAVITY, onlooker=Scan)
def hold_obfuscated_code(submission: Submission, numbers: Numbers) -> Verdict:
    """Code that hides what it does waits: decoded and run, invisible, enciphered."""
    return _judge("obfuscated-code", submission, numbers, "Code is hidden")


@policy("suspicious-urls", "Suspicious addresses", GRAVITY, onlooker=Scan)
def hold_suspicious_urls(submission: Submission, numbers: Numbers) -> Verdict:
    """Code with addresses on which attackers rely waits: raw paste sites, webhooks, tunnels,
    shortened addresses, hosts named by a number."""
    return _judge("suspicious-urls", submission, numbers, "There is a new address")


@policy("setup-calls", "Network or programs at build", GRAVITY, onlooker=Scan)
def hold_setup_calls(submission: Submission, numbers: Numbers) -> Verdict:
    """A source distribution whose setup.py newly uses the network or starts programs waits."""
    return _judge("setup-calls", submission, numbers, "Building does something new")


@policy("install-hooks", "Install-time hooks", GRAVITY, onlooker=Scan)
def hold_install_hooks(submission: Submission, numbers: Numbers) -> Verdict:
    """A source distribution that newly takes over its installation waits: commands in setup.py, a
    build backend that comes along."""
    return _judge("install-hooks", submission, numbers, "The installation is taken over")


@policy("embedded-executables", "Embedded executables", GRAVITY, onlooker=Scan)
def hold_embedded_executables(submission: Submission, numbers: Numbers) -> Verdict:
    """Programs for a processor wait where none belong: in sdists and pure wheels, or under the
    name of something else."""
    return _judge("embedded-executables", submission, numbers, "There is a program")


@policy("native-code", "New native code", onlooker=Scan)
def hold_native_code(submission: Submission) -> Verdict:
    """Native code waits in a project whose releases were pure Python until now."""
    scan = scan_of(submission)
    if scan is None or not scan.native:
        return ALLOW
    earlier = _earlier(submission) or _elsewhere(submission)
    seen = [_seen_before(file, submission) for file in earlier]
    if not earlier or any(each.native for each in seen if each):
        return ALLOW
    return hold(
        "native-code",
        f"The project was pure Python, and {scan.native[0]} is native code.",
        signals=[each.signal for each in scan.native_signals()],
    )


@policy("unseen-content", "Large archives are looked through", onlooker=Scan)
def hold_the_unseen(submission: Submission) -> Verdict:
    """What is too large to be looked through while it arrives waits until a job has done so."""
    scan = scan_of(submission)
    if scan is None or scan.complete:
        return ALLOW
    return hold(
        BEING_LOOKED_AT,
        "There is so much in it that it is still being looked through; unless something is found it"
        " is published by itself.",
        {"not seen yet": scan.unseen[0]},
    )
