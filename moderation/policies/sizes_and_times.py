"""What a project never did before: to grow at once, or to wake up."""

from __future__ import annotations

from django.template.defaultfilters import filesizeformat

from moderation import pasts
from moderation.policies.registry import Numbers, policy
from moderation.policies.settings import Number
from packages.uploads.policies import ALLOW, Submission, Verdict, hold
from packages.uploads.rules import MIB


@policy(
    "size-jump",
    "Size jump",
    Number("factor", "times the largest of the last files of its kind", 10, least=2, most=10_000),
    Number("mebibytes", "MiB that a file must have for this to count", 5, least=0, most=100_000),
)
def hold_size_jumps(submission: Submission, numbers: Numbers) -> Verdict:
    """A file that is many times as large as those before it waits."""
    file = submission.file
    if submission.registers or file is None or file.size < numbers["mebibytes"] * MIB:
        return ALLOW
    before = pasts.of(submission).size
    if not before or file.size <= numbers["factor"] * before:
        return ALLOW
    sizes = f"{filesizeformat(file.size)} instead of {filesizeformat(before)}"
    return hold(
        "size-jump",
        f"{file.filename} is more than {numbers['factor']:g} times as large as its predecessors.",
        {"size": sizes.replace("\xa0", " ")},
    )


@policy(
    "dormant-project",
    "Dormant project",
    Number("days", "days without a publication", 730, least=30, most=36_500),
)
def hold_awakenings(submission: Submission, numbers: Numbers) -> Verdict:
    """A project that published nothing for a long time, and now does, waits."""
    if submission.registers or submission.file is None:
        return ALLOW
    last = pasts.of(submission).last
    if last is None or (submission.moment - last).days < numbers["days"]:
        return ALLOW
    return hold(
        "dormant-project",
        f"The project published nothing since {last:%d %B %Y}.",
        {"last publication": f"{last:%Y-%m-%d}"},
    )
