"""Who loads the server: readers that ask for anything, writers that see at once what they did."""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.server import Site
from benchmarks.soak.client import FORMS, JSON, Client, Unexpected
from benchmarks.upload_forms import BOUNDARY, form, wheel
from packages.simple.codings import Coding

FILES = 30  # of each project, at most: the index must not grow, or memory would
MAX_FAULTS = 100


@dataclass
class Load:
    """What all of them share.  `addresses` are host and port of each role of the server."""

    site: Site
    addresses: Sequence[tuple[str, int]]
    pause: float  # seconds between two changes of one writer
    rest: float = 0  # and between two requests of one reader
    projects: int = 12  # of each writer
    stop: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)  # the projects that have a page
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self.lock:
            self.done[what] += 1

    def fault(self, text: str) -> None:
        with self.lock:
            self.done["errors"] += 1
            if len(self.faults) < MAX_FAULTS:
                self.faults.append(f"{time.strftime('%H:%M:%S')} {text}")

    @contextmanager
    def running(self, readers: int, writers: int) -> Iterator[None]:
        """All of them at work, until the block ends."""
        crew: list[Reader | Writer] = [Writer(self, number) for number in range(writers)]
        crew += [Reader(self, number) for number in range(readers)]
        with ThreadPoolExecutor(len(crew)) as pool:
            futures = [pool.submit(self._work, one.step) for one in crew]
            try:
                yield
            finally:
                self.stop.set()
        for error in filter(None, (future.exception() for future in futures)):
            self.fault(f"A part of the load broke down: {error!r}")

    def _work(self, step: Callable[[], None]) -> None:
        while not self.stop.is_set():
            try:
                step()
            except (Unexpected, OSError, http.client.HTTPException) as error:
                self.fault(f"{type(error).__name__}: {error}")


class Reader:
    """Asks for pages in every form and coding, with and without an ETag, and for files."""

    def __init__(self, load: Load, number: int) -> None:
        self.load = load
        self.clients = [Client(*address) for address in load.addresses]
        self.random = random.Random(number)
        self.etags: dict[tuple[str, str], str] = {}

    def step(self) -> None:
        kinds = (self._project, self._root, self._file) if self.load.known else (self._root,)
        weights = (85, 5, 10)[: len(kinds)]
        self.random.choices(kinds, weights)[0](self.random.choice(self.clients))
        if self.load.rest:
            self.load.stop.wait(self.load.rest)

    def _project(self, client: Client) -> None:
        self._page(client, f"/simple/{self._name()}/")

    def _name(self) -> str:
        return self.random.choice(list(self.load.known))

    def _root(self, client: Client) -> None:
        self._page(client, "/simple/")

    def _page(self, client: Client, path: str) -> None:
        form, coding = self.random.choice(FORMS), self.random.choice(list(Coding))
        key = path, f"{form} {coding}"
        etag = self.etags.get(key, "") if self.random.random() < 0.5 else ""
        answer = client.page(path, form, coding, etag)
        self.etags[key] = answer.etag
        self.load.count(f"pages, {answer.status}")

    def _file(self, client: Client) -> None:
        """A file that a page names, unless it was deleted since; three looks settle that."""
        name = self._name()
        for _ in range(3):
            listed = files_of(client, name)
            if not listed:
                return None
            file = self.random.choice(list(listed.values()))
            if self._fetch(client, file["url"], file["hashes"]["sha256"]):
                return None
            if file["filename"] not in files_of(client, name):
                return self.load.count("files, deleted meanwhile")
        raise Unexpected(f"{name} names files that are not there")

    def _fetch(self, client: Client, url: str, sha256: str) -> bool:
        answer = client.get(url)
        if answer.status == 404:
            return False
        if answer.status != 200 or hashlib.sha256(answer.body).hexdigest() != sha256:
            raise Unexpected(f"{url}: {answer.status}, {len(answer.body)} bytes, not those named")
        self.load.count("files")
        return True


def files_of(client: Client, name: str) -> dict[str, dict]:
    """What the page of a project names."""
    page = client.page(f"/simple/{name}/", JSON, Coding.ZSTD).json
    return {file["filename"]: file for file in page["files"]}


