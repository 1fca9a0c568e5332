"""How often ordinary distributions are held for their contents, and how long a look takes.

    .venv/bin/python benchmarks/contents.py FOLDER... [--most MIB] [--names]

The folders hold wheels and sdists of well-known projects, such as ``pip download`` fetches.  Each
counts once as if it were the first release of its project, and, where an earlier version of the
same kind is there, once as an update.  Nothing is sent anywhere; no database is needed.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from moderation.scanning import SEVERITIES, Found, Scan, of_archive

MEDIUM = SEVERITIES.index("medium")
ABOUT_CHANGES = {"setup-calls", "install-hooks"}  # as in `moderation.policies.contents`


@dataclass(frozen=True)
class Looked:
    """A distribution, and what the rules say of it."""

    path: Path
    version: Version
    scan: Scan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--most", type=float, default=30, help="MiB of the files looked at")
    parser.add_argument("--names", action="store_true", help="say which are held, and for what")
    options = parser.parse_args()
    paths = [path for folder in options.folders for path in sorted(folder.iterdir())]
    small = [path for path in paths if path.stat().st_size <= options.most * 1024 * 1024]
    began = time.perf_counter()
    series = looked_at(small)
    seconds = time.perf_counter() - began
    for kind in ("wheel", "sdist"):
        tell(kind, {key: each for key, each in series.items() if key[1] == kind}, options.names)
    size = sum(path.stat().st_size for path in small) / 1024 / 1024
    print(f"{len(small)} files of {size:.0f} MiB in {seconds:.1f} s, unpacking included")
    return 0


def looked_at(paths: Iterable[Path]) -> dict[tuple[str, str], list[Looked]]:
    """By project and kind, in the order of versions."""
    series = defaultdict(list)
    for path in paths:
        if parsed := parse(path.name):
            name, kind, version = parsed
            scan = of_archive(path, path.name, budget=120)
            series[name, kind].append(Looked(path, version, scan))
    for each in series.values():
        each.sort(key=lambda one: one.version)
    return series


def parse(filename: str) -> tuple[str, str, Version] | None:
    try:
        if filename.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(filename)
            return name, "wheel", version
        name, version = parse_sdist_filename(filename)
    except (InvalidSdistFilename, InvalidWheelFilename):
        return None
    return name, "sdist", version


def tell(kind: str, series: dict[tuple[str, str], list[Looked]], by_name: bool) -> None:
    first = [(one, grave(one.scan.found, first=True)) for each in series.values() for one in each]
    updates = [
        (new, grave(fresh(new, old), first=False))
        for each in series.values()
        for old, new in itertools.pairwise(each)
        if old.version < new.version
    ]
    for what, judged in (("first releases", first), ("updates", updates)):
        held = [(one, found) for one, found in judged if found or one.scan.unseen]
        share = 100 * len(held) / len(judged) if judged else 0
        policies = Counter(policy for _, found in held for policy in {it.policy for it in found})
        print(f"{kind}s as {what}: {len(judged)}, held {len(held)} ({share:.1f} %): {policies}")
        for one, found in held if by_name else ():
            rules = ", ".join(sorted({f"{it.rule} ({it.key})" for it in found})) or "unseen"
            print(f"  {one.path.name}: {rules}")


def fresh(new: Looked, old: Looked) -> list[Found]:
    known = {each.identity for each in old.scan.found}
    return [each for each in new.scan.found if each.identity not in known]


def grave(found: Iterable[Found], *, first: bool) -> list[Found]:
    """What holds: from medium on, and of what is about changes in a first release the gravest."""
    least = dict.fromkeys(ABOUT_CHANGES, MEDIUM + 1 if first else MEDIUM)
    return [each for each in found if each.gravity >= least.get(each.policy, MEDIUM)]


if __name__ == "__main__":
    sys.exit(main())
