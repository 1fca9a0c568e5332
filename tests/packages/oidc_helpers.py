"""Publishers of the stand-in issuer, and what CI jobs send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from packages import publishers
from packages.models import Project, Publisher
from tests.factories import index
from tests.factories.dists import make_wheel
from tests.factories.oidc import AUDIENCE, Issuer, issuing
from tests.factories.people import UserFactory, actor
from tests.protocol.clients import form, upload_headers

FACTS = {"repository": "ann/demo", "workflow": "release.yml", "environment": "pypi"}
MINT = "/_/oidc/mint-token"


@pytest.fixture
def issuer(settings: Any) -> Iterator[Issuer]:
    """A running issuer that this site trusts, as a GitHub of one's own."""
    with issuing() as running:
        settings.OIDC_ISSUERS, settings.OIDC_LOOPBACK = running.settings, True
        settings.OIDC_AUDIENCE = AUDIENCE
        cache.clear()
        yield running


@pytest.fixture
def project(issuer: Issuer) -> Project:
    return index.project("demo")


def owner_of(project: Project) -> Any:
    return project.roles.get(kind="owner").user


def trust(project: Project, **changes: str) -> Publisher:
    return publishers.add(project, "forge", FACTS | changes, actor=actor(owner_of(project)))


def prepare(name: str, person: Any = None, **changes: str) -> Publisher:
    person = person or UserFactory(trusted=True)
    return publishers.prepare(name, "forge", FACTS | changes, actor=actor(person))


def post(client: Client, body: Any, path: str = MINT) -> Any:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post(path, data, content_type="application/json")


def refusal(client: Client, issuer: Issuer, **claims: Any) -> tuple[str, str]:
    """Code and sentence."""
    answer = post(client, {"token": issuer.token(**claims)})
    assert answer.status_code == 422, answer.content
    error = answer.json()["errors"][0]
    return error["code"], error["description"]


def mint(client: Client, issuer: Issuer, **claims: Any) -> str:
    answer = post(client, {"token": issuer.token(**claims)})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["token"])


def upload(
    client: Client, token: str, folder: Any, name: str = "demo", version: str = "2.0"
) -> Any:
    path = make_wheel(folder, name=name, version=version)
    headers = upload_headers(token)
    return client.post(
        "/legacy/",
        form(path, {"name": name}),
        content_type=headers["Content-Type"],
        HTTP_AUTHORIZATION=headers["Authorization"],
    )
