"""What this site demands of a publication: names, and who waits for a moderator."""

from __future__ import annotations

from django.conf import settings

from accounts.actors import SYSTEM
from accounts.models import User
from moderation import protected, reserved, stdlib
from moderation.lookalikes import Level
from moderation.models import PopularNames, ProhibitedName
from packages.models import Project
from packages.uploads.policies import (
    ALLOW,
    Outcome,
    Submission,
    Verdict,
    hold,
    refuse,
    review,
)

# What a policy of its own says better.
OTHERS_RULES = {"standard library"}
LOOKALIKE = "look-alike-name"
DECIDE = "moderation.decide_heldupload"


def refuse_prohibited_names(submission: Submission) -> Verdict:
    """Nobody registers what a moderator has prohibited, but the person it was released to."""
    name = submission.project.normalized_name
    if not submission.registers or not ProhibitedName.objects.filter(name=name).exists():
        return ALLOW
    if _is_released(submission):
        return ALLOW
    return refuse("prohibited-name", f"The name {name} is prohibited here; {_advice()}.")


def refuse_standard_library_names(submission: Submission) -> Verdict:
    """A project called like a standard module would be taken for it."""
    name = submission.project.normalized_name
    if not submission.registers or not stdlib.is_module(name) or _is_backport(name):
        return ALLOW
    return refuse(
        "standard-library-name",
        f"The name {name} is that of a module of Python's standard library; {_advice()}.",
    )


def refuse_reserved_words(submission: Submission) -> Verdict:
    """A project called like a page of this index would be taken for a part of it."""
    name = submission.project.normalized_name
    if not submission.registers or not reserved.is_reserved(name) or _is_released(submission):
        return ALLOW
    return refuse(
        "reserved-word", f"The name {name} is a word in the addresses of this index; {_advice()}."
    )


def refuse_confusable_names(submission: Submission) -> Verdict:
    """Names that differ only in separators, l, 1, i, o and 0 belong to one project."""
    if not submission.registers or _is_released(submission):
        return ALLOW
    name = submission.project.normalized_name
    twin = protected.twin_of(name, submission.actor)
    if twin is None:
        return ALLOW
    return refuse(
        "confusable-name",
        f"The name {name} is {twin} but for separators or characters that look alike; {_advice()}.",
    )


def judge_lookalikes(submission: Submission) -> Verdict:
    """What is spelled almost like a known name is refused, or a moderator looks at it."""
    if not submission.registers or _is_released(submission):
        return ALLOW
    found = protected.judge(submission.project.normalized_name, submission.actor)
    if found.verdict is Level.BLOCK and found.rule not in OTHERS_RULES:
        return refuse(LOOKALIKE, f"{found.reason.rstrip('.')}; {_advice()}.")
    if found.verdict is Level.REVIEW:
        return hold(LOOKALIKE, found.reason, protected.evidence(found))
    return ALLOW


def objections(name: str) -> list[str]:
    """Why a stranger could not register a normalized name, but for what it looks like."""
    project = Project(name=name, normalized_name=name)
    verdicts = review(Submission(SYSTEM, project, registers=True, version="", file=None))
    refusals = [item for item in verdicts if item.outcome is Outcome.REFUSE]
    taken = Project.objects.known().filter(normalized_name=name).exists()
    found = [item.reason for item in refusals if item.code != LOOKALIKE]
    return [f"There is a project {name} already.", *found] if taken else found


def _advice() -> str:
    """What somebody does whose name is refused."""
    where = f" at {settings.MODERATORS_CONTACT}" if settings.MODERATORS_CONTACT else ""
    return f"choose another name, or ask a moderator of this index{where}"


def _is_released(submission: Submission) -> bool:
    """Whether a moderator gave this very name to this very person."""
    user, name = submission.actor.user, submission.project.normalized_name
    return bool(user) and ProhibitedName.objects.filter(name=name, released_to=user).exists()


def _is_backport(name: str) -> bool:
    """A popular project that has a submodule's name: importlib-metadata, importlib-resources."""
    return "-" in name and any(target.name == name for target in PopularNames.targets())


def hold_for_review(submission: Submission) -> Verdict:
    """``GATEHOUSE_HOLD`` says who waits: nobody, the untrusted, or everybody."""
    if settings.UPLOAD_HOLD == "everybody":
        return hold("review-of-everything", "This index reviews every upload.")
    if settings.UPLOAD_HOLD == "untrusted" and submission.registers:
        return _hold_the_untrusted(submission)
    return ALLOW


def _hold_the_untrusted(submission: Submission) -> Verdict:
    if submission.actor.user and is_trusted(submission.actor.user):
        return ALLOW
    return hold(
        "first-release-by-new-uploader",
        "It is the first release of a new project by somebody whom no moderator has approved yet.",
    )


def is_trusted(user: User) -> bool:
    """Approved once by a moderator, or somebody who could approve himself."""
    return user.trusted_at is not None or user.has_perm(DECIDE)
