"""Addresses of searches: the same one ordered, narrowed, widened, or its next page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from search import cursors, language
from search.facets import Facet

LABELS: Final = {
    "relevance": "Relevance",
    "updated": "Last updated",
    "name": "Name",
    "downloads": "Downloads",
}
MOST_CLASSIFIERS: Final = 10


@dataclass(frozen=True)
class Asked:
    """What an address asks for."""

    text: str = ""
    classifiers: tuple[str, ...] = ()
    order: str = cursors.RELEVANCE
    cursor: str = ""

    @classmethod
    def read(cls, given: MultiValueDict[str, str]) -> Asked:
        order = given.get("order", "")
        return cls(
            language.clean(given.get("q", "")),
            tuple(language.clean(value) for value in given.getlist("c"))[:MOST_CLASSIFIERS],
            order if order in cursors.ORDERS else cursors.RELEVANCE,
            given.get("cursor", ""),
        )

    @property
    def address(self) -> str:
        pairs = [("q", self.text), *(("c", value) for value in self.classifiers)]
        pairs += [("order", "" if self.order == cursors.RELEVANCE else self.order)]
        pairs += [("cursor", self.cursor)]
        given = urlencode([(name, value) for name, value in pairs if value])
        return reverse("search") + (f"?{given}" if given else "")


@dataclass(frozen=True)
class Link:
    """One choice; `chosen` if it is in force."""

    label: str
    address: str
    chosen: bool = False
    count: int = 0


@dataclass(frozen=True)
class Group:
    label: str
    links: tuple[Link, ...]


def orders(asked: Asked) -> list[Link]:
    first = replace(asked, cursor="")
    return [
        Link(label, replace(first, order=order).address, order == asked.order)
        for order, label in LABELS.items()
    ]


def chosen(asked: Asked) -> list[Link]:
    """The classifiers in force; each link takes its own away."""
    return [
        Link(classifier, _without(asked, classifier).address, chosen=True)
        for classifier in asked.classifiers
    ]


def _without(asked: Asked, classifier: str) -> Asked:
    kept = tuple(value for value in asked.classifiers if value != classifier)
    return replace(asked, classifiers=kept, cursor="")


def narrowing(asked: Asked, facets: Iterable[Facet]) -> list[Group]:
    """Classifiers to add, in groups."""
    free = [facet for facet in facets if facet.classifier not in asked.classifiers]
    return [
        Group(label, tuple(_narrower(asked, each)))
        for label, each in groupby(free, key=lambda facet: facet.group)
    ]


def _narrower(asked: Asked, facets: Iterable[Facet]) -> Iterator[Link]:
    for facet in facets:
        more = replace(asked, classifiers=(*asked.classifiers, facet.classifier), cursor="")
        yield Link(facet.label, more.address, count=facet.count)


def next_page(asked: Asked, cursor: str) -> str:
    return replace(asked, cursor=cursor).address if cursor else ""


def first_page(asked: Asked) -> str:
    return replace(asked, cursor="").address if asked.cursor else ""


def meant(asked: Asked, name: str) -> str:
    return replace(asked, text=name, cursor="").address if name else ""
