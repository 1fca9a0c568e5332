"""A project whose releases came by a stand-in issuer's identity tokens; then a token comes."""

from __future__ import annotations

import pytest

from moderation.models import Case
from packages.models import File, Stage
from tests.factories.people import UserFactory, token_for
from tests.packages import oidc_helpers as oidc

pytestmark = pytest.mark.django_db
issuer = oidc.issuer  # a fixture


def test_nobody_passes_by_the_trusted_publisher_of_a_project(issuer, client, tmp_path):
    """A name that a CI job registered, and that only its jobs published to, until a token came."""
    oidc.prepare("demo", person := UserFactory(trusted=True))
    for number, version in enumerate(("1.0", "1.1", "1.2")):
        token = oidc.mint(client, issuer, run_id=str(number))
        answer = oidc.upload(client, token, tmp_path / version, version=version)
        assert answer.status_code == 200, answer.content
    sent = File.objects.order_by("pk").values_list("uploaded_by", "uploaded_by_ci__key")
    assert {(by, key is not None) for by, key in sent} == {(None, True)}

    stolen = oidc.upload(client, token_for(person), tmp_path / "stolen", version="1.3")
    assert stolen.status_code == 202, stolen.content
    stage = Stage.objects.held().get()
    assert [hold["code"] for hold in stage.holds] == ["publisher-discontinuity"]
    assert "by a trusted publisher, and this one is by a person's token" in stage.holds[0]["reason"]
    assert Case.objects.live().get().subject == stage

    token = oidc.mint(client, issuer, run_id="9")
    assert oidc.upload(client, token, tmp_path / "next", version="1.4").status_code == 200
    offered = File.objects.offered().values_list("release__version", flat=True)
    assert sorted(offered) == ["1.0", "1.1", "1.2", "1.4"]
