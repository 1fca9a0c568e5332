"""What the benchmarks upload: wheels in the forms that twine sends, and the sending itself."""

from __future__ import annotations

import base64
import hashlib
import http.client
import random
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.server import Site
from tests.factories.dists import record_row, wheel_members, zip_bytes

MIB = 1024 * 1024
BOUNDARY = "gatehouse-benchmark"
METADATA = """
Summary: A wheel of ordinary size
Author-email: Somebody <somebody@example.org>
License: MIT
Requires-Python: >=3.9
Project-URL: Homepage, https://example.org/
Project-URL: Source, https://example.org/source
Description-Content-Type: text/markdown
Classifier: Development Status :: 4 - Beta
Classifier: Intended Audience :: Developers
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: OS Independent
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: 3.11
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3.13
Classifier: Topic :: Software Development :: Libraries
"""
DESCRIPTION = "# A wheel of ordinary size\n\n" + "It does *something* useful.\n" * 200
REQUIRES = ("requests>=2", "packaging")


def wheels(prefix: str, count: int) -> Iterator[bytes]:
    """Forms with a wheel of 10 kB: every fifth opens a project, the others are its versions."""
    prefix = prefix.lower()
    for number in range(count):
        name, version = f"{prefix}-{number // 5}", f"1.{number % 5}"
        data = wheel(name, version)
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        head, tail = form(name, version, filename, hashlib.sha256(data).hexdigest())
        yield head + data + tail


def wheel(name: str, version: str) -> bytes:
    ballast = random.Random(f"{name} {version}").randbytes(8_300)
    members = wheel_members(
        name,
        version,
        requires=REQUIRES,
        extra_metadata=METADATA,
        description=DESCRIPTION,
        files={f"{name.replace('-', '_')}/data.bin": ballast},
    )
    return zip_bytes(members)


def form(name: str, version: str, filename: str, sha256: str) -> tuple[bytes, bytes]:
    """What stands before and after the file: the fields that twine sends."""
    headers = [line.split(": ", 1) for line in METADATA.strip().split("\n")]
    classifiers = [("classifiers", value) for key, value in headers if key == "Classifier"]
    fields = [
        *[(":action", "file_upload"), ("protocol_version", "1"), ("metadata_version", "2.1")],
        *[("name", name), ("version", version), ("filetype", "bdist_wheel"), ("pyversion", "py3")],
        *[("summary", "A wheel of ordinary size"), ("description", DESCRIPTION)],
        *classifiers,
        *[("requires_dist", requirement) for requirement in REQUIRES],
        ("sha256_digest", sha256),
    ]
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields
    ]
    content = f'Content-Disposition: form-data; name="content"; filename="{filename}"'
    kind = "Content-Type: application/octet-stream"
    parts.append(f"--{BOUNDARY}\r\n{content}\r\n{kind}\r\n\r\n")
    return "".join(parts).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


def send(site: Site, forms: Iterable[bytes], *, keep_alive: bool = True) -> list[float]:
    """The seconds that each upload took.  The forms are made before the clock starts."""
    bodies, times = list(forms), []
    with closing(site.connect()) as connection:
        for body in bodies:
            started = time.monotonic()
            post(connection, site, body)
            if not keep_alive:
                connection.close()
            times.append(time.monotonic() - started)
    return times


def post(connection: http.client.HTTPConnection, site: Site, body: bytes) -> None:
    connection.request("POST", site.uploads, body, _headers(site))
    require_success(connection.getresponse())


def _headers(site: Site) -> dict[str, str]:
    return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **site.login()}


def require_success(answer: http.client.HTTPResponse) -> None:
    text = answer.read().decode(errors="replace")
    if answer.status != 200:
        sys.exit(f"An upload was answered with {answer.status} {answer.reason}: {text}")


def huge_wheel(folder: Path, mebibytes: int) -> Path:
    """A valid wheel whose one large member is stored, not deflated."""
    name, version = "huge", "1.0"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    small = wheel_members(name, version)
    rows = small.pop(record := f"{name}-{version}.dist-info/RECORD").decode().splitlines()
    block, digest = random.Random(1).randbytes(MIB), hashlib.sha256()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo("huge/data.bin"), "w") as member:
            for _ in range(mebibytes):
                member.write(block)
                digest.update(block)
        for member_name, data in small.items():
            archive.writestr(member_name, data)
        empty = record_row("huge/data.bin", b"").split("=")[0]
        encoded = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        rows.insert(0, f"{empty}={encoded},{mebibytes * MIB}")
        archive.writestr(record, "\n".join(rows) + "\n")
    return path


def send_file(site: Site, path: Path, sha256: str) -> None:
    head, tail = form("huge", "1.0", path.name, sha256)
    length = len(head) + path.stat().st_size + len(tail)
    with closing(site.connect()) as connection, path.open("rb") as file:
        headers = {**_headers(site), "Content-Length": str(length)}
        chunks = iter(lambda: file.read(MIB), b"")
        connection.request("POST", site.uploads, _joined(head, chunks, tail), headers)
        require_success(connection.getresponse())


def _joined(head: bytes, chunks: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from chunks
    yield tail
