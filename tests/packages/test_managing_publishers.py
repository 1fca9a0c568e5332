"""Trusted publishers: who says which job is trusted, on pages and by programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import mail

from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent
from packages import access, publishers, roles
from packages.models import Publisher
from pypi_site.lib.problems import NotFound
from tests.factories import index, jobs
from tests.factories.people import (
    AdministratorFactory,
    ModeratorFactory,
    UserFactory,
    actor,
    token_for,
)
from tests.packages.oidc_helpers import (
    FACTS,
    issuer,
    mint,
    owner_of,
    prepare,
    project,
    trust,
)

__all__ = ["issuer", "project"]  # fixtures
pytestmark = pytest.mark.django_db


def test_only_owners_add_and_remove(issuer, project):
    publisher = trust(project)
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    for person in (maintainer, UserFactory(), ModeratorFactory()):
        with pytest.raises(access.NotYours):
            publishers.add(project, "forge", FACTS | {"ref": "refs/x"}, actor=actor(person))
        with pytest.raises(access.NotYours):
            publishers.remove(publisher, actor=actor(person))
    publishers.remove(publisher, actor=actor(AdministratorFactory()), reason="abuse")
    assert not project.publishers.exists()


def test_the_people_of_a_project_are_told(issuer, project):
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    jobs.forget()
    publisher = trust(project)
    publishers.remove(publisher, actor=actor(owner_of(project)), reason="moved")
    jobs.run_all()
    mine = [each for each in mail.outbox if each.to == [maintainer.email]]
    assert [each.subject.partition("] ")[2] for each in mine] == [
        "demo trusts another CI job",
        "demo trusts a CI job no longer",
    ]
    assert "Forge: ann/demo, release.yml, pypi" in mine[0].body
    assert "moved" in mine[1].body


def test_the_same_publisher_is_added_once(issuer, project):
    trust(project)
    with pytest.raises(publishers.PublisherExists):
        trust(project, repository="ANN/Demo", environment="PYPI")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"repository": ""}, "Repository is missing"),
        ({"repository": "demo"}, "cannot be right"),
        ({"repository": "ann/demo/more"}, "cannot be right"),
        ({"workflow": "release"}, "cannot be right"),
        ({"workflow": "../release.yml"}, "cannot be right"),
        ({"ref": "main"}, "cannot be right"),
        ({"reusable_workflow": "publish.yml"}, "cannot be right"),
        ({"repository_owner_id": "ann"}, "cannot be right"),
        ({"environment": "x" * 201}, "cannot be right"),
        ({"actor": "ann"}, "not actor"),
    ],
)
def test_what_cannot_be_a_publisher_is_said(issuer, project, changes, sentence):
    with pytest.raises(publishers.InvalidPublisher, match=sentence):
        trust(project, **changes)


def test_an_address_from_the_browser_will_do(issuer, project):
    publisher = trust(project, repository="https://forge.test/Ann/Demo.git")
    assert (publisher.facts["repository"], publisher.key) == ("Ann/Demo", "ann/demo")


def test_an_issuer_that_is_not_there_is_said(issuer, project):
    with pytest.raises(publishers.UnknownIssuer, match="forge"):
        publishers.add(project, "nobody", FACTS, actor=actor(owner_of(project)))


def test_the_last_owners_removal_leaves_no_token_behind(client, issuer, project, tmp_path):
    """Publishers are the project's and not a person's: who leaves takes none along."""
    trust(project)
    first = owner_of(project)
    second = UserFactory()
    project.roles.create(user=second, kind="owner")
    roles.remove(project.roles.get(user=first), actor=actor(second))
    assert project.publishers.get().added_by == first
    with pytest.raises(access.NotYours):
        publishers.add(project, "forge", FACTS | {"ref": "refs/x"}, actor=actor(first))


# -- pages ---------------------------------------------------------------------------------------


PASSWORD = "a-long-password-1"


def sign_in(client: Any, user: Any) -> None:
    """As somebody who has typed his password this moment."""
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_adding_a_publisher_asks_for_the_password_of_an_old_session(client, issuer, project):
    owner = owner_of(project)
    owner.set_password(PASSWORD)
    owner.save()
    client.force_login(owner)
    answer = client.post("/project/demo/publishers/add/forge/", FACTS)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not project.publishers.exists()


def test_an_owner_adds_and_removes_on_the_page(client, issuer, project):
    sign_in(client, owner_of(project))
    page = client.get("/project/demo/publishers/").content.decode()
    assert "No CI job is trusted yet" in page
    assert "Add Forge" in page
    added = client.post("/project/demo/publishers/add/forge/", FACTS, follow=True).content.decode()
    assert "demo trusts Forge: ann/demo, release.yml, pypi now." in added
    publisher = project.publishers.get()
    path = f"/project/demo/publishers/{publisher.identifier}/remove/"
    removed = client.post(path, {"reason": "moved"}, follow=True).content.decode()
    assert "trusts Forge: ann/demo, release.yml, pypi no longer." in removed


def test_a_form_that_is_refused_keeps_what_was_written(client, issuer, project):
    sign_in(client, owner_of(project))
    answer = client.post("/project/demo/publishers/add/forge/", FACTS | {"repository": "oops"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "cannot be right" in page
    assert 'value="oops"' in page
    assert 'class="choice" open' in page


def test_owners_see_the_tokens_that_ci_jobs_hold_now(client, issuer, project):
    publisher = trust(project)
    mint(client, issuer)
    foreign = index.project("other")
    trust(foreign)
    mint(client, issuer)  # for both
    client.force_login(owner_of(project))
    page = client.get("/project/demo/people/").content.decode()
    for token in ApiToken.objects.filter(ci__isnull=False):
        assert f"gate-{token.identifier}" in page
        assert token.ci.label in page
    client.force_login(owner_of(foreign))
    elsewhere = client.get("/project/other/people/").content.decode()
    assert elsewhere.count("gate-") == 1
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    client.force_login(maintainer)
    assert "gate-" not in client.get("/project/demo/people/").content.decode()
    publishers.remove(publisher, actor=actor(owner_of(project)))
    client.force_login(owner_of(project))
    assert "gate-" not in client.get("/project/demo/people/").content.decode()


def test_a_maintainer_sees_and_changes_nothing(client, issuer, project):
    trust(project)
    maintainer = UserFactory()
    project.roles.create(user=maintainer, kind="maintainer")
    sign_in(client, maintainer)
    page = client.get("/project/demo/publishers/").content.decode()
    assert "ann/demo" in page
    assert "Add Forge" not in page
    assert client.post("/project/demo/publishers/add/forge/", FACTS).status_code == 404


def test_strangers_find_no_such_page(client, issuer, project):
    publisher = trust(project)
    sign_in(client, UserFactory())
    assert client.get("/project/demo/publishers/").status_code == 404
    path = f"/project/demo/publishers/{publisher.identifier}/remove/"
    assert client.post(path).status_code == 404
    assert project.publishers.exists()


def test_the_page_asks_the_database_as_often_for_many(
    client, issuer, project, django_assert_max_num_queries
):
    for number in range(6):
        trust(project, environment=f"env-{number}")
    sign_in(client, owner_of(project))
    client.get("/project/demo/publishers/")
    with django_assert_max_num_queries(14):
        client.get("/project/demo/publishers/")


def test_somebody_prepares_and_withdraws_on_his_page(client, issuer):
    ann = UserFactory()
    sign_in(client, ann)
    assert "Add Forge" in client.get("/accounts/publishers/").content.decode()
    fields = FACTS | {"name": "New.Thing"}
    page = client.post("/accounts/publishers/prepare/forge/", fields, follow=True).content.decode()
    assert "registers New.Thing." in page
    publisher = Publisher.objects.get()
    path = f"/accounts/publishers/{publisher.identifier}/withdraw/"
    other = UserFactory()
    sign_in(client, other)
    assert client.post(path).status_code == 404
    sign_in(client, ann)
    assert "Nothing waits for New.Thing" in client.post(path, follow=True).content.decode()
    assert not Publisher.objects.exists()


def test_an_unverified_person_prepares_nothing(client, issuer):
    person = UserFactory(verified=False)
    sign_in(client, person)
    page = client.get("/accounts/publishers/").content.decode()
    assert "Add Forge" not in page
    with pytest.raises(access.EmailNotVerified):
        prepare("thing", person)


# -- programs ------------------------------------------------------------------------------------


def ask(client: Any, token: str, method: str, path: str, body: Any = None) -> Any:
    data = json.dumps(body) if body is not None else None
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    return getattr(client, method)(path, data, content_type="application/json", **headers)


def test_programs_manage_publishers(client, issuer, project):
    token = token_for(owner_of(project))
    path = "/api/v1/projects/demo/publishers/"
    made = ask(client, token, "post", path, {"issuer": "forge", "claims": FACTS})
    assert made.status_code == 201
    assert made.json()["claims"]["repository"] == "ann/demo"
    again = ask(client, token, "post", path, {"issuer": "forge", "claims": FACTS})
    assert (again.status_code, again.json()["code"]) == (409, "publisher-exists")
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    listed = client.get(path, **headers).json()["publishers"]
    assert [each["issuer"] for each in listed] == ["forge"]
    assert ask(client, token, "delete", f"{path}{listed[0]['id']}/").status_code == 204
    assert client.get(path, **headers).json()["publishers"] == []


@pytest.mark.parametrize("body", [[], {}, {"issuer": "forge"}, {"issuer": "forge", "claims": []}])
def test_a_body_that_names_no_publisher_is_refused(client, issuer, project, body):
    token = token_for(owner_of(project))
    answer = ask(client, token, "post", "/api/v1/projects/demo/publishers/", body)
    assert answer.status_code == 400


def test_a_token_that_may_only_upload_manages_no_publishers(client, issuer, project):
    token = token_for(owner_of(project), actions=["upload"])
    body = {"issuer": "forge", "claims": FACTS}
    assert ask(client, token, "post", "/api/v1/projects/demo/publishers/", body).status_code == 403
    body |= {"name": "thing"}
    assert ask(client, token, "post", "/api/v1/publishers/pending/", body).status_code == 403
    assert not Publisher.objects.exists()


def test_a_stranger_learns_nothing_of_publishers(client, issuer, project):
    trust(project)
    token = token_for(UserFactory())
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    for name in ("demo", "nowhere"):
        assert client.get(f"/api/v1/projects/{name}/publishers/", **headers).status_code == 404


def test_programs_prepare_publishers(client, issuer):
    ann = UserFactory()
    token = token_for(ann)
    path = "/api/v1/publishers/pending/"
    body = {"issuer": "forge", "claims": FACTS, "name": "thing"}
    made = ask(client, token, "post", path, body)
    assert (made.status_code, made.json()["project"]) == (201, "thing")
    other = ask(client, token_for(UserFactory()), "delete", f"{path}{made.json()['id']}/")
    assert other.status_code == 404
    assert ask(client, token, "delete", f"{path}{made.json()['id']}/").status_code == 204


def test_the_admin_lists_and_ends_publishers(client, issuer, project):
    trust(project)
    pending = prepare("thing")
    client.force_login(AdministratorFactory())
    page = client.get("/admin/packages/publisher/").content.decode()
    assert "Forge: ann/demo, release.yml, pypi" in page
    chosen = {
        "action": "remove",
        "_selected_action": [str(pending.pk), str(project.publishers.get().pk)],
    }
    chosen |= {"confirmed": "yes", "reason": "abuse"}
    client.post("/admin/packages/publisher/", chosen)
    assert not Publisher.objects.exists()
    assert AuditEvent.objects.filter(action="publisher.end", reason="abuse").exists()
    assert AuditEvent.objects.filter(action="publisher.remove").exists()


def test_nobody_else_withdraws_a_pending_publisher(issuer):
    pending = prepare("thing")
    for each in (actor(UserFactory()), SYSTEM):
        with pytest.raises(NotFound):
            publishers.withdraw(pending, actor=each)
