"""pip, uv and twine on a private project: by URL, netrc, keyring, and without any credentials."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.factories.dists import make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import BIN, Tools
from tests.protocol.server import Server, serving

pytestmark = pytest.mark.protocol

NAME, OTHER = "private-parts", "nobody-has-this"
Done = subprocess.CompletedProcess[str]
_PEOPLE = f"""
import json
from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import User
from packages import projects
from packages.models import Project, Role
project = Project.objects.get(normalized_name={NAME!r})
projects.make_private(project, actor=SYSTEM)
reader = User.objects.create_user("reader", "reader@example.org")
Role.objects.create(project=project, user=reader, kind="reader")
mint = lambda **scope: tokens.mint(reader, actor=SYSTEM, name="test", **scope)[1]
texts = {{"reading": mint(actions=["read"]), "uploading": mint(actions=["upload"])}}
token, texts["revoked"] = tokens.mint(reader, actor=SYSTEM, name="revoked")
tokens.revoke(token, actor=SYSTEM)
print(json.dumps(texts))
"""
# What pip and uv run as `keyring`: ``keyring get <service> <user name>``.
_KEYRING = """#!{python}
import os, sys
if sys.argv[1:2] == ["get"] or "get" in sys.argv:
    print(os.environ["TEST_KEYRING_PASSWORD"])
"""


@dataclass(frozen=True)
class Site:
    """A server with a private project, and tokens of its reader."""

    server: Server
    reading: str
    uploading: str
    revoked: str


@pytest.fixture(scope="module", params=["", "members"], ids=["public index", "private index"])
def site(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with serving(folder / "data", GATEHOUSE_PRIVATE=request.param) as server:
        tools = Tools(server.url, folder, server.bootstrap())
        done = tools.twine(make_wheel(folder, name=NAME, version="1.0"))
        assert done.returncode == 0, done.stdout
        yield Site(server, **server.script(_PEOPLE))


# -- the tools, with whatever credentials their home holds ----------------------------------------


def pip(site: Site, home: Path, url: str, *options: str, **environment: str) -> Done:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--no-input"]
    where = ["--disable-pip-version-check", "--index-url", url, "--dest", str(home / "got")]
    return _run(home, environment, *command, *where, *options, NAME)


def uv(site: Site, home: Path, url: str, *options: str, **environment: str) -> Done:
    command = [str(BIN / "uv"), "pip", "install", "--no-config", "--no-cache", "--no-deps"]
    where = ["--default-index", url, "--target", str(home / "got"), "--python", sys.executable]
    return _run(home, environment, *command, *where, *options, NAME)


def _run(home: Path, environment: dict[str, str], *command: str) -> Done:
    clean = {"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "XDG_CONFIG_HOME": str(home)}
    return subprocess.run(
        command,
        cwd=home,
        env={**clean, "NO_COLOR": "1", "COLUMNS": "1000", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=3 * PATIENCE,
    )


Tool = Callable[..., Done]
TOOLS = [pip, uv]


def simple(site: Site, credentials: str = "") -> str:
    at = f"{credentials}@" if credentials else ""
    return site.server.url.replace("http://", f"http://{at}") + "/simple/"


def write_netrc(site: Site, home: Path, token: str) -> None:
    netrc = home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1\nlogin __token__\npassword {token}\n")
    netrc.chmod(0o600)


# -- who gets it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", TOOLS)
def test_credentials_in_the_address_install_a_private_project(site, tool: Tool, tmp_path):
    done = tool(site, tmp_path, simple(site, f"__token__:{site.reading}"))
    assert done.returncode == 0, done.stdout
    assert list((tmp_path / "got").iterdir())


@pytest.mark.parametrize("tool", TOOLS)
def test_a_netrc_installs_it(site, tool: Tool, tmp_path):
    write_netrc(site, tmp_path, site.reading)
    done = tool(site, tmp_path, simple(site))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("tool", TOOLS)
def test_a_keyring_installs_it_for_a_user_name_in_the_address(site, tool: Tool, tmp_path):
    keyring = tmp_path / "bin" / "keyring"
    keyring.parent.mkdir()
    keyring.write_text(_KEYRING.format(python=sys.executable))
    keyring.chmod(0o755)
    option = ["--keyring-provider", "subprocess"]
    url = simple(site, "__token__")
    done = tool(site, tmp_path, url, *option, TEST_KEYRING_PASSWORD=site.reading)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("token", ["uploading", "revoked", ""])
def test_without_a_token_that_reads_nobody_gets_it(site, tool: Tool, token: str, tmp_path):
    credentials = f"__token__:{getattr(site, token)}" if token else ""
    done = tool(site, tmp_path, simple(site, credentials))
    assert done.returncode != 0
    assert not list(tmp_path.glob("got/private*"))


def test_variables_of_uv_install_it(site, tmp_path):
    url = f"ours={simple(site)}"
    names = {"UV_INDEX_OURS_USERNAME": "__token__", "UV_INDEX_OURS_PASSWORD": site.reading}
    done = uv(site, tmp_path, url, **names)
    assert done.returncode == 0, done.stdout


# -- how it looks to others -----------------------------------------------------------------------


def test_on_the_wire_a_private_name_is_an_absent_one(site):
    """Headers and bytes, as gunicorn sends them."""
    for address in ("/simple/{}/", "/pypi/{}/json", "/project/{}/", "/api/v1/projects/{}/"):
        one, other = (site.server.get(address.format(name)) for name in (NAME, OTHER))
        told = [
            (answer.status, sorted(name.lower() for name in answer.headers))
            for answer in (one, other)
        ]
        assert told[0] == told[1], address


def test_a_private_page_is_not_for_caches_and_not_on_the_disk(site):
    answer = site.server.get(f"/simple/{NAME}/", authorization=f"Bearer {site.reading}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert not list((site.server.data / "pages").glob(f"*/{NAME}.*"))


@pytest.mark.parametrize("token", ["reading", "revoked"])
def test_twine_uploads_with_tokens_that_upload_only(site, token: str, tmp_path):
    tools = Tools(site.server.url, tmp_path, getattr(site, token))
    done = tools.twine(make_wheel(tmp_path, name=NAME, version="2.0"))
    assert done.returncode != 0
    assert "403" in done.stdout
