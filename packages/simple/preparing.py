"""One page of the simple API, taken from the disk or rendered, encoded and stored there."""

from __future__ import annotations

import functools
import hashlib
import logging
from dataclasses import dataclass

from django.conf import settings

from packages import journal
from packages.models import File
from packages.simple import codings, page_files, pages, renderers, root
from packages.simple.answers import Kind, Version
from packages.simple.codings import Coding
from packages.simple.documents import Source
from packages.simple.pages import State

logger = logging.getLogger(__name__)

TRIES = 3


@dataclass(frozen=True)
class Rendered:
    """A page in memory: for whoever has no room on the disk."""

    version: Version
    bodies: dict[Coding, bytes]

    def read(self, coding: Coding) -> bytes | None:
        return self.bodies[coding]


def prepare(name: str, kind: Kind) -> Source | None:
    """The page as the database has it now; None when there is no such project.

    Of all who ask at once one renders, the others find what he stored.
    """
    if not name:
        return _root_files(kind)
    with page_files.locked(name):
        state = pages.state_of(name)
        if state is None:
            page_files.remove(name)
            return None
        stored = page_files.load(name, kind)
        if stored and stored.version == _version(state):
            return stored
        rendered = render(name, kind)
        return _store(name, kind, rendered) if rendered else None


def stored(name: str, kind: Kind) -> Source | None:
    """What the disk has of a page, however old: for when the database is away."""
    if not name:
        return root.stored(kind, edition())
    found = page_files.load(name, kind)
    return found if found and found.version.edition == edition() else None


@functools.cache
def edition() -> str:
    """What a page depends on beside the state of the index: our rendering, and our addresses."""
    example = File(sha256="0" * 64, filename="example-1.0.tar.gz").path
    facts = f"{renderers.RENDERING} {settings.FILES_ORIGIN}{example}{settings.PRIVATE}"
    return hashlib.sha256(facts.encode()).hexdigest()[:8]


def render(name: str, kind: Kind) -> Rendered | None:
    """The page as the database has it now, in every coding; None when there is no such project."""
    found = _consistent(name, kind)
    if found is None:
        return None
    state, body = found
    return Rendered(_version(state), codings.encode(body))


def _version(state: State) -> Version:
    return Version(state.serial, edition(), state.at)


def _root_files(kind: Kind) -> Source:
    try:
        return root.source(kind, edition())
    except OSError as error:
        logger.warning("The root page cannot be stored: %s", error)
        state = State(*journal.last_change())
        return Rendered(_version(state), codings.encode(_root(kind, state.serial)))


def _store(name: str, kind: Kind, rendered: Rendered) -> Source:
    """Call this under the lock of the name."""
    page_files.save(name, kind, rendered.version, rendered.bodies)
    kept = page_files.load(name, kind)
    return kept if kept and kept.version == rendered.version else rendered


def _consistent(name: str, kind: Kind) -> tuple[State, bytes] | None:
    """A page and its state.  A change in the middle would give one version two contents.

    Where changes come faster than we render, the page may show more than its serial says; the
    next reader finds the serial moved, and renders again.
    """
    found = None
    for _ in range(TRIES):
        before = pages.state_of(name)
        body = None if before is None else _body(name, kind, before.serial)
        if before is None or body is None:
            return None
        found = before, body
        if pages.state_of(name) == before:
            break
    return found


def _body(name: str, kind: Kind, serial: int) -> bytes | None:
    if not name:
        return _root(kind, serial)
    page = pages.project_page_of(name)
    if page is None:
        return None
    return renderers.project_json(page) if kind is Kind.JSON else renderers.project_html(page)


def _root(kind: Kind, serial: int) -> bytes:
    links = pages.root_links()
    return renderers.root_json(links, serial) if kind is Kind.JSON else renderers.root_html(links)
