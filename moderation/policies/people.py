"""Who waits for a moderator."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from moderation import pasts
from moderation.policies import registry
from moderation.policies.registry import Numbers, policy
from moderation.policies.settings import Number, Setting
from packages.uploads.policies import ALLOW, Submission, Verdict, hold

DECIDE = "moderation.decide_heldupload"
FIRST_RELEASE = "first-release"


_AS_THE_SITE_SAYS, _UNTRUSTED, _EVERYBODY = 0, 1, 2
_MEANINGS = {
    "nobody": "nobody waits for who he is",
    "untrusted": "the first release of a new project by somebody whom no moderator has approved"
    " yet waits",
    "everybody": "every upload waits",
}


def _what_the_site_says() -> str:
    said = settings.UPLOAD_HOLD
    return f"GATEHOUSE_HOLD is {said}: {_MEANINGS.get(said, 'that means nothing here')}."


def _about_first_releases(setting: Setting) -> str:
    said, who = _what_the_site_says(), setting.numbers["who"]
    if setting.enabled and settings.UPLOAD_HOLD == "nobody" and who == _AS_THE_SITE_SAYS:
        return f"{said} So this policy holds nothing until it is set to more than that."
    if not setting.enabled and settings.UPLOAD_HOLD != "nobody":
        return f"{said} This policy is what sees to it, and it is switched off."
    return said


def _about_new_accounts(setting: Setting) -> str:
    return f"{_what_the_site_says()} This policy, if it is on, counts whatever that says."


@policy(
    FIRST_RELEASE,
    "First release",
    Number(
        "who",
        "whose first releases of new projects wait",
        _AS_THE_SITE_SAYS,
        most=_EVERYBODY,
        choices=(
            (_AS_THE_SITE_SAYS, "those that GATEHOUSE_HOLD says"),
            (_UNTRUSTED, "those of people whom no moderator has approved yet"),
            (_EVERYBODY, "everybody's, also those of trusted people and moderators"),
        ),
    ),
    remark=_about_first_releases,
)
def hold_for_review(submission: Submission, numbers: Numbers) -> Verdict:
    """The first release of a new project waits; GATEHOUSE_HOLD, or the number, says whose. Every
    upload waits where GATEHOUSE_HOLD is everybody."""
    if settings.UPLOAD_HOLD == "everybody":
        return hold("review-of-everything", "This index reviews every upload.")
    if not submission.registers:
        return ALLOW
    if numbers["who"] == _EVERYBODY and _is_trusted(submission):
        return hold(FIRST_RELEASE, "This index reviews the first release of every new project.")
    if settings.UPLOAD_HOLD == "untrusted" or numbers["who"] != _AS_THE_SITE_SAYS:
        return _hold_the_untrusted(submission)
    return ALLOW


def _hold_the_untrusted(submission: Submission) -> Verdict:
    if _is_trusted(submission):
        return ALLOW
    return hold(
        "first-release-by-new-uploader",
        "It is the first release of a new project by somebody whom no moderator has approved yet.",
    )


def everybody_waits() -> bool:
    """Whether new projects of trusted people wait, too."""
    known = registry.find(FIRST_RELEASE)
    setting = known.setting() if known else Setting(enabled=False)
    everybodys = setting.numbers.get("who") == _EVERYBODY or settings.UPLOAD_HOLD == "everybody"
    return setting.enabled and everybodys


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
    remark=_about_new_accounts,
)
def hold_new_accounts(submission: Submission, numbers: Numbers) -> Verdict:
    """Uploads from an account of the last days wait, unless a moderator trusts the person."""
    user = submission.actor.user
    if user is None or _is_trusted(submission):
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
