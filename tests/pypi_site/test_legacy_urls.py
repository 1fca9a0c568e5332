"""Addresses of former years: where each leads, and that none leads out of this site."""

from __future__ import annotations

import xmlrpc.client

import pytest
from packaging.utils import canonicalize_name

from accounts.actors import SYSTEM
from packages import files, projects
from packages.models import File
from pypi_site import legacy_urls
from tests.factories.index import held, published, submit
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db

DISPLAY = "/pypi?:action=display&name=Gate.Keeper"
PROJECT, RELEASE = "/project/gate-keeper/", "/project/gate-keeper/1.0/"
LEADS = {
    # the first index
    "/pypi?": "/",
    "/pypi/?": "/",
    "/pypi?:action=": "/",
    "/pypi?name=Gate.Keeper": PROJECT,
    "/pypi?name=Gate.Keeper&version=1.0": RELEASE,
    DISPLAY: PROJECT,
    f"{DISPLAY}&version=1.0": RELEASE,
    "/pypi?%3Aaction=display&name=gate_keeper&version=1.0": RELEASE,
    "/pypi/?:action=display&name=Gate.Keeper": PROJECT,
    "/pypi?:action=files&name=Gate.Keeper&version=1.0": RELEASE,
    "/pypi?:action=urls&name=Gate.Keeper&version=1.0": RELEASE,
    "/pypi?:action=role_form&name=Gate.Keeper": PROJECT,
    "/pypi?:action=pkg_edit&name=Gate.Keeper": PROJECT,
    "/pypi?:action=json&name=gate-keeper": "/pypi/gate-keeper/json",
    "/pypi?:action=search&term=door bell&submit=search": "/search/?q=door+bell",
    "/pypi?:action=search&term=": "/search/",
    "/pypi?:action=search_form": "/search/",
    "/pypi?:action=browse&c=533&c=21": "/search/",
    "/pypi?:action=index": "/search/",
    "/pypi?:action=rss": "/feeds/releases.rss",
    "/pypi?:action=packages_rss": "/feeds/projects.rss",
    "/pypi?:action=login": "/accounts/login/",
    "/pypi?:action=login_form": "/accounts/login/",
    "/pypi?:action=register_form": "/accounts/signup/",
    "/pypi?:action=user_form": "/accounts/signup/",
    "/pypi?:action=forgotten_password_form": "/accounts/password/reset/",
    "/pypi?:action=password_reset": "/accounts/password/reset/",
    "/pypi/Gate.Keeper": PROJECT,
    "/pypi/Gate.Keeper/": PROJECT,
    "/pypi/gate_keeper/1.0": RELEASE,
    "/pypi/gate_keeper/1.0/": RELEASE,
    # PyPI
    "/p/Gate.Keeper": PROJECT,
    "/p/gate-keeper/": PROJECT,
    "/p/gate-keeper/1.0": RELEASE,
    "/p/gate-keeper/1.0/": RELEASE,
    "/project/Gate.Keeper/": PROJECT,
    "/project/gate-keeper": PROJECT,
    "/project/gate_keeper/1.0.0/": RELEASE,
    "/user/ann": "/search/?q=owner%3Aann",
    "/user/ann/": "/search/?q=owner%3Aann",
    "/u/ann": "/search/?q=owner%3Aann",
    "/u/ann/": "/search/?q=owner%3Aann",
    "/account/login/": "/accounts/login/",
    "/account/register/": "/accounts/signup/",
    "/account/reset-password/": "/accounts/password/reset/",
    "/help": "/help/apis/",
    "/help/": "/help/apis/",
    "/security/": "/.well-known/security.txt",
    "/search?q=x": "/search/?q=x",
    # the simple API
    "/simple": "/simple/",
    "/simple/Gate.Keeper/": "/simple/gate-keeper/",
    "/simple/gate_keeper": "/simple/gate-keeper/",
}


@pytest.fixture
def ann():
    return UserFactory(username="ann", trusted=True)


@pytest.fixture
def wheel(ann) -> File:
    return published("Gate.Keeper", uploader=ann).files.get()


@pytest.mark.parametrize("address", LEADS)
def test_every_address_leads_on_for_good(client, wheel, address):
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (301, LEADS[address])
    assert client.head(address).status_code == 301


@pytest.mark.parametrize(
    "address", [target for target in sorted(set(LEADS.values())) if "security" not in target]
)
def test_every_target_is_there(client, wheel, address):
    assert client.get(address).status_code == 200


def test_no_action_is_left_out_of_the_table():
    asked = {key.partition("action=")[2].partition("&")[0] for key in LEADS if "?" in key}
    assert {*legacy_urls.ACTIONS} - asked == {"list_classifiers"}


# -- files ---------------------------------------------------------------------------------------

