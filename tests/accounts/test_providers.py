"""The rules of each provider, and issuers that only the settings know."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import issuers, providers
from accounts.claims import LIKE, link, scalars
from tests.factories.oidc import job

GITLAB_CLAIMS = {
    "project_path": "Acme/tools/demo",
    "ci_config_ref_uri": "gitlab.com/Acme/tools/demo//.gitlab-ci.yml@refs/tags/v1",
    "ref_path": "refs/tags/v1",
    "sha": "c0ffee",
    "environment": "pypi",
    "pipeline_source": "push",
    "namespace_id": 72,
    "project_id": "20",
    "pipeline_id": "574",
}
GITLAB_FACTS = {
    "project_path": "acme/tools/demo",
    "pipeline_file": ".gitlab-ci.yml",
    "environment": "pypi",
}


def differing(provider: Any, facts: dict[str, str], claims: dict[str, Any], url: str) -> list[str]:
    derived = claims | provider.derive(claims, url)
    return provider.differing(facts, derived)


def gitlab(**changes: Any) -> list[str]:
    return differing(providers.GITLAB, GITLAB_FACTS, GITLAB_CLAIMS | changes, "https://gitlab.com")


def test_a_pipeline_of_gitlab_is_known_by_project_file_and_environment():
    assert gitlab() == []
    assert gitlab(ci_config_ref_uri="gitlab.com/acme/tools/demo//.gitlab-ci.yml@c0ffee") == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"project_path": "acme/tools/demo2"}, ["project_path", "pipeline_file"]),
        ({"environment": "PyPI"}, ["environment"]),  # GitLab tells capitals apart
        ({"environment": None}, ["environment"]),
        ({"ci_config_ref_uri": "gitlab.com/acme/tools/demo//other.yml@refs/tags/v1"}, None),
        ({"ci_config_ref_uri": "gitlab.com/mallory/x//.gitlab-ci.yml@refs/tags/v1"}, None),
        ({"ci_config_ref_uri": "evil.test/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1"}, None),
        ({"ci_config_ref_uri": "gitlab.com/acme/tools/demo//.gitlab-ci.yml@refs/heads/x"}, None),
        ({"ci_config_ref_uri": None}, None),
    ],
)
def test_another_pipeline_is_another(changes, names):
    assert gitlab(**changes) == (names or ["pipeline_file"])


def test_a_gitlab_of_ones_own_speaks_of_its_own_host():
    claims = GITLAB_CLAIMS | {
        "ci_config_ref_uri": "git.acme.test/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1"
    }
    provider = providers.gitlab("GitLab of Acme", "acme")
    assert differing(provider, GITLAB_FACTS, claims, "https://git.acme.test") == []
    assert provider.pinned(claims) == {"project_id": "20", "namespace_id": "72"}


def test_a_service_account_of_google_has_a_verified_address():
    google, facts = providers.GOOGLE, {"email": "ci@acme.iam.gserviceaccount.com"}
    good = {"email": "CI@acme.iam.gserviceaccount.com", "email_verified": True, "sub": "1"}
    assert differing(google, facts, good, "") == []
    assert google.forbidden(good) == ""
    assert google.forbidden(good | {"email_verified": False}) == "email_verified"
    assert differing(google, facts | {"sub": "2"}, good, "") == ["sub"]


def test_a_build_of_activestate_is_made_by_its_publisher():
    provider = providers.ACTIVESTATE
    claims = {
        "organization": "acme",
        "project": "demo",
        "actor": "ann",
        "builder": "pypi-publisher",
    }
    assert differing(provider, {"organization": "Acme", "project": "demo"}, claims, "") == []
    assert provider.forbidden(claims) == ""
    assert provider.forbidden(claims | {"builder": "other"}) == "builder"


def test_a_claim_of_another_kind_is_no_text():
    for value in (["ann/demo"], {"a": "ann/demo"}, None, 1.5):
        claims = job() | {"repository": value}
        facts = {"repository": "ann/demo", "workflow": "release.yml"}
        assert "repository" in differing(providers.GITHUB, facts, claims, "")


def test_a_wildcard_is_a_star_and_nothing_else():
    assert LIKE("refs/tags/v*", "refs/tags/v1.0")
    assert not LIKE("refs/tags/v*", "refs/heads/v1.0")
    assert not LIKE("refs/tags/v[0-9]", "refs/tags/v1")
    assert not LIKE("refs/tags/v?", "refs/tags/v1")
    assert LIKE("refs/tags/v[0-9]", "refs/tags/v[0-9]")


def test_what_is_kept_of_claims_can_be_stored_and_shown():
    kept = scalars(
        {"a": "x\0y\n", "b": 7, "c": True, "d": ["no"], "jti": "secret", "e": "z" * 5000}
    )
    assert kept == {"a": "xy", "b": "7", "c": "true", "e": "z" * 1000}


def test_a_link_is_made_only_of_what_is_there():
    assert link("{site}/{repository}", {"repository": "a b/c"}, "https://x") == "https://x/a%20b/c"
    assert link("{site}/{repository}", {}, "https://x") == ""


# -- settings ------------------------------------------------------------------------------------

JENKINS = {
    "name": "jenkins",
    "title": "Jenkins",
    "issuer": "https://jenkins.acme.test/oidc",
    "claims": {
        "sub": {"label": "Job"},
        "branch": {"label": "Branch", "required": False, "compare": "wildcard"},
        "called": {"required": False, "strict": True},
    },
    "only": {"trusted": [True, "true"]},
    "never": {"cause": ["stranger"]},
    "pins": ["job_id"],
}


def test_an_issuer_of_the_settings_has_rules_of_its_own(settings):
    settings.OIDC_PROVIDERS, settings.OIDC_ISSUERS = [], [JENKINS]
    (issuer,) = issuers.configured()
    provider, facts = issuer.provider, {"sub": "https://j/job/demo", "branch": "release/*"}
    claims = {"sub": "https://j/job/demo", "branch": "release/1", "trusted": "true"}
    assert provider.differing(facts, claims) == []
    assert provider.forbidden(claims) == ""
    assert provider.differing(facts, claims | {"branch": "main"}) == ["branch"]
    assert provider.differing(facts, claims | {"called": "x"}) == ["called"]
    assert provider.forbidden(claims | {"cause": "stranger"}) == "cause"
    assert provider.forbidden({}) == "trusted"
    assert issuers.by_name("jenkins") is issuers.by_url("https://jenkins.acme.test/oidc")
    assert issuers.by_name("github") is None


@pytest.mark.parametrize(
    "row",
    [
        "github",
        {},
        {**JENKINS, "name": "Jenkins!"},
        {**JENKINS, "issuer": "http://jenkins.acme.test/oidc"},
        {**JENKINS, "issuer": "https://user:secret@jenkins.acme.test"},
        {**JENKINS, "issuer": "https://jenkins.acme.test?x=1"},
        {**JENKINS, "algorithms": ["HS256"]},
        {**JENKINS, "algorithms": ["none"]},
        {**JENKINS, "algorithms": []},
        {**JENKINS, "kind": "svn"},
        {**JENKINS, "claims": {}},
        {**JENKINS, "claims": {"sub": {"required": False}}},
        {**JENKINS, "claims": {"sub": {"compare": "vaguely"}}},
        {**JENKINS, "claims": {"sub": {"color": "red"}}},
        {**JENKINS, "secret": "x"},
        {**JENKINS, "name": "github", "issuer": "https://token.actions.githubusercontent.com"},
    ],
)
def test_an_issuer_that_is_described_wrongly_is_said_at_start(settings, row):
    from pypi_site.checks import issuers_can_be_trusted

    settings.OIDC_PROVIDERS, settings.OIDC_ISSUERS = ["github"], [row]
    with pytest.raises(issuers.InvalidIssuer):
        issuers.configured()
    (problem,) = issuers_can_be_trusted()
    assert problem.id == "gatehouse.E007"


def test_an_unknown_provider_is_said_at_start(settings):
    settings.OIDC_PROVIDERS = ["github", "sourceforge"]
    with pytest.raises(issuers.InvalidIssuer, match="sourceforge"):
        issuers.configured()