class Writer:
    """Uploads, yanks, deletes and restores in projects that nobody else changes.

    After each answer it looks at the page through every role: what was answered must be there.
    """

    def __init__(self, load: Load, number: int) -> None:
        self.load = load
        self.names = [f"soak-{number}-{project}" for project in range(load.projects)]
        self.random = random.Random(1000 + number)
        self.clients = [Client(*address) for address in load.addresses]
        self.next_version = Counter(dict.fromkeys(self.names, 0))
        # Of each project, by version: is it yanked?  A yank outlasts the bin.
        self.offered: dict[str, dict[str, bool]] = {name: {} for name in self.names}
        self.deleted: dict[str, dict[str, bool]] = {name: {} for name in self.names}

    def step(self) -> None:
        name = self.random.choice(self.names)
        self._choose(name)(name)
        for client in self.clients:
            self._look(client, name)
        self.load.stop.wait(self.load.pause)

    def _choose(self, name: str) -> Callable[[str], None]:
        if not self.offered[name]:
            return self._upload
        if len(self.offered[name]) > FILES:
            return self._delete
        kinds = [self._upload, self._yank]
        kinds += [self._delete] if len(self.offered[name]) > 3 else []
        kinds += [self._restore] if self.deleted[name] else []
        return self.random.choice(kinds)

    # -- changes -----------------------------------------------------------------------------------

    def _upload(self, name: str) -> None:
        version = f"1.{self.next_version[name]}"
        self.next_version[name] += 1
        data = wheel(name, version)
        digest = hashlib.sha256(data).hexdigest()
        head, tail = form(name, version, filename(name, version), digest)
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        self._send("upload", "POST", self.load.site.uploads, head + data + tail, kind)
        self.offered[name][version] = False
        self.load.known.add(name)

    def _yank(self, name: str) -> None:
        """Or un-yank what is yanked."""
        version, yanked = self.random.choice(list(self.offered[name].items()))
        verb = "unyank" if yanked else "yank"
        self._verb(verb, "POST", f"{name}/releases/{version}/{verb}/")
        self.offered[name][version] = not yanked

    def _delete(self, name: str) -> None:
        version = self.random.choice(list(self.offered[name]))
        self._verb("delete", "DELETE", f"{name}/files/{filename(name, version)}/")
        self.deleted[name][version] = self.offered[name].pop(version)

    def _restore(self, name: str) -> None:
        version = self.random.choice(list(self.deleted[name]))
        self._verb("restore", "POST", f"{name}/files/{filename(name, version)}/restore/")
        self.offered[name][version] = self.deleted[name].pop(version)

    def _verb(self, what: str, method: str, path: str) -> None:
        body = json.dumps({"reason": "A soak."}).encode()
        self._send(what, method, f"/api/v1/projects/{path}", body, "application/json")

    def _send(self, what: str, method: str, path: str, body: bytes, kind: str) -> None:
        connection = self.load.site.connect()
        try:
            headers = {"Content-Type": kind, "Accept": "application/json"} | self.load.site.login()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise Unexpected(f"{what} {path}: {response.status} {response.reason} {text[:300]}")
        self.load.count(what)

    # -- what must be seen afterwards --------------------------------------------------------------

    def _look(self, client: Client, name: str) -> None:
        """Names and yanks are those that were answered, not those of a moment ago."""
        expected = {filename(name, version): yes for version, yes in self.offered[name].items()}
        for door, seen in (("page", page_of(client, name)), ("JSON", document_of(client, name))):
            if seen != expected:
                differ = sorted(set(seen.items()) ^ set(expected.items()))[:4]
                where = f"{door} of {name} at port {client.connection.port}"
                raise Unexpected(f"The {where} does not show the last change: {differ}")
        self.load.count("changes seen at once")


def page_of(client: Client, name: str) -> dict[str, bool]:
    """Each file of a project, and whether it is yanked, by the simple API."""
    return {file: bool(facts["yanked"]) for file, facts in files_of(client, name).items()}


def document_of(client: Client, name: str) -> dict[str, bool]:
    """The same by PyPI's JSON API, which knows no project without releases."""
    answer = client.get(f"/pypi/{name}/json", {"Accept-Encoding": "gzip"})
    if answer.status not in (200, 404):
        raise Unexpected(f"/pypi/{name}/json: {answer.status} {answer.body[:200]!r}")
    releases = answer.json["releases"] if answer.status == 200 else {}
    return {file["filename"]: file["yanked"] for files in releases.values() for file in files}


def filename(name: str, version: str) -> str:
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
