"""Downloads that a CDN or a web server answered, told by its access log.

Lines are in nginx's and Apache's ``combined`` format, or JSON objects.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from django.db import transaction

from packages import downloads
from packages.downloads import Key
from packages.models import CountedLog, File
from packages.models.file import ADDRESS
from pypi_site.lib.problems import Conflict

BATCH = 1000
_COMBINED = re.compile(r'\[([^\]]{20,40})\] "([A-Z]+) (\S+)[^"]*" (\d{3}) ')
_PATHS = ("path", "url", "request_uri", "uri")
_TIMES = ("time", "timestamp", "time_iso8601")


class AlreadyCounted(Conflict):
    """The same bytes were counted before."""

    code, title = "log-already-counted", "Already counted"


class Hit(NamedTuple):
    """One download."""

    sha256: str
    filename: str
    day: date


class Counted(NamedTuple):
    """What a log told: its lines, downloads of files that we know, and of files that we do not."""

    lines: int
    downloads: int
    unknown: int


@transaction.atomic
def count(log: Iterable[bytes]) -> Counted:
    """Count a whole log.  Raises `AlreadyCounted` for one that was counted before."""
    digest, lines, hits = hashlib.sha256(), 0, Counter[Hit]()
    for line in log:
        digest.update(line)
        lines += 1
        if hit := read(line.decode(errors="replace")):
            hits[hit] += 1
    counts = _of_known_files(hits)
    _remember(digest.hexdigest(), counts.total())
    downloads.add(counts)
    return Counted(lines, counts.total(), hits.total() - counts.total())


def _remember(sha256: str, total: int) -> None:
    """Of two who count the same log at once one waits here, and gives up."""
    row, new = CountedLog.objects.get_or_create(sha256=sha256, defaults={"downloads": total})
    if not new:
        raise AlreadyCounted(
            f"This log was counted on {row.counted_at:%d %B %Y}; give one that was not."
        )


def _of_known_files(hits: Counter[Hit]) -> Counter[Key]:
    counts: Counter[Key] = Counter()
    names = sorted({hit.filename for hit in hits})
    known: dict[tuple[str, str], tuple[int, int]] = {}
    for start in range(0, len(names), BATCH):
        files = File.objects.filter(filename__in=names[start : start + BATCH])
        for sha256, name, *ids in files.values_list(
            "sha256", "filename", "release__project_id", "pk"
        ):
            known[sha256, name] = (ids[0], ids[1])
    for hit, times in hits.items():
        if ids_of := known.get((hit.sha256, hit.filename)):
            counts[Key(*ids_of, hit.day)] += times
    return counts


def read(line: str) -> Hit | None:
    """The download that a line tells of: a GET of a file, answered with all of it."""
    facts = _from_json(line) if line.startswith("{") else _from_combined(line)
    if facts is None:
        return None
    day, method, url, status = facts
    match = ADDRESS.fullmatch(_path(url))
    if day is None or method != "GET" or status != "200" or match is None or match["metadata"]:
        return None
    return Hit(match["sha256"], match["filename"], day)


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


_Facts = tuple[date | None, str, str, str]


def _from_combined(line: str) -> _Facts | None:
    match = _COMBINED.search(line)
    if match is None:
        return None
    when, method, url, status = match.groups()
    return _day(when), method, url, status


def _from_json(line: str) -> _Facts | None:
    try:
        members = json.loads(line)
    except ValueError:
        return None
    when, url = _first(members, _TIMES), _first(members, _PATHS)
    method = members.get("method", members.get("request_method", "GET"))
    return _day(str(when)), str(method), str(url), str(members.get("status", 200))


def _first(members: dict[str, Any], names: Iterable[str]) -> Any:
    found: Iterator[Any] = (members[name] for name in names if name in members)
    return next(found, "")


@lru_cache(4096)
def _day(text: str) -> date | None:
    """In UTC; `text` is as in ``combined``, in ISO 8601, or seconds since 1970."""
    for parse in (_parse_combined, _parse_seconds, datetime.fromisoformat):
        try:
            moment = parse(text)
        except (ValueError, OverflowError, OSError):
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()
    return None


def _parse_combined(text: str) -> datetime:
    return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")


def _parse_seconds(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)
