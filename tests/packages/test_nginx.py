"""A real nginx in front sends the files, by the configuration that comes along."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from packages import downloads, storage
from packages.downloads.counter import DownloadCounter
from packages.simple import files
from pypi_site.run import ROOT
from tests.factories import index
from tests.patience import PATIENCE
from tests.protocol.server import eventually

NGINX = shutil.which("nginx")
pytestmark = [
    pytest.mark.skipif(not NGINX, reason="no nginx on this machine"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),  # of static files, which nobody asks for
]
CONFIGURATION = """
{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        include {folder}/files.conf;
        location / {{
            proxy_pass {upstream};
            proxy_set_header Host localhost;
        }}
    }}
}}
"""


@pytest.fixture
def nginx(tmp_path, live_server, settings):
    """Its address."""
    settings.SENDFILE = "nginx"
    port = _free_port()
    _configure(tmp_path, port, live_server.url)
    command = [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _listens(port), because="nginx listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _configure(folder: Path, port: int, upstream: str) -> None:
    ours = (ROOT / "deploy" / "nginx-files.conf").read_text()
    placed = ours.replace("/var/lib/gatehouse/files/", f"{storage.blobs().location}/")
    assert placed != ours
    (folder / "files.conf").write_text(placed)
    user = "user root;" if os.geteuid() == 0 else ""
    text = CONFIGURATION.format(folder=folder, port=port, upstream=upstream, user=user)
    (folder / "nginx.conf").write_text(text)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(url, method="GET", **headers):
    asked = Request(url, method=method, headers=headers)
    try:
        with urlopen(asked, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.fixture
def file():
    return index.published_file()


def test_files_ranges_and_conditions_through_nginx(nginx, file, monkeypatch):
    monkeypatch.setattr(files, "counter", DownloadCounter())
    with storage.open_blob(file.sha256) as blob:
        data = blob.read()
    url, etag = f"{nginx}{file.get_absolute_url()}", f'"{file.sha256}"'
    status, headers, body = ask(url)
    assert (status, body, headers["ETag"]) == (200, data, etag)
    for name, value in files.USER_CONTENT.items():
        assert headers[name] == value
    assert headers["Cache-Control"].endswith("immutable")
    assert headers["Content-Type"] == "application/octet-stream"
    assert "X-Accel-Redirect" not in headers
    assert ask(url, Range="bytes=-7")[::2] == (206, data[-7:])
    assert ask(url, Range="bytes=2-5", **{"If-Range": etag})[::2] == (206, data[2:6])
    assert ask(url, Range="bytes=2-5", **{"If-Range": '"other"'})[::2] == (200, data)
    assert ask(url, Range="bytes=99999999-")[0] == 416
    assert ask(url, **{"If-None-Match": etag})[0] == 304
    status, headers, body = ask(url, "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(data)), b"")
    assert files.counter.write()
    assert downloads.recent(file.project).last_day == 2  # all of it, twice


def test_nobody_reads_the_folder_past_the_index(nginx, file):
    name = storage.blob_name(file.sha256)
    assert ask(f"{nginx}/gatehouse-files/{name}")[0] == 404
    assert urlsplit(nginx).hostname == "127.0.0.1"
