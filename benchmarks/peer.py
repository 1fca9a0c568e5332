"""pypiserver, to compare uploads with: installed into an environment of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from benchmarks.server import Site

UV = Path(sys.executable).with_name("uv")
PEER = ["pypiserver[cache]==2.4.2", "gunicorn==27.0.1", "watchdog==6.0.0"]


@contextmanager
def pypiserver(folder: Path) -> Iterator[tuple[Site, Path]]:
    """The peer as it performs best: gunicorn with four workers and its cached directory."""
    environment, packages, port = folder / "peer", folder / "peer-packages", free_port()
    packages.mkdir()
    run([UV, "venv", "-q", "--python", sys.executable, environment])
    run([UV, "pip", "install", "-q", "--python", environment / "bin/python", *PEER])
    command = pypiserver_command(environment / "bin", packages, port)
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        site = Site("127.0.0.1", port, uploads="/")
        wait_for(lambda: answers(site))
        yield site, packages
    finally:
        server.terminate()
        server.wait(30)


def pypiserver_command(programs: Path, packages: Path, port: int) -> list[str]:
    """Uploads and reads without a password."""
    app = f"pypiserver:app(roots=[{json.dumps(str(packages))}], password_file='.',"
    app += " authenticate=[], backend_arg='cached-dir')"
    return [str(programs / "gunicorn"), "-w", "4", "-b", f"127.0.0.1:{port}", app]


def answers(site: Site) -> bool:
    with suppress(OSError), closing(site.connect()) as connection:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    return False


def wait_for(ready: Callable[[], bool], seconds: float = 30, who: str = "pypiserver") -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            sys.exit(f"{who} does not answer.")
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run(command: Sequence[object]) -> None:
    subprocess.run([str(part) for part in command], check=True)
