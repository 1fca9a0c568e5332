"""Settings that contradict each other are said at start."""

from __future__ import annotations

import pytest
from django.core import checks as django_checks

from pypi_site import checks
from tests.factories.people import KeeperFactory, ModeratorFactory


def ids(**options) -> set[str]:
    return {message.id for message in django_checks.run_checks(**options)}


def test_the_settings_that_come_along_are_in_order():
    assert ids() == set()


@pytest.mark.django_db
def test_where_two_moderators_must_agree_two_have_to_be_there(settings):
    def found():
        return {each.id for each in checks.two_moderators_are_there(databases=["default"])}

    KeeperFactory()
    ModeratorFactory()  # who may remove nothing
    assert found() == set()
    settings.SECOND_MODERATOR = True
    assert found() == {"gatehouse.W003"}
    assert "gatehouse.W003" in ids(databases=["default"], tags=["database"])
    assert checks.two_moderators_are_there() == []
    KeeperFactory()
    assert found() == set()


@pytest.mark.parametrize("hold", ["nobody", "untrusted", "everybody"])
def test_every_hold_is_known(settings, hold):
    settings.UPLOAD_HOLD = hold
    assert checks.hold_is_known() == []


@pytest.mark.parametrize("hold", ["", "no-body", "Everybody", "true"])
def test_a_misspelt_hold_does_not_open_the_gate(settings, hold):
    settings.UPLOAD_HOLD = hold
    (error,) = checks.hold_is_known()
    assert error.is_serious()
    assert "nobody, untrusted, everybody" in error.hint
    assert "gatehouse.E001" in ids()


@pytest.mark.parametrize(
    "path", ["nonsense", "absent.policies.x", "moderation.policies.absent", ""]
)
def test_a_policy_that_is_not_there_is_said_at_start(settings, path):
    settings.UPLOAD_POLICIES = ["moderation.policies.hold_for_review", path]
    (error,) = checks.policies_exist()
    assert error.is_serious()
    assert repr(path) in error.msg
    assert "gatehouse.E002" in ids()


@pytest.mark.parametrize("proxies", [["localhost"], ["10.0.0.0/99"], ["127.0.0.1", "x"]])
def test_a_proxy_that_is_no_address_is_said_at_start(settings, proxies):
    settings.TRUSTED_PROXIES = proxies
    (error,) = checks.proxies_are_addresses()
    assert error.is_serious()
    assert "gatehouse.E003" in ids()


def test_a_deployment_without_tls_is_warned(settings):
    settings.HTTPS = False
    assert "gatehouse.W001" in ids(include_deployment_checks=True)
    settings.HTTPS = True
    assert "gatehouse.W001" not in ids(include_deployment_checks=True)


@pytest.mark.parametrize(
    "origin",
    ["files.example.org", "https://files.example.org/path", "ftp://files.example.org", "https://"],
)
def test_what_is_no_origin_is_no_host_for_files(settings, origin):
    settings.FILES_ORIGIN = origin
    assert ids() == {"gatehouse.E004"}


def test_files_are_not_on_a_host_of_their_own_on_the_site_itself(settings):
    settings.FILES_ORIGIN = settings.SITE_URL
    assert ids() == {"gatehouse.E004"}
    settings.FILES_ORIGIN = "https://files.example.org:8443"
    assert ids() == set()


@pytest.mark.parametrize("name", ["SENDFILE", "CDN"])
def test_a_misspelt_choice_is_said_at_start(settings, name):
    setattr(settings, name, "ngnix")
    (error,) = checks.choices_are_known()
    assert name in error.hint
    assert "nginx" in error.hint


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("fastly", "GATEHOUSE_CDN_SERVICE and GATEHOUSE_CDN_TOKEN"),
        ("varnish", "GATEHOUSE_CDN_ADDRESSES"),
        ("nginx", "GATEHOUSE_CDN_ADDRESSES"),
    ],
)
def test_a_cache_that_could_not_be_told_of_changes_is_said_at_start(settings, kind, missing):
    settings.CDN = kind
    (error,) = checks.purges_can_be_sent()
    assert missing in error.hint
    settings.CDN_SERVICE, settings.CDN_TOKEN = "service", "token"
    settings.CDN_ADDRESSES = ["http://127.0.0.1:6081"]
    assert checks.purges_can_be_sent() == []


GITHUB = {"github": {"APPS": [{}]}, "openid_connect": {"APPS": []}}
PROVIDER = {"id": "acme", "server": "https://x", "client_id": "i", "client_secret": "s"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SIGNUP": "opne"}, "'opne', and none of open, providers, invited, closed"),
        ({"SIGNUP": "providers"}, "there is no provider"),
        ({"GITHUB_ORGANIZATIONS": ["acme"]}, "GATEHOUSE_GITHUB_CLIENT_ID is not"),
        ({"SIGN_IN_PROVIDERS": [PROVIDER, PROVIDER]}, "names an id twice"),
        ({"SIGN_IN_PROVIDERS": [{"id": "acme"}]}, "has no server, client_id, client_secret"),
        ({"SIGN_IN_PROVIDERS": [PROVIDER | {"server": "http://x"}]}, "not reached by https"),
    ],
)
def test_a_sign_in_that_contradicts_itself_is_said_at_start(settings, changes, said):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert said in " ".join(error.msg for error in checks.sign_in_is_consistent())
    assert "gatehouse.E008" in ids()


def test_a_provider_of_ones_own_is_in_order(settings):
    settings.SIGN_IN_PROVIDERS = [PROVIDER, PROVIDER | {"id": "b", "server": "http://127.0.0.1:1"}]
    settings.SIGNUP = "providers"
    assert checks.sign_in_is_consistent() == []


@pytest.mark.parametrize(
    ("signup", "domains", "warned"),
    [("open", [], True), ("open", ["acme.example"], False), ("providers", [], False)],
)
def test_a_form_that_goes_round_the_organisations_is_warned_of(settings, signup, domains, warned):
    settings.GITHUB_ORGANIZATIONS, settings.SOCIALACCOUNT_PROVIDERS = ["acme"], GITHUB
    settings.SIGNUP, settings.EMAIL_DOMAINS = signup, domains
    assert ("gatehouse.W002" in ids(include_deployment_checks=True)) is warned


@pytest.mark.parametrize("privacy", ["yes", "member", "Roles"])
def test_a_misspelt_privacy_does_not_open_a_private_index(settings, privacy):
    settings.PRIVATE = privacy
    (error,) = checks.privacy_is_known()
    assert error.is_serious()
    assert "members, roles" in error.hint


@pytest.mark.parametrize("privacy", checks.PRIVATE)
def test_every_privacy_is_known(settings, privacy):
    settings.PRIVATE = privacy
    assert checks.privacy_is_known() == []
