"""Limits of size for each project, of pace for each person, and the site at rest."""

from __future__ import annotations

import pytest

from packages import projects
from packages.models import Project
from packages.uploads import limits, stages
from pypi_site.lib.problems import TooLarge
from tests.factories import index
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return UserFactory(trusted=True)


def limit(project, **own):
    values = dict.fromkeys(projects.LIMITS) | own
    administrator = actor(AdministratorFactory())
    projects.set_limits(project, values, actor=administrator, reason="big models")


def test_a_project_may_take_larger_files_than_the_site(owner, settings):
    project = index.published(uploader=owner).project
    settings.UPLOAD_MAX_FILE_SIZE = 100
    with pytest.raises(stages.InvalidDistribution, match="bytes"):
        index.submit(owner, version="2.0")
    limit(project, max_file_size=10_000_000)
    assert index.submit(owner, version="2.0").result is stages.Result.PUBLISHED
    assert (limits.largest_file(100), limits.largest_file(101)) == (100, 10_000_000)


def test_a_project_may_be_kept_smaller_than_the_site(owner):
    project = index.published(uploader=owner).project
    limit(project, max_project_size=10)
    with pytest.raises(TooLarge, match="limit of 10 bytes"):
        index.submit(owner, version="2.0")


def test_limits_of_members_and_metadata_are_a_projects_own(owner):
    project = index.published(uploader=owner).project
    limit(project, max_members=1, max_metadata_size=7)
    rules = limits.rules(Project.objects.get(pk=project.pk))
    assert (rules.members, rules.metadata_size) == (1, 7)
    with pytest.raises(stages.InvalidDistribution):
        index.submit(owner, version="2.0")


def test_an_administrator_changes_limits_in_the_admin_and_says_why(client, owner):
    project = index.published(uploader=owner).project
    client.force_login(AdministratorFactory())
    address = f"/admin/packages/project/{project.pk}/change/"
    form = {"max_file_size": "5", "reason": "tiny"} | {
        f"{inline}-{total}_FORMS": "0"
        for inline in ("roles", "team_roles", "former_names")
        for total in ("TOTAL", "INITIAL")
    }
    assert client.post(address, form | {"reason": ""}).status_code == 200
    assert client.post(address, form).status_code == 302
    project.refresh_from_db()
    assert project.max_file_size == 5


def test_whoever_uploads_too_fast_is_asked_to_wait(owner, settings):
    settings.UPLOADS_PER_MINUTE = 2
    index.submit(owner, version="1.0")
    index.submit(owner, version="2.0")
    with pytest.raises(limits.TooFast) as refusal:
        index.submit(owner, version="3.0")
    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (429, "60")
    assert index.submit(UserFactory(trusted=True), "other").result is stages.Result.PUBLISHED


def test_whoever_registers_names_by_the_dozen_is_asked_to_wait(owner, settings):
    settings.NEW_PROJECTS_PER_HOUR = 2
    index.submit(owner, "one")
    index.submit(owner, "two")
    with pytest.raises(limits.TooFast):
        index.submit(owner, "three")
    assert not Project.objects.filter(name="three").exists()


def test_a_site_at_rest_takes_no_uploads_and_says_when_to_come_back(owner, settings):
    index.published("old", uploader=owner)
    settings.READ_ONLY = True
    with pytest.raises(limits.ReadOnly) as refusal:
        index.submit(owner, "old", "2.0")
    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "300")
