"""RECORD: the list of a wheel's files with their hashes and sizes (PEP 427, PEP 376)."""

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from packages.uploads.findings import Finding, quoted, refuse, warn

# sha256 or better; md5 and sha1 are forbidden by the specification.
ALGORITHMS = {"sha256", "sha384", "sha512"}


@dataclass(frozen=True, slots=True)
class Row:
    """What RECORD says about a file."""

    algorithm: str
    digest: str
    size: str


@dataclass(frozen=True)
class Record:
    """RECORD as read: a row for each path, and what was wrong with the reading."""

    rows: dict[str, Row]
    findings: list[Finding]


def parse(data: bytes, most_lines: int) -> Record:
    """Read RECORD; broken lines become findings."""
    record = Record({}, [])
    try:
        text = io.StringIO(data.decode("utf-8"), newline="")
        for number, line in enumerate(csv.reader(text)):
            if number >= most_lines:
                record.findings.append(_invalid(f"has more than {most_lines} lines"))
                break
            record.findings.extend(_read_line(line, record.rows))
    except (UnicodeDecodeError, csv.Error):
        record.findings.append(_invalid("is not UTF-8 text in CSV form"))
    return record


def _invalid(what: str) -> Finding:
    return refuse("invalid-record", f"RECORD {what}; build the wheel again.")


def _read_line(line: list[str], rows: dict[str, Row]) -> Iterator[Finding]:
    if not line:
        return
    path, digest, size = [*line, "", ""][:3]
    if path in rows:
        yield refuse(
            "duplicate-record-line",
            f"RECORD lists the file {quoted(path)} twice; build the wheel again.",
        )
    algorithm, _, encoded = digest.partition("=")
    rows[path] = Row(algorithm.lower(), encoded.strip(), size.strip())


def compare_names(record: Record, present: set[str], exempt: set[str]) -> Iterator[Finding]:
    """Every file must be listed (apart from signatures), every listed file be there."""
    for path in sorted(present - record.rows.keys() - exempt):
        yield refuse(
            "file-not-in-record",
            f"The file {quoted(path)} is not listed in RECORD; build the wheel again.",
        )
    for path in sorted(record.rows.keys() - present):
        yield refuse(
            "record-file-missing",
            f"RECORD lists the file {quoted(path)}, which is not in the wheel; build it again.",
        )


def compare(path: str, row: Row, digest: bytes, size: int) -> Iterator[Finding]:
    """The hash and the size in RECORD must be those of the file.

    `digest` is of the row's algorithm, if that is one of ours.
    """
    if row.algorithm not in ALGORITHMS:
        yield _weak(path, row)
    elif row.digest.lower() == digest.hex():
        yield warn(
            "record-hash-in-hex",
            f"RECORD gives the hash of {quoted(path)} in hexadecimal instead of base64; build the"
            " wheel with a current build tool.",
        )
    elif row.digest.rstrip("=") != base64.urlsafe_b64encode(digest).decode().rstrip("="):
        yield refuse(
            "record-hash-mismatch",
            f"The file {quoted(path)} does not have the hash that RECORD gives; build the wheel"
            " again after the last change.",
        )
    if row.size and row.size != str(size):
        yield refuse(
            "record-size-mismatch",
            f"The file {quoted(path)} has {size} bytes and not {quoted(row.size)} as RECORD says;"
            " build the wheel again after the last change.",
        )


def _weak(path: str, row: Row) -> Finding:
    what = f"hashed with {quoted(row.algorithm)}" if row.algorithm else "without a hash"
    return refuse(
        "weak-record-hash",
        f"The file {quoted(path)} stands in RECORD {what}; it must have a sha256 hash, so build the"
        " wheel with a current build tool.",
    )
