"""The pages behind a project's counter, and the API beside them: who may do what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.actors import SYSTEM, Actor
from packages import files, projects, releases, renames
from packages import letters as letters_job
from packages.models import File, Project, Release
from tests.factories import jobs
from tests.factories.index import published, submit
from tests.factories.people import AdministratorFactory, UserFactory, token_for
from tests.packages.test_files import age

pytestmark = pytest.mark.django_db

PAGES = ["releases/", "files/", "settings/"]


@pytest.fixture
def owner():
    return UserFactory(trusted=True)


@pytest.fixture
def release(owner):
    return published("demo", uploader=owner)


@pytest.fixture
def file(release):
    return release.files.get()


@pytest.fixture
def maintainer(release):
    user = UserFactory()
    release.project.roles.create(user=user, kind="maintainer")
    return user


@pytest.fixture
def signed_in(client, owner):
    client.force_login(owner)
    return client


def text_of(response):
    return response.content.decode()


def post(client, path, **fields):
    response = client.post(f"/project/demo/{path}", fields, follow=True)
    assert response.status_code == 200
    return text_of(response)


def fresh(item):
    return type(item).objects.get(pk=item.pk)


# -- pages: who sees them ------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_strangers_learn_nothing_and_nobody_signs_in(client, release, page):
    address = f"/project/demo/{page}"
    assert client.get(address)["Location"].startswith("/accounts/login/")
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    assert client.get(f"/project/nothing/{page}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_every_page_leads_to_the_others(signed_in, release, page):
    text = text_of(signed_in.get(f"/project/demo/{page}"))
    for other in [*PAGES, "stages/"]:
        assert f'href="/project/demo/{other}"' in text


@pytest.mark.parametrize("page", PAGES)
def test_an_administrator_may_do_what_owners_do(client, release, page):
    client.force_login(AdministratorFactory())
    assert "Delete demo" in text_of(client.get(f"/project/demo/{page}"))


def test_a_maintainer_yanks_and_deletes_nothing(client, release, file, maintainer):
    client.force_login(maintainer)
    for page in PAGES:
        assert "Delete" not in text_of(client.get(f"/project/demo/{page}"))
    assert "Yank demo 1.0" in text_of(client.get("/project/demo/releases/"))
    assert "is yanked" in post(client, "releases/1.0/yank/", reason="wobbles")
    assert "is yanked" in post(client, f"files/{file.filename}/yank/")
    for path in ("releases/1.0/delete/", f"files/{file.filename}/delete/", "settings/delete/"):
        assert client.post(f"/project/demo/{path}", {"reason": "x"}).status_code == 404
    assert "An owner of demo can change" in text_of(client.get("/project/demo/settings/"))


@pytest.mark.parametrize("page", ["releases/", "files/"])
def test_a_page_costs_the_same_for_many(
    signed_in, owner, release, page, django_assert_max_num_queries
):
    for number in range(2, 8):
        submit(owner, version=f"{number}.0")
    with django_assert_max_num_queries(14):
        assert signed_in.get(f"/project/demo/{page}").status_code == 200


# -- releases and files --------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["release", "file"])
def test_an_owner_yanks_and_takes_it_back(signed_in, release, file, what):
    item = {"release": release, "file": file}[what]
    place = "releases/1.0/" if what == "release" else f"files/{file.filename}/"
    assert "is yanked" in post(signed_in, f"{place}yank/", reason="wobbles")
    assert fresh(item).yanked_reason == "wobbles"
    assert fresh(file).yank == "wobbles"
    assert "was yanked on" in post(signed_in, f"{place}yank/")
    assert "is not yanked any more" in post(signed_in, f"{place}unyank/")
    assert fresh(file).yank is False
    assert "is not yanked." in post(signed_in, f"{place}unyank/")


def test_yanking_one_file_leaves_the_others(release, owner, file):
    submit(owner, sdist=True)
    files.yank(file, actor=SYSTEM, reason="wobbles")
    assert [each.yank for each in File.objects.order_by("filename")] == ["wobbles", False]


def test_an_owner_deletes_a_release_and_restores_it(signed_in, owner, release):
    submit(owner, sdist=True)
    assert "write why" in post(signed_in, "releases/1.0/delete/", reason=" ")
    assert "all its files lie in the bin" in post(signed_in, "releases/1.0/delete/", reason="bad")
    assert not File.objects.offered().exists()
    assert "has no files left" in post(signed_in, "releases/1.0/delete/", reason="bad")
    assert "is restored" in post(signed_in, "releases/1.0/restore/")
    assert File.objects.offered().count() == 2
    assert "has no files in the bin" in post(signed_in, "releases/1.0/restore/")


def test_an_old_release_is_not_deleted_by_its_owner(signed_in, file):
    age(file, days=30)
    assert "Delete demo 1.0" not in text_of(signed_in.get("/project/demo/releases/"))
    assert "ask an administrator" in post(signed_in, "releases/1.0/delete/", reason="bad")
    assert File.objects.offered().exists()


def test_what_is_not_there_is_not_found(signed_in, release):
    assert signed_in.post("/project/demo/releases/9.0/yank/").status_code == 404
    assert signed_in.post("/project/demo/settings/former-names/never/").status_code == 404


@pytest.mark.parametrize("what", ["release", "file"])
def test_owners_change_nothing_that_is_in_quarantine(signed_in, release, file, what):
    verbs, item = {"release": (releases, release), "file": (files, file)}[what]
    verbs.quarantine(item, actor=SYSTEM, reason="odd")
    place = "releases/1.0/" if what == "release" else f"files/{file.filename}/"
    page = text_of(signed_in.get(f"/project/demo/{place.split('/', maxsplit=1)[0]}/"))
    assert "in quarantine" in page
    assert f"Yank {item}" not in page
    for verb in ("yank", "delete"):
        told = post(signed_in, f"{place}{verb}/", reason="hide it")
        assert "is in quarantine and stays as it is" in told
    assert fresh(item).yanked_at is None


def test_a_file_for_a_quarantined_release_is_refused(owner, release):
    releases.quarantine(release, actor=SYSTEM, reason="odd")
    with pytest.raises(Exception, match=r"demo 1\.0 is in quarantine"):
        submit(owner, sdist=True)


def test_the_bin_keeps_evidence(file):
    files.quarantine(file, actor=SYSTEM, reason="odd")
    files.delete(file, actor=SYSTEM, reason="malware")
    File.objects.update(deleted_at=timezone.now() - timedelta(days=99))
    assert files.empty_bin() == 0
    files.clear(file, actor=SYSTEM)
    assert files.empty_bin() == 1


# -- settings ------------------------------------------------------------------------------------


def test_an_owner_archives_deprecates_and_activates(signed_in, release):
    assert "is archived" in post(signed_in, "settings/archive/", reason="done")
    told = post(signed_in, "settings/deprecate/", reason="old", successor="shinier")
    assert "is deprecated" in told
    project = Project.objects.get()
    assert project.status_text == "old Use shinier instead."
    assert "is deprecated already" in post(signed_in, "settings/deprecate/", successor="shinier")
    assert "is active again" in post(signed_in, "settings/activate/")
    assert Project.objects.get().successor == ""


@pytest.mark.parametrize("successor", ["demo", "Demo", "two words", "ftp://x"])
def test_a_successor_is_another_name_or_an_address(signed_in, release, successor):
    told = post(signed_in, "settings/deprecate/", successor=successor)
    assert "successor" in told
    assert Project.objects.get().status == "active"


def test_a_successor_here_is_a_link_and_one_elsewhere_a_word(client, release):
    published("shinier")
    projects.deprecate(release.project, actor=SYSTEM, successor="Shinier")
    assert 'href="/project/shinier/"' in text_of(client.get("/project/demo/"))
    projects.deprecate(release.project, actor=SYSTEM, successor="https://example.org/new")
    assert 'href="https://example.org/new"' in text_of(client.get("/project/demo/"))
    projects.deprecate(release.project, actor=SYSTEM, successor="elsewhere")
    assert "<strong>elsewhere</strong>" in text_of(client.get("/project/demo/"))


def test_an_owner_renames_and_is_led_to_the_new_settings(signed_in, release):
    response = signed_in.post("/project/demo/settings/rename/", {"name": "Renewed"}, follow=True)
    assert response.request["PATH_INFO"] == "/project/renewed/settings/"
    assert "demo is called Renewed now" in text_of(response)
    assert "Formerly <strong>demo</strong>" in text_of(response)
    switch = "/project/renewed/settings/former-names/demo/"
    assert "leads nowhere now" in text_of(signed_in.post(switch, {"on": "no"}, follow=True))
    assert signed_in.get("/project/demo/").status_code == 404
    assert "is led here" in text_of(signed_in.post(switch, {"on": "yes"}, follow=True))
    assert signed_in.get("/project/demo/")["Location"] == "/project/renewed/"


def test_a_project_is_deleted_by_typing_its_name_and_restored(signed_in, client, release, file):
    assert "is still here" in post(signed_in, "settings/delete/", confirm="dem", reason="over")
    assert "is still here" in post(signed_in, "settings/delete/", confirm="demo", reason="")
    assert "is deleted" in post(signed_in, "settings/delete/", confirm="Demo", reason="over")
    for address in ("/project/demo/", "/simple/demo/", "/pypi/demo/json", file.get_absolute_url()):
        assert client.get(address).status_code == 404
    assert "Restore demo" in text_of(signed_in.get("/project/demo/settings/"))
    assert "demo is back" in post(signed_in, "settings/restore/")
    assert client.get(file.get_absolute_url()).status_code == 200
    assert "was not deleted" in post(signed_in, "settings/restore/")


def test_the_name_of_a_deleted_project_stays_its_owners(owner, release):
    projects.delete(release.project, actor=SYSTEM, reason="over")
    with pytest.raises(Exception, match="belongs to somebody else"):
        submit(UserFactory(trusted=True))
    with pytest.raises(Exception, match="restore it in its settings"):
        submit(owner, version="2.0")


def test_restoring_a_project_leaves_in_the_bin_what_was_deleted_before(owner, release, file):
    submit(owner, version="2.0")
    files.delete(file, actor=SYSTEM, reason="broken")
    projects.delete(release.project, actor=SYSTEM, reason="over")
    with pytest.raises(Exception, match="deleted as a whole"):
        files.restore(file, actor=SYSTEM)
    projects.restore(release.project, actor=SYSTEM)
    assert [str(each.release) for each in File.objects.offered()] == ["demo 2.0"]


def test_a_project_with_an_old_file_is_deleted_by_administrators_only(signed_in, owner, file):
    submit(owner, version="2.0")
    age(file, days=30)
    told = post(signed_in, "settings/delete/", confirm="demo", reason="over")
    assert "ask an administrator" in told
    signed_in.force_login(AdministratorFactory())
    told = post(signed_in, "settings/delete/", confirm="demo", reason="malware")
    assert "is deleted" in told


@pytest.mark.parametrize("before", ["archived", "deprecated", "active"])
def test_clearing_a_project_returns_to_its_status_and_reason(release, before):
    project = release.project
    if before == "archived":
        projects.archive(project, actor=SYSTEM, reason="done")
    elif before == "deprecated":
        projects.deprecate(project, actor=SYSTEM, reason="done", successor="shinier")
    then = fresh(project)
    projects.quarantine(project, actor=SYSTEM, reason="odd")
    projects.clear(project, actor=SYSTEM)
    facts = ("status", "status_reason", "successor", "status_before", "status_reason_before")
    assert [getattr(fresh(project), name) for name in facts] == [getattr(then, f) for f in facts]


def test_owners_have_no_way_out_of_a_quarantine(signed_in, release):
    projects.quarantine(release.project, actor=SYSTEM, reason="odd")
    assert "This project is in quarantine" in text_of(signed_in.get("/project/demo/settings/"))
    for verb in ("activate", "archive", "deprecate"):
        assert "is in quarantine and stays" in post(signed_in, f"settings/{verb}/")
    told = post(signed_in, "settings/delete/", confirm="demo", reason="hide")
    assert "is in quarantine and stays" in told


@pytest.mark.parametrize("verb", ["quarantine", "clear"])
def test_only_moderators_quarantine(owner, release, file, verb):
    for verbs, item in ((projects, release.project), (releases, release), (files, file)):
        with pytest.raises(Exception, match="Only moderators"):
            getattr(verbs, verb)(item, actor=Actor(user=owner), reason="odd")


# -- the API -------------------------------------------------------------------------------------


def call(client, user, path, body=None, method="post", **token):
    headers = {"Authorization": f"Bearer {token_for(user, **token)}"}
    send = getattr(client, method)
    address = f"/api/v1/projects/{path}"
    return send(address, body or {}, content_type="application/json", headers=headers)


@pytest.mark.parametrize("what", ["release", "file"])
def test_a_token_yanks_and_unyanks(client, owner, file, what):
    place = "demo/releases/1.0/" if what == "release" else f"demo/files/{file.filename}/"
    answer = call(client, owner, f"{place}yank/", {"reason": "wobbles"})
    assert answer.status_code == 200
    assert fresh(file).yank == "wobbles"
    assert call(client, owner, f"{place}yank/").json()["code"] == "already-yanked"
    assert call(client, owner, f"{place}unyank/").status_code == 200
    assert fresh(file).yank is False


def test_a_token_deletes_and_restores_a_release(client, owner, release):
    address = "demo/releases/1.0/"
    assert call(client, owner, address, method="delete").json()["code"] == "reason-needed"
    assert call(client, owner, address, {"reason": "bad"}, "delete").status_code == 204
    assert not Release.objects.offered().with_files().exists()
    assert call(client, owner, f"{address}restore/").json()["files"]


def test_a_token_changes_the_status(client, owner, release):
    assert call(client, owner, "demo/archive/", {"reason": "done"}).json()["status"] == "archived"
    body = {"reason": "old", "successor": "shinier"}
    answer = call(client, owner, "demo/deprecate/", body).json()
    assert (answer["status"], answer["successor"]) == ("deprecated", "shinier")
    assert client.get("/api/v1/projects/demo/").json()["successor"] == "shinier"
    assert call(client, owner, "demo/activate/").json()["status"] == "active"
    assert call(client, owner, "demo/activate/").status_code == 409


def test_a_token_renames_and_calls_by_the_old_name_are_led_on(client, owner, release):
    assert call(client, owner, "demo/rename/", {"name": "renewed"}).json()["name"] == "renewed"
    answer = call(client, owner, "demo/releases/1.0/yank/")
    assert (answer.status_code, answer["Location"]) == (
        308,
        "/api/v1/projects/renewed/releases/1.0/yank/",
    )
    answer = call(client, owner, "renewed/former-names/demo/", {"redirects": False}).json()
    assert answer["former_names"] == [{"name": "demo", "redirects": False}]
    assert call(client, owner, "renewed/former-names/never/").status_code == 404


def test_a_token_deletes_and_restores_a_project(client, owner, release):
    body = {"reason": "over", "confirm": "other"}
    assert call(client, owner, "demo/", body, "delete").json()["code"] == "not-confirmed"
    body["confirm"] = "demo"
    assert call(client, owner, "demo/", body, "delete").status_code == 204
    assert client.get("/api/v1/projects/demo/").status_code == 404
    assert call(client, UserFactory(), "demo/restore/").status_code == 404
    assert call(client, owner, "demo/restore/").json()["deleted_at"] is None


VERBS = [
    "demo/archive/",
    "demo/deprecate/",
    "demo/activate/",
    "demo/rename/",
    "demo/releases/1.0/yank/",
    "demo/releases/1.0/restore/",
]


@pytest.mark.parametrize("path", VERBS)
def test_strangers_and_narrow_tokens_are_refused(client, owner, release, path):
    body = {"name": "renewed", "reason": "x"}
    assert call(client, UserFactory(), path, body).json()["code"] == "not-your-project"
    assert call(client, owner, path, body, limited=True).json()["code"] == "token-too-narrow"
    assert client.post(f"/api/v1/projects/{path}").status_code == 401


# -- letters -------------------------------------------------------------------------------------


def letters():
    jobs.run_all()
    sent, mail.outbox = mail.outbox, []
    return {message.to[0]: message for message in sent}


def test_everybody_with_a_role_is_told_what_was_done_and_why(owner, release, maintainer):
    letters()
    releases.yank(release, actor=Actor(user=maintainer), reason="wobbles")
    sent = letters()
    assert set(sent) == {owner.email, maintainer.email}
    assert "demo 1.0 was yanked" in sent[owner.email].subject
    body = sent[owner.email].body
    assert f"By: {maintainer.username}" in body
    assert "Reason: wobbles" in body
    assert "/project/demo/settings/" in body


def test_what_a_moderator_does_is_told_without_his_name(owner, release):
    letters()
    administrator = AdministratorFactory()
    projects.quarantine(release.project, actor=Actor(user=administrator), reason="odd")
    body = letters()[owner.email].body
    assert "By: a moderator" in body
    assert administrator.username not in body


@pytest.mark.parametrize("verb", ["yank", "quarantine", "delete"])
@pytest.mark.parametrize("what", ["release", "file"])
def test_each_decision_has_its_letter_and_so_has_its_undoing(owner, release, file, what, verb):
    verbs, item = {"release": (releases, release), "file": (files, file)}[what]
    letters()
    getattr(verbs, verb)(item, actor=SYSTEM, reason="because")
    undone = {"yank": "unyank", "quarantine": "clear", "delete": "restore"}[verb]
    getattr(verbs, undone)(item, actor=SYSTEM, reason="a mistake")
    jobs.run_all()
    assert len(mail.outbox) == 2
    assert str(item) in mail.outbox[0].subject


def test_a_rename_names_both(owner, release):
    letters()
    renames.rename(release.project, "renewed", actor=SYSTEM, reason="clearer")
    assert "demo is called renewed now" in letters()[owner.email].subject


def test_a_letter_is_written_once(owner, release):
    releases.yank(release, actor=SYSTEM, reason="wobbles")
    [job] = [job for job in jobs.waiting() if job[0].endswith("tell_people")]
    letters()
    assert letters_job.tell_people(*job[1]) == 0
    assert mail.outbox == []
