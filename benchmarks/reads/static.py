"""nginx with the very bytes that Gatehouse sends, as files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reads.contestants import Answer, Contestant, fetch
from benchmarks.reads.works import Form, Request, Work

_CONFIGURATION = """
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 75;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location = / {{ return 200; }}
        location /files/ {{ alias {tree}/; default_type application/octet-stream; }}
        {locations}
    }}
}}
"""
_LOCATION = """
        location /{form}/{encoding}/ {{
            alias {folder}/pages/{form}/{encoding}/;
            default_type "{type}";
            {how}
        }}
"""
# nginx has a module for gzip files only; the others are named by hand.
_HOW = {
    "identity": "gzip_static on;",
    "br": "add_header Content-Encoding br;",
    "zstd": "add_header Content-Encoding zstd;",
}


def configuration(folder: Path, tree: Path, port: int) -> str:
    """For nginx in the foreground, with all that it writes in `folder`."""
    locations = "".join(
        _LOCATION.format(form=form.short, encoding=encoding, folder=folder, type=form, how=how)
        for form in (Form.HTML, Form.JSON)
        for encoding, how in _HOW.items()
    )
    user = "user root;" if os.geteuid() == 0 else ""
    return _CONFIGURATION.format(
        folder=folder, tree=tree, port=port, user=user, locations=locations
    )


@dataclass(frozen=True)
class Static:
    """The files that nginx serves, as a contestant."""

    name: str
    address: str
    pages: Path
    tree: Path

    def url(self, work: Work) -> str:
        if work.form is Form.FILE:
            path = next((self.tree / work.project).glob("*.whl"))
            return f"{self.address}/files/{path.relative_to(self.tree)}"
        return f"{self.address}/{work.form.short}/{_folder(work.encoding)}/{_name(work)}"

    def take(self, source: Contestant, works: Iterable[Work]) -> None:
        """Store what Gatehouse answers; what it does not offer is not there for nginx either."""
        for work in works:
            if work.form is not Form.FILE:
                self._store(fetch(Request(source.url(work), work.headers)), work)

    def _store(self, answer: Answer, work: Work) -> None:
        if answer.encoding.replace("identity", "") != work.encoding:
            return
        folder = self.pages / work.form.short / _folder(work.encoding)
        folder.mkdir(parents=True, exist_ok=True)
        suffix = ".gz" if work.encoding == "gzip" else ""
        (folder / f"{_name(work)}{suffix}").write_bytes(answer.body)


def _folder(encoding: str) -> str:
    """gzip lies beside what it packs."""
    return encoding if encoding in _HOW else "identity"


def _name(work: Work) -> str:
    return work.project or f"root-{work.holds}"
