"""Rules about the claims of a CI job's identity token: what a publisher names, and what must match.

Plain Python.  A `Provider` says which claims stand for a job, how each is compared with what an
owner wrote, and which must never be there; `accounts.providers` has those that come along, and the
settings may describe others in the same form.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Claims = Mapping[str, Any]
Facts = Mapping[str, str]

TEXT_LENGTH = 200
PLAIN = r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?"
CLAIM_LENGTH = 1000
MOST_CLAIMS = 60


def _same(wanted: str, said: str) -> bool:
    return wanted == said


def _same_in_any_case(wanted: str, said: str) -> bool:
    return wanted.lower() == said.lower()


def _like(wanted: str, said: str) -> bool:
    """``*`` stands for anything; nothing else is special."""
    return fnmatch.fnmatchcase(said, re.sub(r"[?\[]", "[\\g<0>]", wanted))


SAME, ANY_CASE, LIKE = _same, _same_in_any_case, _like
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "same": SAME,
    "any-case": ANY_CASE,
    "wildcard": LIKE,
}


@dataclass(frozen=True)
class Rule:
    """One thing that a publisher names, and the claim of the same `name` that it is compared with.

    What is not `required` may be left empty: then any value will do, or, with `strict`, only a
    token without that claim.
    """

    name: str
    label: str
    help: str = ""
    required: bool = True
    strict: bool = False
    compare: Callable[[str, str], bool] = SAME
    pattern: str = PLAIN

    def accepts(self, wanted: str, claims: Claims) -> bool:
        """Whether the claim is as wanted; an empty one never equals what is named."""
        said = text_of(claims, self.name)
        if not wanted:
            return not (self.required or (self.strict and said))
        return bool(said) and self.compare(wanted, said)

    def compared(self, value: str) -> str:
        """The value as two that are compared equal have it in common."""
        return value.lower() if self.compare is ANY_CASE else value


def _nothing_more(claims: Claims, issuer: str) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Provider:
    """A kind of issuer.

    `rules` begin with the principal claim, by which publishers are found.  `only` maps claims to
    the values that alone are taken, `never` to values that are refused: whoever may start such a
    job is not who may publish.  `pins` are ids that are remembered at the first use.  `derive`
    adds claims that follow from others, such as the file of a workflow from its reference.
    `links` are addresses to show, with claims in braces; `told` are the claims in a publisher's
    name.
    """

    kind: str
    title: str
    rules: tuple[Rule, ...]
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    never: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pins: tuple[str, ...] = ()
    derive: Callable[[Claims, str], dict[str, str]] = _nothing_more
    links: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    has_jti: bool = True

    @property
    def principal(self) -> Rule:
        return self.rules[0]

    def key_of(self, values: Mapping[str, Any]) -> str:
        """What publishers are found by: the principal claim in lower case."""
        return text_of(values, self.principal.name).lower()

    def forbidden(self, claims: Claims) -> str:
        """The claim for whose value no publisher can make up; "" if there is none."""
        for name, values in self.only.items():
            if text_of(claims, name) not in values:
                return name
        for name, values in self.never.items():
            if text_of(claims, name) in values:
                return name
        return ""

    def differing(self, facts: Facts, claims: Claims) -> list[str]:
        """The claims that are not what the publisher names; empty if it is this job's."""
        return [
            rule.name for rule in self.rules if not rule.accepts(facts.get(rule.name, ""), claims)
        ]

    def pinned(self, claims: Claims) -> dict[str, str]:
        """The ids to remember, as far as the token has them."""
        return {name: text for name in self.pins if (text := text_of(claims, name))}

    def specific(self, facts: Facts) -> int:
        """How much a publisher names: of several that match, the most specific one is used."""
        return sum(1 for rule in self.rules if facts.get(rule.name))

    def label_of(self, values: Mapping[str, Any], *, run: str = "") -> str:
        """The publisher in a few words."""
        told = [text for name in self.told if (text := text_of(values, name))]
        return f"{self.title}: {', '.join(told)}{f' (run {run})' if run else ''}"


def text_of(claims: Claims, name: str) -> str:
    """A claim as text; "" where it is missing or no scalar."""
    value = claims.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return ""


def scalars(claims: Claims) -> dict[str, str]:
    """What is kept of a token's claims: texts and numbers, bounded, without control characters."""
    texts = {name: text_of(claims, name) for name in list(claims)[:MOST_CLAIMS]}
    return {
        clean(name): clean(text)[:CLAIM_LENGTH]
        for name, text in texts.items()
        if text and name != "jti"
    }


def clean(text: str) -> str:
    return "".join(filter(str.isprintable, text))


def link(template: str, claims: Claims, site: str) -> str:
    """An address made of claims; "" if one of them is missing."""
    wanted = re.findall(r"\{(\w+)\}", template)
    values = {name: quote(text_of(claims, name), safe="/") for name in wanted} | {"site": site}
    return template.format_map(values) if all(values.values()) else ""
