"""Real caches, by the files in deploy/, in front of whatever listens on a port of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pypi_site.run import ROOT
from tests.patience import PATIENCE
from tests.protocol.clients import Index
from tests.protocol.server import eventually

PURGE_MODULE = Path("/usr/lib/nginx/modules/ngx_http_cache_purge_module.so")
NGINX = """
{user}
load_module {module};
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/cache.conf;
}}
"""


def missing(kind: str) -> str:
    """What this machine lacks to run it; nothing, if it can."""
    if kind == "nginx":
        able = shutil.which("nginx") and PURGE_MODULE.exists()
        return "" if able else "no nginx with ngx_cache_purge on this machine"
    xkey = any(Path("/usr/lib").glob("*/varnish/vmods/libvmod_xkey.so"))
    return "" if shutil.which("varnishd") and xkey else "no Varnish with xkey on this machine"


@contextmanager
def running(kind: str, folder: Path, port: int, origin: int) -> Iterator[Index]:
    """The cache on a port, in front of another one; what it writes goes to a folder."""
    command = {"nginx": _nginx, "varnish": _varnish}[kind](folder, port, origin)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        eventually(_listening(process, port, folder), because=f"{kind} listens")
        yield Index("127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(PATIENCE)
    errors = folder / "error.log"
    assert not errors.exists() or "exited on signal" not in errors.read_text()


def _listening(process: subprocess.Popen[bytes], port: int, folder: Path) -> Callable[[], bool]:
    def ask() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return ask


def _nginx(folder: Path, port: int, origin: int) -> list[str]:
    text = _placed(
        "nginx-cache.conf",
        {
            "/var/cache/nginx/gatehouse": f"{folder}/cache",
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{origin};",
            "listen 80;": f"listen 127.0.0.1:{port};",
        },
    )
    (folder / "cache.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    main = NGINX.format(folder=folder, user=user, module=PURGE_MODULE)
    (folder / "nginx.conf").write_text(main)
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _varnish(folder: Path, port: int, origin: int) -> list[str]:
    text = _placed("varnish.vcl", {'.port = "8000";': f'.port = "{origin}";'})
    (folder / "cache.vcl").write_text(text)
    work, vcl = str(folder / "work"), str(folder / "cache.vcl")
    where = ["-a", f"127.0.0.1:{port}", "-n", work, "-f", vcl]
    return ["varnishd", "-F", "-j", "none", "-s", "malloc,64m", *where]


def _placed(name: str, changes: dict[str, str]) -> str:
    """A file of deploy/ with what differs in a test, and nothing else."""
    text = (ROOT / "deploy" / name).read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, f"{name} does not say {old} once"
        text = text.replace(old, new)
    return text
