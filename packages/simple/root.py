"""The root page, brought up to date piece by piece.

The journal says which names changed since the last generation; only their pieces are rendered.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import CharField, Lookup
from django.db.models.functions import Collate

from packages import journal, markers
from packages.models import JournalEntry, Project
from packages.models.reader import MEMBER
from packages.simple import page_files, renderers, root_files
from packages.simple.answers import Kind, Version
from packages.simple.pages import ProjectLink
from packages.simple.root_files import Manifest, Piece, RootFile

NAMES = 1_000  # of a piece when it is made; with twice as many it is divided
# Up to so many projects a request brings the page up to date, which takes milliseconds; where
# there are more, the keeper does it.
SMALL = 5_000
MANY = 2_000  # changed names; for more everything is rendered anew
_FIELDS = ("name", "normalized_name", "serial")


class _ByteOrder(Lookup):
    """Comparison by bytes, as Python compares; whatever the database's collation.

    The index that Django makes for patterns serves it.
    """

    operator = ""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = self.process_rhs(compiler, connection)
        return f"{left} {self.operator} {right}", (*left_parameters, *right_parameters)


@CharField.register_lookup
class FromByte(_ByteOrder):
    lookup_name, operator = "from_byte", "~>=~"


@CharField.register_lookup
class BeforeByte(_ByteOrder):
    lookup_name, operator = "before_byte", "~<~"


def source(kind: Kind, edition: str) -> RootFile:
    """The root page for a request: current, or of a moment ago where the keeper prepares it."""
    manifest = root_files.load()
    if manifest is None or not _is_for_the_keeper(manifest, edition):
        manifest = advance(edition)
    return RootFile(manifest, kind)


def stored(kind: Kind, edition: str) -> RootFile | None:
    """The last generation, whatever happened since."""
    manifest = root_files.load()
    return RootFile(manifest, kind) if manifest and manifest.edition == edition else None


def is_large() -> bool:
    """Whether there is something for a keeper to do."""
    manifest = root_files.load()
    count = manifest.count if manifest else Project.objects.known(MEMBER).count()
    return count > SMALL


def advance(edition: str) -> Manifest:
    """Bring the files up to date, unless somebody did while we waited for the lock."""
    with page_files.locked(""):
        last = root_files.load()
        if last and last.edition != edition:
            last = None
        serial, at = journal.last_change()
        version = Version(serial, edition, at)
        if last and last.version == version:
            return last
        pieces = _advanced(last, serial) if last else list(_all_pieces())
        manifest = root_files.publish(version, pieces, _around(serial), last)
    if manifest.count > SMALL:
        markers.here().touch()  # whoever asked meanwhile has the last generation
    return manifest


def _is_for_the_keeper(manifest: Manifest, edition: str) -> bool:
    return manifest.edition == edition and manifest.count > SMALL and markers.here().is_kept()


def _changed_at(serial: int) -> datetime | None:
    return JournalEntry.objects.filter(serial=serial).values_list("at", flat=True).first()


def _around(serial: int) -> dict[Kind, tuple[bytes, bytes]]:
    """What stands before and after the pieces."""
    return {Kind.HTML: renderers.root_html_ends(), Kind.JSON: renderers.root_json_ends(serial)}


# -- pieces --------------------------------------------------------------------------------------


def _all_pieces() -> Iterator[Piece]:
    ordered = Project.objects.known(MEMBER).order_by(Collate("normalized_name", "C"))
    rows = ordered.values_list(*_FIELDS).iterator(chunk_size=NAMES)
    links = (ProjectLink(*row) for row in rows)
    lower = ""
    while part := list(itertools.islice(links, NAMES)):
        yield _piece(lower and part[0].normalized_name, part)
        lower = part[-1].normalized_name
    if not lower:
        yield _piece("", [])


def _advanced(last: Manifest, serial: int) -> list[Piece]:
    """The pieces of the last generation, those with changes rendered anew."""
    changed = JournalEntry.objects.filter(serial__gt=last.serial, serial__lte=serial)
    names = list(changed.order_by().values_list("project", flat=True).distinct()[: MANY + 1])
    if len(names) > MANY or _changed_at(last.serial) != last.version.modified:
        return list(_all_pieces())
    lowers = [piece.lower for piece in last.pieces]
    touched = {bisect.bisect_right(lowers, name) - 1 for name in names}
    pieces: list[Piece] = []
    for number, piece in enumerate(last.pieces):
        upper = lowers[number + 1] if number + 1 < len(lowers) else None
        pieces += _rendered(piece.lower, upper) if number in touched else [piece]
    return _with_a_first(pieces)


def _with_a_first(pieces: list[Piece]) -> list[Piece]:
    """The first piece begins without a comma; when it is gone the next takes its place."""
    if not pieces:
        return [_piece("", [])]
    if pieces[0].lower:
        upper = pieces[1].lower if len(pieces) > 1 else None
        pieces[:1] = _rendered("", upper)
    return pieces


def _rendered(lower: str, upper: str | None) -> list[Piece]:
    """The names of the range in one piece, or in two if they are many, or in none."""
    found = Project.objects.known(MEMBER).filter(normalized_name__from_byte=lower)
    if upper is not None:
        found = found.filter(normalized_name__before_byte=upper)
    links = sorted(
        (ProjectLink(*row) for row in found.values_list(*_FIELDS)),
        key=lambda link: link.normalized_name,
    )
    if len(links) <= 2 * NAMES:
        return [_piece(lower, links)] if links else []
    half = len(links) // 2
    return [_piece(lower, links[:half]), _piece(links[half].normalized_name, links[half:])]


def _piece(lower: str, links: Sequence[ProjectLink]) -> Piece:
    """Only the first piece of all has no lower bound."""
    comma = b"," if lower and links else b""
    bodies = {
        Kind.HTML: renderers.root_html_part(links),
        Kind.JSON: comma + renderers.root_json_part(links),
    }
    return root_files.fresh_piece(lower, len(links), bodies)
