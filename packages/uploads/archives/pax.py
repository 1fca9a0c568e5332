"""Extended TAR headers in the pax format (POSIX.1-2001)."""

from packages.uploads.findings import Unreadable

# Far more than paths, owners, times and a few file attributes take.
MAX_SIZE = 256 * 1024

# These say where the data lies and what it is called, hence must be beyond doubt.
_MEANINGFUL = {"path", "linkpath", "size"}
_SPARSE = "GNU.sparse."


def parse(data: bytes) -> dict[str, str]:
    """Read records of the form `length key=value`, a newline behind each."""
    found: dict[str, str] = {}
    while data.strip(b"\0"):
        record, data = _split(data)
        key, equals, value = record.decode("utf-8", "surrogateescape").partition("=")
        if not equals or "\0" in value or key.startswith(_SPARSE):
            raise _broken()
        merge(found, {key: value})
    return found


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The first record without its length and newline, and the rest."""
    digits, _, _ = data[:10].partition(b" ")
    length = int(digits) if digits.isdigit() else 0
    start = len(digits) + 1
    if length <= start or data[length - 1 : length] != b"\n":
        raise _broken()
    return data[start : length - 1], data[length:]


def parse_global(data: bytes) -> dict[str, str]:
    """Read a global header (git archive writes one); it must not rename or resize members."""
    if not _MEANINGFUL.isdisjoint(parse(data)):
        raise _broken()
    return {}


def merge(known: dict[str, str], more: dict[str, str]) -> None:
    """Add records to those known about the next member; what matters must be said once only."""
    if not _MEANINGFUL.isdisjoint(known.keys() & more.keys()):
        raise Unreadable(
            "tar-header-mismatch",
            "The archive has a member with two extended names or sizes, which readers treat"
            " differently; build the source distribution again.",
        )
    known.update(more)


def _broken() -> Unreadable:
    return Unreadable(
        "broken-pax-header",
        "The archive has an extended header that is broken, sparse or renames all members; build"
        " the source distribution again.",
    )
