"""uv publishes from a CI job: mint, upload, burn, against a live server and an issuer."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories.dists import make_wheel
from tests.factories.oidc import REPOSITORY, RUNNER, Issuer, issuing
from tests.patience import PATIENCE
from tests.protocol.clients import BIN
from tests.protocol.server import Server, eventually, serving
from tests.protocol.tls import Front, tls_in_front_of

pytestmark = pytest.mark.protocol

AUDIENCE = "gatehouse.test"
TRUST = """
import contextlib
from accounts.actors import Actor
from accounts.models import User
from packages import publishers
keeper = User.objects.get(username="keeper")
facts = {{"repository": "{repository}", "workflow": "release.yml", "environment": "pypi"}}
with contextlib.suppress(publishers.PublisherExists):
    publishers.prepare("{name}", "forge", facts, actor=Actor(user=keeper))
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture(scope="module")
def index(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that trusts the stand-in issuer."""
    settings = {
        "GATEHOUSE_OIDC_ISSUERS": json.dumps(issuer.settings),
        "GATEHOUSE_OIDC_LOOPBACK": "yes",
        "GATEHOUSE_OIDC_AUDIENCE": AUDIENCE,
        "GATEHOUSE_ACCESS_LOG": "1",
    }
    with serving(tmp_path_factory.mktemp("ci") / "data", **settings) as server:
        server.bootstrap()
        yield server


@pytest.fixture
def front(index: Server, tmp_path: Path) -> Iterator[Front]:
    """uv asks for tokens by https only."""
    with tls_in_front_of(index.port, tmp_path / "tls") as running:
        yield running


@pytest.fixture
def name(index: Server, request: pytest.FixtureRequest) -> str:
    """A name that a pending publisher of this test's own repository waits for."""
    name = request.node.name.removeprefix("test_").partition("[")[0].replace("_", "-")[:50]
    index.script(TRUST.format(name=name, repository=repository(name)))
    return name


def repository(name: str) -> str:
    return f"{REPOSITORY}-{name}"


def run(front: Front, issuer: Issuer, home: Path, *command: Any) -> tuple[int, str]:
    """The exit code and the words of a tool that runs as in a job of GitHub Actions."""
    home.mkdir(exist_ok=True)
    kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    job = {
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/request-token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": RUNNER,
        "SSL_CERT_FILE": str(front.authority),
        "HOME": str(home),
        "UV_CACHE_DIR": str(home / "cache"),
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=home,
        env={**kept, **job},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=3 * PATIENCE,
    )
    return done.returncode, done.stdout


def uv_publish(front: Front, issuer: Issuer, home: Path, *paths: Path) -> tuple[int, str]:
    where = ["--publish-url", f"{front.url}/legacy/", "--trusted-publishing", "always"]
    plain = ["--no-config", "--keyring-provider", "disabled"]
    return run(front, issuer, home, BIN / "uv", "publish", *plain, *where, *paths)


def claims(name: str, **changes: Any) -> dict[str, Any]:
    return {"repository": repository(name), **changes}


WAY = [
    "GET /_/oidc/audience",
    "POST /_/oidc/mint-token",
    "POST /legacy/",
    "POST /legacy/",
    "POST /_/oidc/burn-token",
]


def but_pages(index: Server, since: int) -> list[str]:
    """What was asked for, without pages."""
    return [line for line in index.requests(since) if "/simple/" not in line]


def test_uv_mints_uploads_and_burns(index, front, issuer, name, tmp_path):
    issuer.claims = claims(name)
    since = len(index.requests())
    wheels = [make_wheel(tmp_path, name=name, version=version) for version in ("1.0", "1.1")]
    code, said = uv_publish(front, issuer, tmp_path / "home", *wheels)
    assert code == 0, said
    eventually(lambda: but_pages(index, since) == WAY)
    assert sorted(index.index.files(name)) == sorted(wheel.name for wheel in wheels)
    ((label, user),) = index.query(
        "select distinct ci.label, file.uploaded_by_id from packages_file as file"
        " join accounts_ciidentity as ci on ci.id = file.uploaded_by_ci_id"
        " join packages_release as release on release.id = file.release_id"
        " join packages_project as project on project.id = release.project_id"
        " where project.normalized_name = %s",
        name,
    )
    assert label == f"Forge: {repository(name)}, release.yml, pypi (run 123456)"
    assert user is None
    burnt = index.query(
        "select revoked_at is not null, expires_at - created_at < interval '16 minutes'"
        " from accounts_apitoken where ci_id is not null order by id desc limit 1"
    )
    assert burnt == [(True, True)]


REFUSED = {
    "another repository": ({"repository": "mallory/demo"}, "No project here trusts this job"),
    "another environment": ({"environment": "staging"}, "names another environment"),
    "a workflow of another repository": (
        {"job_workflow_ref": "mallory/x/.github/workflows/release.yml@refs/heads/main"},
        "names another reusable_workflow",
    ),
    "expired": ({"exp": 1_000_000_000, "nbf": None}, "it has expired"),
    "another issuer's": ({"iss": "https://issuer.test"}, "its issuer is none"),
    "started by a stranger": ({"event_name": "pull_request_target"}, "may not publish"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_uv_says_why_a_job_is_refused(index, front, issuer, name, tmp_path, case):
    changes, sentence = case
    issuer.claims = claims(name, **changes)
    wheel = make_wheel(tmp_path, name=name)
    code, said = uv_publish(front, issuer, tmp_path / "home", wheel)
    assert code != 0
    assert sentence in said
    assert index.index.project(name) is None


def test_the_wire_is_that_of_the_standard_clients(index, front, issuer, name):
    """What twine, pdm and the action of PyPA do: audience, identity token, mint; here by hand."""
    issuer.claims = claims(name)
    audience = index.get("/_/oidc/audience").json["audience"]
    address = f"{issuer.url}/request-token?api-version=2.0&audience={audience}"
    asked = urllib.request.Request(address, headers={"Authorization": f"bearer {RUNNER}"})
    with urllib.request.urlopen(asked) as answer:
        identity = json.load(answer)["value"]
    body = json.dumps({"token": identity})
    json_type = {"Content-Type": "application/json"}
    minted = index.index.ask("POST", "/_/oidc/github/mint-token", body, json_type)
    assert minted.json["success"] is True
    again = index.index.ask("POST", "/_/oidc/mint-token", body, json_type)
    assert again.status == 422
    assert again.json["errors"][0]["code"] == "invalid-reuse-token"
