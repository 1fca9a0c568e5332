"""What makes a function a policy that moderators can switch, set and rehearse in the admin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from django.conf import settings as site
from django.utils.module_loading import import_string

from moderation.models import Action
from moderation.policies import settings
from moderation.policies.settings import Number, Setting
from packages.uploads.policies import ALLOW, Outcome, Submission, Verdict

Numbers = Mapping[str, float]
Judge = Callable[..., Verdict]
OUTCOMES = {
    Action.OBSERVE: Outcome.OBSERVE,
    Action.HOLD: Outcome.HOLD,
    Action.REFUSE: Outcome.REFUSE,
}


def _nothing(setting: Setting) -> str:
    return ""


@dataclass(frozen=True)
class Known:
    """A policy as the admin shows it; `judge` is asked with a submission and the numbers.

    `remark` says what else decides about it, and what comes of that as it is set.
    """

    code: str
    title: str
    sentence: str
    judge: Judge
    numbers: tuple[Number, ...] = ()
    onlooker: Any = None
    on: bool = True
    remark: Callable[[Setting], str] = _nothing

    def setting(self) -> Setting:
        """How it is set now, with every number."""
        found = settings.of(self.code) or Setting(enabled=self.on)
        return replace(found, numbers={**self.defaults, **self.own(found.numbers)})

    @property
    def defaults(self) -> dict[str, float]:
        return {number.name: number.usual for number in self.numbers}

    def told(self, *each: Numbers) -> list[tuple[Number, list[str]]]:
        """Its numbers, and what each of some settings has for them, for people."""
        return [
            (one, [one.told(numbers.get(one.name)) for numbers in each]) for one in self.numbers
        ]

    def own(self, numbers: Numbers) -> dict[str, float]:
        """Of some numbers those that shall stay as they are when a default moves."""
        usual = {one.name for one in self.numbers if one.is_usual(numbers.get(one.name, 0))}
        return {name: value for name, value in numbers.items() if name not in usual}

    def ask(self, submission: Submission, numbers: Numbers) -> Verdict:
        """Its own verdict with these numbers, whatever is done about it."""
        return self.judge(submission, numbers) if self.numbers else self.judge(submission)


def policy(
    code: str,
    title: str,
    *numbers: Number,
    onlooker: Any = None,
    on: bool = True,
    about_names: bool = False,
    remark: Callable[[Setting], str] = _nothing,
) -> Callable[[Judge], Callable[[Submission], Verdict]]:
    """Make a policy of a function of a `Submission` (and of its numbers, if it has any).

    A site's own policies may use it, too.  `on` is whether it counts until somebody says
    otherwise; the first paragraph of the docstring is what the admin shows.  `about_names`: what
    it says holds for a public project that is renamed, too.  `remark` says of a setting what else
    decides about the policy, such as a setting of the environment.
    """

    def decorate(judge: Judge) -> Callable[[Submission], Verdict]:
        sentence = " ".join((judge.__doc__ or "").split("\n\n")[0].replace("`", "").split())
        known = Known(code, title, sentence, judge, numbers, onlooker, on, remark)

        @wraps(judge)
        def ask(submission: Submission) -> Verdict:
            setting = known.setting()
            if not setting.enabled:
                return ALLOW
            return acted(known.ask(submission, setting.numbers), setting.action)

        ask.known = known  # type: ignore[attr-defined]
        ask.onlooker = onlooker  # type: ignore[attr-defined]
        ask.about_names = about_names  # type: ignore[attr-defined]
        return ask

    return decorate


def acted(verdict: Verdict, action: str) -> Verdict:
    """The verdict, as grave as the site wants it."""
    if verdict.outcome is Outcome.ALLOW or not action:
        return verdict
    return replace(verdict, outcome=OUTCOMES[Action(action)])


def installed() -> list[Known]:
    """The policies of this site that can be set, in the order in which they are asked."""
    found = (getattr(import_string(path), "known", None) for path in site.UPLOAD_POLICIES)
    return [known for known in found if known is not None]


def find(code: str) -> Known | None:
    return next((known for known in installed() if known.code == code), None)
