"""The pages that people read."""

import hashlib
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from packages import names
from packages.models import File, Project, ProjectStatus, Release, Role
from tests.factories.index import published

pytestmark = pytest.mark.django_db

A_DAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


def make_project(name: str = "Gate.Keeper", **values) -> Project:
    normalized = names.normalize(name)
    values = {"published_at": A_DAY} | values
    return Project.objects.create(name=name, normalized_name=normalized, **values)


def make_release(project: Project, version: str = "1.0", **values) -> Release:
    metadata = {"description": "# Hello", "description_content_type": "text/markdown"}
    metadata |= values.pop("metadata", {})
    values = {"summary": "Keeps the gate", "published_at": A_DAY} | values
    return Release.objects.create(
        project=project,
        version=version,
        sort_key=names.version_sort_key(version),
        is_prerelease=names.parse_version(version).is_prerelease,
        metadata=metadata,
        **values,
    )


def make_file(release: Release, filename: str, **values) -> File:
    digest = hashlib.sha256(filename.encode()).hexdigest()
    wheel = filename.endswith(".whl")
    tags = ["-".join(filename.removesuffix(".whl").split("-")[-3:])] if wheel else []
    values = {"filetype": "bdist_wheel" if wheel else "sdist", "tags": tags, "size": 1536} | values
    return File.objects.create(
        release=release,
        filename=filename,
        identity=filename.lower(),
        sha256=digest,
        blake2b_256=digest,
        md5=digest[:32],
        metadata_sha256=digest,
        uploaded_at=A_DAY,
        published_at=A_DAY,
        **values,
    )


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def release(project):
    return make_release(project)


def text_of(response) -> str:
    return str(response.content, "utf-8")


# The front page


def test_a_fresh_index_tells_the_administrator_what_to_do(client):
    page = text_of(client.get("/"))
    assert "Nothing is published here yet" in page
    assert "bin/manage bootstrap --username NAME --email MAIL" in page
    assert "twine upload --repository-url http://testserver/legacy/" in page


def test_the_front_page_tells_how_to_install_and_to_publish(client, release):
    make_file(release, "gate_keeper-1.0.tar.gz")
    page = text_of(client.get("/"))
    assert "pip install --index-url http://testserver/simple/" in page
    assert "uv pip install --default-index http://testserver/simple/" in page
    assert "index-url = http://testserver/simple/" in page
    assert "repository = http://testserver/legacy/" in page
    assert "Nothing is published here yet" not in page


def test_a_remote_index_without_tls_is_trusted_explicitly(client, release):
    assert "--trusted-host testserver" in text_of(client.get("/"))
    assert "trusted-host" not in text_of(client.get("/", secure=True))
    assert "trusted-host" not in text_of(client.get("/", headers={"host": "localhost"}))


def test_the_newest_releases_are_on_the_front_page(client, project):
    for day in range(1, 13):
        release = make_release(project, f"1.{day}", published_at=A_DAY.replace(day=day))
        make_file(release, f"gate_keeper-1.{day}.tar.gz")
    shown = [release.version for release in client.get("/").context["latest"]]
    assert shown == [f"1.{day}" for day in range(12, 2, -1)]


def test_what_may_not_be_seen_is_not_on_the_front_page(client):
    make_release(make_project("seized-goods", status=ProjectStatus.QUARANTINED))
    make_project("reserved", published_at=None)
    response = client.get("/")
    assert response.context["project_count"] == 0
    assert response.context["release_count"] == 0
    assert "seized-goods" not in text_of(response)


def test_the_site_s_name_is_on_every_page(client, settings):
    settings.SITE_NAME = "Castle & Sons"
    page = text_of(client.get("/"))
    assert "<h1>Castle &amp; Sons</h1>" in page
    assert "<title>Castle &amp; Sons</title>" in page


# A project


def test_a_project_shows_its_best_release(client, project):
    for version in ("0.9", "1.0", "2.0rc1"):
        make_release(project, version)
    make_release(project, "1.1", yanked_at=A_DAY)
    assert client.get("/project/gate-keeper/").context["release"].version == "1.0"


def test_a_project_of_pre_releases_shows_the_newest(client, project):
    make_release(project, "1.0a1")
    make_release(project, "1.0a2")
    page = client.get("/project/gate-keeper/")
    assert page.context["release"].version == "1.0a2"
    assert "This is a pre-release" in text_of(page)


def test_the_description_is_rendered(client, release):
    assert '<h2 id="user-content-hello">Hello</h2>' in text_of(
        client.get(release.get_absolute_url())
    )


def test_the_description_is_rendered_once(client, release, monkeypatch):
    client.get(release.get_absolute_url())
    monkeypatch.setattr("packages.descriptions.render", None)
    assert "Hello</h2>" in text_of(client.get(release.get_absolute_url()))


def test_a_release_without_description_says_so(client, project):
    make_release(project, metadata={"description": " \n"})
    assert "This release has no description." in text_of(client.get("/project/gate-keeper/"))


