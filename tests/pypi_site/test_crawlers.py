"""robots.txt, sitemaps, opensearch.xml, security.txt."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from packages import projects
from packages.models import JournalEntry
from pypi_site import crawlers
from tests.factories.index import held, published
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


def text_of(response) -> str:
    assert response.status_code == 200
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode()


def locations(client, path: str) -> list[str]:
    root = ElementTree.fromstring(text_of(client.get(path)))
    return [each.text for each in root.iter(f"{SITEMAP}loc")]


def rules(client) -> RobotFileParser:
    parser = RobotFileParser()
    parser.parse(text_of(client.get("/robots.txt")).splitlines())
    return parser


@pytest.mark.parametrize("path", ["/", "/project/demo/", "/help/problems/", "/sitemap.xml"])
def test_crawlers_may_read_pages(client, path):
    assert rules(client).can_fetch("Bot", path)


@pytest.mark.parametrize(
    "path",
    [
        *("/simple/", "/simple/demo/", "/files/x/y.whl", "/stages/x/", "/search/?q=x", "/admin/"),
        *("/pypi/demo/json", "/pypi", "/RPC2", "/api/v1/projects/", "/feeds/releases.rss"),
        *("/rss/updates.xml", "/accounts/login/", "/legacy/", "/upload/2.0/"),
    ],
)
def test_crawlers_may_not_read_what_is_for_programs(client, path):
    assert not rules(client).can_fetch("Bot", path)


def test_robots_names_the_sitemap(client):
    assert rules(client).site_maps() == ["http://testserver/sitemap.xml"]


def test_a_private_site_tells_crawlers_nothing(client, settings):
    settings.CRAWLERS = False
    published("demo")
    assert not rules(client).can_fetch("Bot", "/project/demo/")
    assert locations(client, "/sitemap.xml") == []


def test_the_sitemap_lists_projects_that_may_be_found(client, monkeypatch):
    monkeypatch.setattr(crawlers, "PAGE", 1)
    ann = UserFactory(trusted=True)
    for name in ("Apple", "pear", "odd"):
        released = published(name, uploader=ann)
    projects.quarantine(released.project, actor=SYSTEM, reason="Odd.")
    held("secret")
    parts = locations(client, "/sitemap.xml")
    assert len(parts) == 2
    pages = [locations(client, part.removeprefix("http://testserver")) for part in parts]
    assert pages == [["http://testserver/project/apple/"], ["http://testserver/project/pear/"]]


def test_a_page_of_the_sitemap_says_when_projects_changed(client):
    published("demo")
    JournalEntry.objects.update(at=datetime.fromisoformat("2026-05-01T12:00:00Z"))
    root = ElementTree.fromstring(text_of(client.get("/sitemaps/0.xml")))
    assert root.findtext(f"{SITEMAP}url/{SITEMAP}lastmod") == "2026-05-01T12:00:00Z"


@pytest.mark.parametrize("number", [1, 99999999999999999999])
def test_a_sitemap_that_is_not_there_is_404(client, number):
    response = client.get(f"/sitemaps/{number}.xml")
    assert response.status_code == 404


def test_sitemaps_cost_the_same_however_many_projects(client, django_assert_max_num_queries):
    ann = UserFactory(trusted=True)
    for number in range(5):
        published(f"demo-{number}", uploader=ann)
    for path in ("/sitemap.xml", "/sitemaps/0.xml"):
        with django_assert_max_num_queries(2):
            text_of(client.get(path))


def test_browsers_learn_how_to_search_here(client, settings):
    settings.SITE_NAME = "Our <packages> & more"
    root = ElementTree.fromstring(text_of(client.get("/opensearch.xml")))
    assert len(root.findtext(f"{OPENSEARCH}ShortName")) <= 16
    template = root.find(f"{OPENSEARCH}Url").get("template")
    assert template == "http://testserver/search/?q={searchTerms}"
    assert 'rel="search"' in text_of(client.get("/"))


def test_security_txt_is_there_when_the_site_names_somebody(client, settings):
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACTS = ["mailto:security@example.org", "https://example.org/report"]
    settings.SECURITY_POLICY = "https://example.org/policy"
    response = client.get("/.well-known/security.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    fields = [line.split(": ", 1) for line in text_of(response).splitlines()]
    assert [value for name, value in fields if name == "Contact"] == settings.SECURITY_CONTACTS
    assert dict(fields)["Canonical"] == "http://testserver/.well-known/security.txt"
    assert dict(fields)["Policy"] == settings.SECURITY_POLICY
    expires = datetime.fromisoformat(dict(fields)["Expires"])
    assert timedelta(days=30) < expires - timezone.now() < timedelta(days=365)
