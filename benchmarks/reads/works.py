"""What is asked of every index: pages, roots, files, in the forms and encodings that it offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.reads.corpus import FORTY, LARGE, SMALL, THOUSANDS, Sizes

ROOT = ""  # in the place of a project's name


class Form(StrEnum):
    """What a page is asked for as; a file has no form."""

    HTML = "text/html"
    JSON = "application/vnd.pypi.simple.v1+json"
    FILE = "application/octet-stream"

    @property
    def short(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Request:
    """A GET, as wrk sends it."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Work:
    """One line of the table.

    `holds` is how many files or projects a page must name; `conditional` asks with the ETag of
    the page that the client has (304).
    """

    title: str
    project: str
    form: Form
    encoding: str = ""
    conditional: bool = False
    holds: int = 0

    @property
    def spares(self) -> str:
        """The title of the page that a conditional request does without; empty for others."""
        return self.title.replace(", 304", ", identity") if self.conditional else ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        if self.form is Form.FILE:
            return ()
        return (("Accept", self.form), ("Accept-Encoding", self.encoding or "identity"))


def works(sizes: Sizes) -> list[Work]:
    """Those of the index of usual size, where the peers take part."""
    return [
        *_pages("40 files", FORTY, 40, ("", "gzip", "br", "zstd")),
        *_not_modified(),
        *_pages(f"{sizes.files:,} files", THOUSANDS, sizes.files, ("", "gzip")),
        *_pages(f"root, {sizes.usual:,} names", ROOT, sizes.usual, ("", "gzip")),
        Work("file, 2 kB", SMALL, Form.FILE),
        Work("file, 10 MB", LARGE, Form.FILE),
    ]


def in_turns(asked: Iterable[Work]) -> Iterator[list[Work]]:
    """What is measured in turns, round by round: a 304 with the page that it spares.

    They are compared with each other, and minutes apart the machine may be another one.
    """
    several = list(asked)
    titles = {work.title for work in several}
    for work in several:
        if work.spares not in titles:
            yield [work, *(other for other in several if other.spares == work.title)]


def large_works(sizes: Sizes) -> list[Work]:
    """Those of the large index, which the peers are spared."""
    return list(_pages(f"root, {sizes.many:,} names", ROOT, sizes.many, ("", "gzip")))


def growth_work(projects: int) -> Work:
    """The same page in indexes of different size."""
    return Work(f"40 files, among {projects:,} projects", FORTY, Form.HTML, holds=40)


def _pages(title: str, project: str, holds: int, encodings: tuple[str, ...]) -> Iterator[Work]:
    for form in (Form.HTML, Form.JSON):
        for encoding in encodings:
            name = f"{title}, {form.name}, {encoding or 'identity'}"
            yield Work(name, project, form, encoding, holds=holds)


def _not_modified() -> Iterator[Work]:
    for form in (Form.HTML, Form.JSON):
        yield Work(f"40 files, {form.name}, 304", FORTY, form, conditional=True)