@pytest.mark.parametrize("spelling", ["Gate.Keeper", "gate_keeper", "GATE--KEEPER"])
def test_odd_spellings_of_the_name_redirect_for_good(client, release, spelling):
    response = client.get(f"/project/{spelling}/")
    assert (response.status_code, response["Location"]) == (301, "/project/gate-keeper/")
    response = client.get(f"/project/{spelling}/1.0/")
    assert (response.status_code, response["Location"]) == (301, "/project/gate-keeper/1.0/")


@pytest.mark.parametrize("spelling", ["1", "1.0.0", "v1.0", "01.0"])
def test_odd_spellings_of_the_version_redirect_for_good(client, release, spelling):
    response = client.get(f"/project/gate-keeper/{spelling}/")
    assert (response.status_code, response["Location"]) == (301, "/project/gate-keeper/1.0/")


def test_a_local_version_has_a_page(client, project):
    make_release(project, "1!2.0+local.1")
    assert client.get("/project/gate-keeper/1!2.0+local.1/").status_code == 200
    assert client.get("/project/gate-keeper/1!2.0%2Blocal.1/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/project/nobody/", "/project/gate-keeper/9.9/", "/project/gate-keeper/not-a-version/"]
)
def test_what_does_not_exist_is_not_found(client, release, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "<h1>Not found</h1>" in text_of(response)


def test_a_reserved_name_looks_like_a_free_one(client):
    make_project("reserved", published_at=None)
    assert client.get("/project/reserved/").status_code == 404


def test_a_project_in_quarantine_says_so_and_offers_nothing(client):
    project = make_project(status=ProjectStatus.QUARANTINED)
    make_file(make_release(project), "gate_keeper-1.0.tar.gz")
    page = text_of(client.get("/project/gate-keeper/"))
    assert "This project is in quarantine" in page
    assert "gate_keeper-1.0.tar.gz" not in page
    assert "Keeps the gate" not in page
    assert "pip install" not in page
    assert client.get("/project/gate-keeper/1.0/").status_code == 404


@pytest.mark.parametrize("status", ["archived", "deprecated"])
def test_a_project_s_status_stands_above_it_with_its_reason(client, status):
    make_release(make_project(status=status, status_reason="Use the other one."))
    page = text_of(client.get("/project/gate-keeper/"))
    assert f"This project is {status}" in page
    assert "Use the other one." in page


def test_a_yanked_release_says_when_and_why_and_pins_the_version(client, project):
    make_release(project, yanked_at=A_DAY, yanked_reason="It <leaks>.")
    page = text_of(client.get("/project/gate-keeper/"))
    assert "1.0 was yanked on 1 May 2026" in page
    assert "It &lt;leaks&gt;." in page
    assert "Gate.Keeper==1.0" in page


def test_an_older_release_points_to_the_best_one(client, release, project):
    make_release(project, "2.0")
    page = text_of(client.get("/project/gate-keeper/1.0/"))
    assert '<a href="/project/gate-keeper/">2.0</a>' in page
    assert "Gate.Keeper==1.0" in page
    assert "Newest release" not in text_of(client.get("/project/gate-keeper/"))


def test_files_are_listed_with_what_one_needs_to_choose(client, release):
    wheel = make_file(
        release, "gate_keeper-1.0-cp312-cp312-win_amd64.whl", requires_python=">=3.12"
    )
    sdist = make_file(release, "gate_keeper-1.0.tar.gz")
    response = client.get("/project/gate-keeper/")
    page = text_of(response)
    rows = response.context["files"].rows
    assert [row.title for row in rows] == [sdist.filename, wheel.filename]
    assert f'href="{wheel.get_absolute_url()}"' in page
    assert "wheel: CPython 3.12, Windows x86-64" in page
    assert "Python &gt;=3.12" in page
    assert "source distribution" in page
    assert wheel.sha256 in page
    assert "1.5\xa0KB" in page


def test_deleted_files_are_not_listed(client, release):
    make_file(release, "gate_keeper-1.0.tar.gz", deleted_at=A_DAY)
    page = text_of(client.get("/project/gate-keeper/"))
    assert "gate_keeper-1.0.tar.gz" not in page
    assert "The files of this release were removed." in page


def test_every_release_is_in_the_history(client, project):
    for minor in range(25):
        make_release(project, f"1.{minor}")
    make_release(project, "0.1", yanked_at=A_DAY, yanked_reason="Leaks.")
    page = text_of(client.get("/project/gate-keeper/"))
    for minor in range(25):
        assert f'href="/project/gate-keeper/1.{minor}/"' in page
    assert "Show the 6 releases before" in page
    assert "Leaks." in page


def test_metadata_is_shown_and_hostile_links_are_not(client, project):
    metadata = {
        "project_url": ["Source, https://x.example", "Bad, javascript:alert(1)"],
        "license_expression": "MIT",
        "keywords": ["gate", "<b>keeper</b>"],
        "classifier": ["Topic :: Security"],
        "provides_extra": ["web"],
        "requires_dist": ["here>=1", "elsewhere"],
        "author_email": "Ada <ada@example.org>",
    }
    make_release(make_project("here"))
    make_release(project, metadata=metadata, requires_python=">=3.11")
    page = text_of(client.get("/project/gate-keeper/"))
    assert '<a class="particulars__link" href="https://x.example" rel="nofollow noopener">' in page
    assert "javascript:" not in page
    assert "&lt;b&gt;keeper&lt;/b&gt;" in page
    assert '<a href="/project/here/" rel="nofollow noopener">here&gt;=1</a>' in page
    for words in (
        "MIT",
        "Topic :: Security",
        "web",
        "elsewhere",
        "mailto:ada@example.org",
        "&gt;=3.11",
    ):
        assert words in page


def test_links_and_classifiers_of_an_upload_are_shown(client):
    extra = "Classifier: Topic :: Security\nProject-URL: Source, https://x.example"
    published("demo", extra_metadata=extra)
    page = text_of(client.get("/project/demo/"))
    assert 'href="https://x.example"' in page
    assert "Topic :: Security" in page


def test_owners_are_named(client, project, release):
    Role.objects.create(project=project, user=User.objects.create(username="ada"), kind="owner")
    page = text_of(client.get("/project/gate-keeper/"))
    assert "Kept here by" in page
    assert "ada" in page


def test_a_page_costs_the_same_however_many_files(
    client, project, release, django_assert_max_num_queries
):
    url = release.get_absolute_url()
    for number in range(60):
        make_file(release, f"gate_keeper-1.0-{number}-py3-none-any.whl")
        make_release(project, f"0.{number}")
    client.get(url)
    with django_assert_max_num_queries(7):
        client.get(url)


def test_the_front_page_costs_three_queries(client, release, django_assert_num_queries):
    with django_assert_num_queries(3):
        client.get("/")


def test_the_contents_say_how_many_files_there_are(client):
    published("demo")
    page = client.get("/project/demo/").content.decode()
    assert '#files">Files <span class="contents__count">1</span>' in page


# What caches may do


@pytest.mark.parametrize("path", ["/", "/project/gate-keeper/"])
def test_caches_may_keep_what_everybody_sees(client, release, path):
    response = client.get(path)
    assert response["Cache-Control"].startswith("public, max-age=60, stale-while-revalidate")
    assert "Cookie" in response["Vary"]
    assert client.get(path, headers={"if-none-match": response["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/", "/project/gate-keeper/"])
def test_caches_may_not_keep_what_one_person_sees(client, release, path):
    client.force_login(User.objects.create(username="ada"))
    response = client.get(path)
    assert "private" in response["Cache-Control"]
    assert "ada" in text_of(response)


def test_pages_are_only_read(client, release):
    assert client.post("/").status_code == 405
    assert client.post("/project/gate-keeper/").status_code == 405
    assert client.head("/project/gate-keeper/").status_code == 200


# The frame around them


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_a_page_for_each_fault_needs_no_context(code):
    page = render_to_string(f"{code}.html")
    assert page.count("<h1>") == 1
    assert 'href="/"' in page


def test_the_menu_of_a_moderator_leads_to_the_administration(client):
    client.force_login(User.objects.create(username="ada", is_staff=True))
    assert f'href="{reverse("admin:index")}"' in text_of(client.get("/"))
    client.force_login(User.objects.create(username="bob"))
    assert f'href="{reverse("admin:index")}"' not in text_of(client.get("/"))


def test_signing_in_leads_back_to_the_page(client, release):
    assert '/accounts/login/"' in text_of(client.get("/accounts/signup/"))
    assert "/accounts/login/?next=/project/gate-keeper/" in text_of(
        client.get("/project/gate-keeper/")
    )


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_logout",
        "account_email",
        "account_change_password",
        "socialaccount_connections",
    ],
)
def test_the_pages_of_an_account_are_in_our_frame(client, name):
    if name not in {"account_login", "account_signup", "account_reset_password"}:
        client.force_login(User.objects.create_user("ada", "ada@example.org", "correct horse"))
    page = text_of(client.get(reverse(name)))
    assert 'class="masthead"' in page
    assert page.count("<h1>") == 1
    assert "Menu:" not in page


def test_a_wrong_password_is_explained_beside_the_form(client):
    page = text_of(client.post("/accounts/login/", {"login": "ada", "password": "wrong"}))
    assert 'role="alert"' in page


@pytest.fixture(autouse=True)
def _no_descriptions_kept():
    cache.clear()


def test_a_name_published_without_files_has_a_page_that_says_so(client, project):
    response = client.get(project.get_absolute_url())
    assert response.status_code == 200
    assert "Nothing is published under this name yet" in text_of(response)