FILENAME = "gate_keeper-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    "address",
    [
        f"/packages/py3/g/gate-keeper/{FILENAME}",
        f"/packages/py2.py3/G/Gate.Keeper/{FILENAME}",
        f"/packages/any/g/gate_keeper/{FILENAME}",
        "/packages/py3/g/gate-keeper/Gate.Keeper-1.0-py3-none-any.whl",
        "/packages/{b[0]}/{b[1]}/{b[2]}/" + FILENAME,
        "/packages/{s[0]}/{s[1]}/{s[2]}/" + FILENAME,
        "/packages/{m[0]}/{m[1]}/{m[2]}/" + FILENAME,
    ],
)
@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_files_lead_to_where_they_are_today(client, wheel, address, suffix):
    digests = {"b": wheel.blake2b_256, "s": wheel.sha256, "m": wheel.md5}
    parts = {key: (text[:2], text[2:4], text[4:]) for key, text in digests.items()}
    response = client.get(address.format(**parts) + suffix)
    assert response.status_code == 301
    assert response["Location"] == f"{wheel.get_absolute_url()}{suffix}"


def test_a_source_distribution_is_found_by_its_old_spelling(client, ann):
    submit(ann, "Gate.Keeper", sdist=True)
    sdist = File.objects.get()
    for filename in (sdist.filename, "Gate.Keeper-1.0.tar.gz"):
        response = client.get(f"/packages/source/G/Gate.Keeper/{filename}")
        assert (response.status_code, response["Location"]) == (301, sdist.get_absolute_url())


@pytest.mark.parametrize(
    "address",
    [
        f"/packages/aa/bb/{'c' * 60}/{FILENAME}",
        f"/packages/aa/bb/{'c' * 28}/{FILENAME}",
        f"/packages/{FILENAME}",
        f"/packages/source/g/gate-keeper/deeper/{FILENAME}",
        "/packages/source/g/gate-keeper/other-1.0.tar.gz",
        "/packages/source/g/gate-keeper/gate_keeper-1.0.egg",
        "/packages/source/g/gate-keeper/",
        "/packages/",
        "/packages/source/g/gate-keeper/%00.whl",
        f"/packages/py3/g/gate-keeper/{FILENAME}.asc",
    ],
)
def test_a_file_that_is_not_here_is_not_found(client, wheel, address):
    response = client.get(address)
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/plain")


def test_files_that_may_not_be_seen_are_not_found(client, ann, wheel):
    address = f"/packages/py3/g/gate-keeper/{FILENAME}"
    held("secret")
    assert client.get("/packages/py3/s/secret/secret-1.0-py3-none-any.whl").status_code == 404
    projects.quarantine(wheel.project, actor=SYSTEM, reason="Odd.")
    assert client.get(address).status_code == 404
    projects.activate(wheel.project, actor=SYSTEM)
    assert client.get(address).status_code == 301
    files.delete(wheel, actor=SYSTEM, reason="Gone.")
    assert client.get(address).status_code == 404


# -- what leads nowhere --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("/pypi?:action=banana", "/pypi?:action=__class__"),
        *(f"{DISPLAY}/../..", "/pypi?name=//evil.example", "/pypi?name=a%00b", "/pypi?name=-"),
        *("/pypi?name=x&version=../../..", "/pypi?name=x&version=%0d%0aSet-Cookie:a", "/pypi/-/"),
        *("/pypi//evil.example/", "/p//evil.example", "/p/x/1.0/2.0", "/pypi/x/1.0/files"),
        *("/user/-", "/user/a%0d%0ab/", "/u/a b", "/serverkey", "/daytime", "/last-modified"),
    ],
)
def test_everything_else_is_not_found(client, address):
    response = client.get(address)
    assert response.status_code == 404


@pytest.mark.parametrize("name", ["evil.example", "http:--evil", "a" * 128, "x.y"])
def test_no_name_leads_out_of_this_site(client, name):
    response = client.get("/pypi", {"name": name})
    if response.status_code == 301:
        assert response["Location"] == f"/project/{canonicalize_name(name)}/"


@pytest.mark.parametrize("action", sorted(legacy_urls.GONE))
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_no_index_does_any_more_is_gone(client, action, method):
    response = getattr(client, method)(f"/pypi?:action={action}")
    assert response.status_code == 410


def test_an_upload_to_an_address_of_old_is_told_where_to_go(client, settings):
    settings.SITE_URL = "https://index.example"
    body = {":action": "file_upload", "name": "demo"}
    for address in ("/pypi", "/pypi/", "/pypi?:action=file_upload"):
        response = client.post(address, body)
        assert response.status_code == 410
        assert "https://index.example/legacy/" in response.reason_phrase


def test_classifiers_are_listed_for_flit(client, settings):
    settings.UPLOAD_EXTRA_CLASSIFIERS = frozenset({"Ours :: Inner"})
    response = client.get("/pypi?:action=list_classifiers")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = response.content.decode().splitlines()
    assert {"Topic :: Security", "Ours :: Inner"} <= set(lines)
    assert "" not in lines


def test_the_same_address_answers_xml_rpc(client):
    body = xmlrpc.client.dumps((), "changelog_last_serial")
    for address in ("/pypi", "/pypi/", "/RPC2"):
        response = client.post(address, body, content_type="text/xml")
        assert xmlrpc.client.loads(response.content)[0] == (0,)
