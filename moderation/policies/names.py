"""What this site demands of a new name."""

from __future__ import annotations

from django.conf import settings

from moderation import prohibitions, protected, reserved
from moderation.lookalikes import Level
from moderation.models import PopularNames, ProhibitedName, ReservedPrefix
from moderation.policies.registry import Numbers, policy
from moderation.policies.settings import Number
from packages.uploads.policies import (
    ALLOW,
    Submission,
    Verdict,
    hold,
    refuse,
)

# What a policy of its own says better.
OTHERS_RULES = {"standard library"}
LOOKALIKE = "look-alike-name"
_TWIN = "separators or characters that look alike"
_FROM = "from this likeness on (0 to 1; above 1: never; 0: as learned)"


@policy("prohibited-name", "Prohibited name", about_names=True)
def refuse_prohibited_names(submission: Submission) -> Verdict:
    """Nobody registers what a moderator has prohibited, nor what differs from it only in
    separators, l, 1, i, o and 0, but the person it was released to."""
    if not submission.registers:
        return ALLOW
    name = submission.project.normalized_name
    row = prohibitions.against(name, submission.actor.user)
    if row is None or (row.name != name and _is_popular(name)):
        return ALLOW
    if row.name == name:
        return refuse("prohibited-name", f"The name {name} is prohibited here; {_advice()}.")
    return refuse(
        "prohibited-name",
        f"The name {name} is {row.name}, which is prohibited here, but for {_TWIN}; {_advice()}.",
    )


@policy("standard-library-name", "Name of the standard library", about_names=True)
def refuse_standard_library_names(submission: Submission) -> Verdict:
    """A project called like a standard module, or its twin, would be taken for it."""
    name = submission.project.normalized_name
    module = protected.module_like(name) if submission.registers else None
    if module is None or _is_known_beside(module, name) or _is_released(submission):
        return ALLOW
    if module != name and prohibitions.is_excepted(name, module, submission.actor.user):
        return ALLOW
    what = "that of" if module == name else f"{module} but for {_TWIN},"
    return refuse(
        "standard-library-name",
        f"The name {name} is {what} a module of Python's standard library; {_advice()}.",
    )


@policy("reserved-word", "Word of our addresses", about_names=True)
def refuse_reserved_words(submission: Submission) -> Verdict:
    """A project called like a page of this index would be taken for a part of it."""
    name = submission.project.normalized_name
    if not submission.registers or not reserved.is_reserved(name) or _is_released(submission):
        return ALLOW
    return refuse(
        "reserved-word", f"The name {name} is a word in the addresses of this index; {_advice()}."
    )


@policy("confusable-name", "Confusable name", about_names=True)
def refuse_confusable_names(submission: Submission) -> Verdict:
    """Names that differ only in separators, l, 1, i, o and 0 belong to one project."""
    if not submission.registers or _is_released(submission):
        return ALLOW
    name = submission.project.normalized_name
    twin = protected.twin_of(name, submission.actor, submission.project.pk, submission.at)
    if twin is None:
        return ALLOW
    return refuse(
        "confusable-name",
        f"The name {name} is {twin} but for {_TWIN}; {_advice()}.",
    )


@policy(
    LOOKALIKE,
    "Look-alike name",
    Number("block", f"refuse {_FROM}", lambda: protected.thresholds().block, most=2),
    Number("review", f"hold {_FROM}", lambda: protected.thresholds().review, most=2),
    about_names=True,
)
def judge_lookalikes(submission: Submission, numbers: Numbers) -> Verdict:
    """What is spelled almost like a known name is refused, or a moderator looks at it."""
    if not submission.registers or _is_released(submission):
        return ALLOW
    project, at = submission.project, submission.at
    found = protected.judge(
        project.normalized_name, submission.actor, own=project.pk, at=at, **numbers
    )
    if found.verdict is Level.BLOCK and found.rule not in OTHERS_RULES:
        return refuse(LOOKALIKE, f"{found.reason.rstrip('.')}; {_advice()}.")
    if found.verdict is Level.REVIEW:
        return hold(LOOKALIKE, found.reason, protected.evidence(found))
    return ALLOW


@policy("reserved-prefix", "Reserved prefix", about_names=True)
def refuse_reserved_prefixes(submission: Submission) -> Verdict:
    """Names with a prefix that is kept for some people are registered by nobody else (PEP 752)."""
    if not submission.registers:
        return ALLOW
    kept = reserved_prefix(submission.project.normalized_name)
    user = submission.actor.user
    if kept is None or (user and kept.people.filter(pk=user.pk).exists()):
        return ALLOW
    return refuse(
        "reserved-prefix",
        f"Names that begin with {kept.prefix} are kept for others ({kept.reason.rstrip('.')});"
        f" {_advice('an administrator')}.",
    )


def reserved_prefix(name: str) -> ReservedPrefix | None:
    """The longest reserved prefix of a normalized name."""
    parts = name.split("-")
    begins = ["-".join(parts[: count + 1]) for count in range(len(parts))]
    found = ReservedPrefix.objects.filter(prefix__in=begins)
    return max(found, key=lambda row: len(row.prefix), default=None)


def _advice(whom: str = "a moderator") -> str:
    """What somebody does whose name is refused; prefixes are not a moderator's to give."""
    where = f" at {settings.MODERATORS_CONTACT}" if settings.MODERATORS_CONTACT else ""
    return f"choose another name, or ask {whom} of this index{where}"


def _is_released(submission: Submission) -> bool:
    """Whether a moderator gave this very name to this very person."""
    user, name = submission.actor.user, submission.project.normalized_name
    return bool(user) and ProhibitedName.objects.filter(name=name, released_to=user).exists()


def _is_known_beside(module: str, name: str) -> bool:
    """A popular project with a submodule's name, or only like a module's: importlib-metadata."""
    return ("-" in name or name != module) and _is_popular(name)


def _is_popular(name: str) -> bool:
    """What many know by this name is no disguise of another."""
    return any(target.name == name for target in PopularNames.targets())
