"""What this site demands of a publication: names, and who waits for a moderator."""

from __future__ import annotations

from django.conf import settings

from accounts.models import User
from moderation import stdlib
from moderation.models import ProhibitedName
from packages.uploads.policies import ALLOW, Submission, Verdict, hold, refuse

DECIDE = "moderation.decide_heldupload"


def refuse_prohibited_names(submission: Submission) -> Verdict:
    """Nobody registers what a moderator has prohibited."""
    name = submission.project.normalized_name
    if not submission.registers or not ProhibitedName.objects.filter(name=name).exists():
        return ALLOW
    return refuse("prohibited-name", f"The name {name} is prohibited here; choose another name.")


def refuse_standard_library_names(submission: Submission) -> Verdict:
    """A project called like a standard module would be taken for it."""
    name = submission.project.normalized_name
    if not submission.registers or not stdlib.is_module(name):
        return ALLOW
    return refuse(
        "standard-library-name",
        f"The name {name} is that of a module of Python's standard library; choose another name.",
    )


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
