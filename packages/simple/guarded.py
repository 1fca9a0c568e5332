"""Pages for somebody: prepared ones where he sees what all see, else private ones.

A private page is never stored: it is written when a `Reader` who may see it asks, and kept in the
memory of this process under the serial that the door has just read.  Nothing of it is answered
while the database is away, for nobody can be let in then.
"""

from __future__ import annotations

from packages import journal
from packages.models import Project, Reader
from packages.models.reader import ANYBODY
from packages.simple import codings, pages, preparing, renderers, store
from packages.simple.answers import Answer, Kind, Variant, Version
from pypi_site.lib.kept import Kept

kept = Kept(32 * 1024 * 1024)


def answer(name: str, variant: Variant, reader: Reader) -> Answer | None:
    """The page of a normalized name as this reader sees it, the root page without a name."""
    if not name:
        return _root(variant, reader)
    found = store.answer(name, variant) if reader.shares else None
    return found or (None if reader == ANYBODY else _private(name, variant, reader))


def _root(variant: Variant, reader: Reader) -> Answer | None:
    """Who sees nothing private gets the prepared one."""
    known = Project.objects.known(reader)
    if reader.shares and not known.filter(private=True).exists():
        return store.answer(store.INDEX, variant)
    version = _version(journal.last_serial())
    links = pages.root_links(reader)
    body = _body_of_root(variant, list(links), version.serial)
    return Answer("", version, variant, codings.encoded(body, variant.coding))


def _body_of_root(variant: Variant, links: list[pages.ProjectLink], serial: int) -> bytes:
    if variant.kind is Kind.JSON:
        return renderers.root_json(links, serial)
    return renderers.root_html(links)


def _private(name: str, variant: Variant, reader: Reader) -> Answer | None:
    project = Project.objects.known(reader).filter(normalized_name=name).first()
    if project is None:
        return None
    key = (project.pk, name, project.serial, variant.kind, variant.coding, project.private)
    body = kept.get(key, lambda: codings.encoded(_body(project, variant), variant.coding))
    return Answer(name, _version(project.serial), variant, body)


def _body(project: Project, variant: Variant) -> bytes:
    page = pages.project_page(project)
    if variant.kind is Kind.JSON:
        return renderers.project_json(page)
    return renderers.project_html(page)


def _version(serial: int) -> Version:
    """Without a time: who asks for what changed since is told all."""
    return Version(serial, f"{preparing.edition()}.private")
