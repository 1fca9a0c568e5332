"""Trove classifiers (PEP 301)."""

from collections.abc import Iterable, Iterator

import trove_classifiers

from packages.uploads.findings import Finding, quoted, refuse
from packages.uploads.rules import Rules

PRIVATE = "Private ::"


def problems(classifiers: Iterable[str], rules: Rules) -> Iterator[Finding]:
    """Classifiers must be known to the public list or to this site, or be private."""
    for name in classifiers:
        if name in rules.extra_classifiers or name.startswith(PRIVATE):
            continue
        if name in trove_classifiers.deprecated_classifiers:
            yield _deprecated(name)
        elif name not in trove_classifiers.classifiers:
            yield refuse(
                "unknown-classifier",
                f"Classifier {quoted(name)} is not in the list of known classifiers; correct it, or"
                " ask an administrator to add it for this site.",
            )


def _deprecated(name: str) -> Finding:
    successors = trove_classifiers.deprecated_classifiers[name]
    advice = " or ".join(map(quoted, successors))
    return refuse(
        "deprecated-classifier",
        f"Classifier {quoted(name)} is deprecated; "
        + (f"use {advice} instead." if advice else "remove it."),
    )
