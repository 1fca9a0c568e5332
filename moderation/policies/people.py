"""Who waits for a moderator."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from moderation import pasts
from moderation.policies.registry import Numbers, policy
from moderation.policies.settings import Number
from packages.uploads.policies import ALLOW, Submission, Verdict, hold

DECIDE = "moderation.decide_heldupload"


@policy("first-release", "First release, or whatever GATEHOUSE_HOLD says")
def hold_for_review(submission: Submission) -> Verdict:
    """``GATEHOUSE_HOLD`` says who waits: nobody, the untrusted, or everybody."""
    if settings.UPLOAD_HOLD == "everybody":
        return hold("review-of-everything", "This index reviews every upload.")
    if settings.UPLOAD_HOLD == "untrusted" and submission.registers:
        return _hold_the_untrusted(submission)
    return ALLOW


def _hold_the_untrusted(submission: Submission) -> Verdict:
    if _is_trusted(submission):
        return ALLOW
    return hold(
        "first-release-by-new-uploader",
        "It is the first release of a new project by somebody whom no moderator has approved yet.",
    )


def is_trusted(user: User, at: datetime | None = None) -> bool:
    """Approved once by a moderator (and before that moment), or somebody who could approve
    himself."""
    since = user.trusted_at
    return (since is not None and (at is None or since < at)) or user.has_perm(DECIDE)


def _is_trusted(submission: Submission) -> bool:
    user = submission.actor.user
    return user is not None and is_trusted(user, submission.at)


@policy(
    "new-account",
    "New account",
    Number("days", "days for which an account is new", 3, least=1, most=365),
    on=False,  # GATEHOUSE_HOLD says who waits until somebody wants it stricter
)
def hold_new_accounts(submission: Submission, numbers: Numbers) -> Verdict:
    """Uploads from an account of the last days wait, unless a moderator trusts the person.

    `GATEHOUSE_HOLD=nobody` says that nobody waits for who he is.
    """
    user = submission.actor.user
    if settings.UPLOAD_HOLD == "nobody" or user is None or _is_trusted(submission):
        return ALLOW
    age = submission.moment - user.date_joined
    if age >= timedelta(days=numbers["days"]):
        return ALLOW
    return hold(
        "new-account",
        f"The account of {user.username} is new (less than {numbers['days']:g} days old).",
        {"age": f"{max(0, age.days)} days"},
    )


@policy(
    "publisher-discontinuity",
    "Publisher discontinuity",
    Number("uploads", "the last uploads that are looked at", 10, least=1, most=200),
    Number("releases", "releases that a project must have for this to count", 2, least=1, most=100),
    Number(
        "first_publisher",
        "the first trusted publisher of a project that people uploaded to",
        1,
        most=1,
        choices=((1, "is held once, for a moderator"), (0, "passes")),
    ),
)
def hold_discontinuities(submission: Submission, numbers: Numbers) -> Verdict:
    """What always came from a trusted publisher, or from certain people, now comes otherwise: from
    another repository, by a person's token, from somebody else.

    People whom a moderator trusts may join a project of people.  For publishers there is no such
    trust: whoever has stolen an owner's session adds one of his own.
    """
    if submission.registers or submission.file is None:
        return ALLOW
    way, past = pasts.way_of(submission.actor), pasts.of(submission)
    ways = past.ways[: int(numbers["uploads"])]
    if past.releases < numbers["releases"] or not ways or way in ways:
        return ALLOW
    if way.by_publisher:
        return _judge_publisher(way, ways, first_passes=not numbers["first_publisher"])
    return _judge_person(submission, ways)


def _judge_publisher(way: pasts.Way, ways: tuple[pasts.Way, ...], *, first_passes: bool) -> Verdict:
    """A repository that never published it, though its project trusts it now."""
    earlier = list(dict.fromkeys(each.told for each in ways if each.by_publisher))
    if earlier:
        return _discontinued(
            "by other publishers", f"by {way.told}", {"before": ", ".join(earlier)}
        )
    if first_passes:
        return ALLOW
    return _discontinued("by people", f"by a trusted publisher, {way.told}, for the first time")


def _judge_person(submission: Submission, ways: tuple[pasts.Way, ...]) -> Verdict:
    if all(each.by_publisher for each in ways):
        return _discontinued("by a trusted publisher", "by a person's token or session")
    if _is_trusted(submission):
        return ALLOW
    return _discontinued("by others", "by somebody who never uploaded to it")


def _discontinued(before: str, now: str, evidence: dict[str, str] | None = None) -> Verdict:
    return hold(
        "publisher-discontinuity",
        f"Earlier releases were uploaded {before}, and this one is {now}.",
        {"before": before, "now": now} | (evidence or {}),
    )
