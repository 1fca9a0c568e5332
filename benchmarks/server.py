"""Gatehouse as ``bin/serve`` runs it, on a data directory of its own, for a benchmark."""

from __future__ import annotations

import base64
import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.processes import Processes

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Site:
    """Where an index answers, and an administrator's token."""

    host: str
    port: int
    token: str = field(default="", repr=False)
    uploads: str = "/legacy/"

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=600)

    def login(self) -> dict[str, str]:
        """The header that says who is asking."""
        login = base64.b64encode(f"__token__:{self.token}".encode()).decode()
        return {"Authorization": f"Basic {login}"}


@contextmanager
def gatehouse(
    data: Path, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[Site, Processes]]:
    """A fresh index with its defaults but for `settings`, and its first administrator."""
    environment = {
        **{name: value for name, value in os.environ.items() if not _is_ours(name)},
        "GATEHOUSE_BOOTSTRAP_PASSWORD": "only-for-a-benchmark",
        **(settings or {}),
    }
    serve = [str(ROOT / "bin/serve"), "--port", "0", "--data", str(data)]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        where = urlsplit(_wait_for_address(server))
        token = _bootstrap({**environment, "GATEHOUSE_DATA": str(data)})
        yield Site(where.hostname or "", where.port or 0, token), Processes(server.pid, data)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def _is_ours(name: str) -> bool:
    return name.startswith("GATEHOUSE_") or name == "DATABASE_URL"


def _wait_for_address(server: subprocess.Popen[str]) -> str:
    assert server.stdout
    for line in server.stdout:
        if found := re.search(r"open at (http://\S+?)/?$", line.strip()):
            return found[1]
    sys.exit("bin/serve ended before it was open.")


def _bootstrap(environment: Mapping[str, str]) -> str:
    command = [str(ROOT / "bin/manage"), "bootstrap", "--username", "bench"]
    command += ["--email", "bench@example.org"]
    return subprocess.check_output(command, env=environment, text=True).strip()
