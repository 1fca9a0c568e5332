"""Deleting files: who may and until when, the bin, and what is never free again."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from packages import files, storage, tasks
from packages.access import NotYours
from packages.models import File, JournalEntry, Role
from packages.reach import TokenTooNarrow
from packages.uploads import stages
from pypi_site.lib.problems import Conflict
from tests.factories import index
from tests.factories.people import AdministratorFactory, UserFactory, actor, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return UserFactory(trusted=True)


@pytest.fixture
def file(owner):
    return index.published_file(uploader=owner)


def offered(file):
    return File.objects.offered().filter(pk=file.pk).exists()


@contextlib.contextmanager
def no_trigger():
    """Change what never changes, to arrange a past that no test can wait for."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table packages_file disable trigger a_published_file_never_changes")
        yield
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table packages_file enable trigger a_published_file_never_changes")


def age(file, **since):
    """Let a file have been uploaded some time ago."""
    with no_trigger():
        File.objects.filter(pk=file.pk).update(uploaded_at=timezone.now() - timedelta(**since))


def lay_in_bin(file, days):
    files.delete(file, actor=SYSTEM, reason="broken")
    File.objects.filter(pk=file.pk).update(deleted_at=timezone.now() - timedelta(days=days))


def test_an_owner_deletes_a_new_file_into_the_bin(file, owner):
    files.delete(file, actor=actor(owner), reason="broken")
    assert not offered(file)
    assert File.objects.in_bin().get() == file
    event = AuditEvent.objects.get(action="file.delete")
    assert (event.reason, event.user) == ("broken", owner)
    assert JournalEntry.objects.first().action == f"remove file {file.filename}"


def test_an_owner_does_not_delete_an_old_file(file, owner):
    age(file, hours=73)
    with pytest.raises(files.TooLateToDelete, match="yank"):
        files.delete(file, actor=actor(owner), reason="broken")
    assert offered(file)


def test_a_file_is_young_for_as_long_as_the_site_says(file, owner, settings):
    settings.DELETION_HOURS = 100
    age(file, hours=99)
    files.delete(file, actor=actor(owner), reason="broken")
    assert not offered(file)


def test_an_owner_deletes_a_pre_release_at_any_time(owner):
    file = index.published_file(version="1.0rc1", uploader=owner)
    age(file, days=400)
    files.delete(file, actor=actor(owner), reason="superseded")
    assert not offered(file)


def test_an_administrator_deletes_an_old_file_of_others(file):
    age(file, days=400)
    files.delete(file, actor=actor(AdministratorFactory()), reason="court order")
    assert not offered(file)


@pytest.mark.parametrize("kind", [None, Role.Kind.MAINTAINER])
def test_whoever_is_no_owner_neither_deletes_nor_restores(file, kind):
    stranger = UserFactory()
    if kind:
        Role.objects.create(project=file.project, user=stranger, kind=kind)
    with pytest.raises(NotYours):
        files.delete(file, actor=actor(stranger), reason="I can")
    files.delete(file, actor=SYSTEM, reason="broken")
    with pytest.raises(NotYours):
        files.restore(file, actor=actor(stranger))


def test_a_file_is_restored_at_its_address_with_its_bytes(file, owner, client):
    before = b"".join(client.get(file.get_absolute_url()).streaming_content)
    files.delete(file, actor=actor(owner), reason="mistake")
    assert client.get(file.get_absolute_url()).status_code == 404
    files.restore(file, actor=actor(owner), reason="it was none")
    assert b"".join(client.get(file.get_absolute_url()).streaming_content) == before
    assert JournalEntry.objects.first().action == f"restore file {file.filename}"


def test_what_was_not_deleted_cannot_be_restored(file, owner):
    with pytest.raises(files.NotInBin):
        files.restore(file, actor=actor(owner))


def test_an_sdist_is_not_restored_beside_a_newer_one(owner):
    first = index.published_file(sdist=True, uploader=owner)
    files.delete(first, actor=SYSTEM, reason="broken")
    release = first.release
    second = index.published_file("demo", "2.0", sdist=True, uploader=owner)
    with no_trigger():
        File.objects.filter(pk=second.pk).update(release=release)
    with pytest.raises(Conflict, match="another source distribution"):
        files.restore(first, actor=actor(owner))


def test_the_bin_keeps_the_bytes_until_its_days_are_over(file, settings):
    lay_in_bin(file, days=29)
    assert files.empty_bin() == 0
    lay_in_bin_again = File.objects.filter(pk=file.pk)
    lay_in_bin_again.update(deleted_at=timezone.now() - timedelta(days=31))
    assert files.empty_bin() == 1
    with pytest.raises(files.NotInBin):
        files.restore(file, actor=SYSTEM)


def test_the_sweep_takes_the_bytes_of_what_left_the_bin(file, monkeypatch):
    lay_in_bin(file, days=31)
    monkeypatch.setattr("packages.tasks.DAY_SECONDS", -60)  # as if the blob were a day old
    tasks.sweep()
    assert storage.blobs().exists(storage.blob_name(file.sha256))
    tasks.empty_bin()
    tasks.sweep()
    assert not storage.blobs().exists(storage.blob_name(file.sha256))


def test_the_name_stays_used_when_the_bytes_are_gone(file, owner):
    lay_in_bin(file, days=31)
    files.empty_bin()
    with pytest.raises(stages.FileExists, match="deleted"):
        index.submit(owner)


def test_the_database_keeps_purged_files_purged(file):
    lay_in_bin(file, days=31)
    files.empty_bin()
    with pytest.raises(IntegrityError), transaction.atomic():
        File.objects.filter(pk=file.pk).update(deleted_at=None, purged_at=None)


def test_the_database_purges_no_file_that_is_offered(file):
    with pytest.raises(IntegrityError), transaction.atomic():
        File.objects.filter(pk=file.pk).update(purged_at=timezone.now())


class TestApi:
    def call(self, client, method, file, user, *, body='{"reason": "broken"}', tail="", **token):
        address = f"/api/v1/projects/{file.project.normalized_name}/files/{file.filename}/{tail}"
        headers = {"Authorization": f"Bearer {token_for(user, **token)}"} if user else {}
        send = getattr(client, method)
        return send(address, body, content_type="application/json", headers=headers)

    def test_an_owner_deletes_and_restores(self, client, file, owner):
        assert self.call(client, "delete", file, owner).status_code == 204
        assert not offered(file)
        assert self.call(client, "post", file, owner, tail="restore/").status_code == 200
        assert offered(file)

    @pytest.mark.parametrize("body", ["{}", "[]", '{"reason": " "}'])
    def test_a_deletion_says_why(self, client, file, owner, body):
        answer = self.call(client, "delete", file, owner, body=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "reason-needed")
        assert offered(file)

    def test_nobody_is_asked_for_credentials(self, client, file):
        answer = self.call(client, "delete", file, None)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Basic")

    def test_a_stranger_is_refused(self, client, file):
        answer = self.call(client, "delete", file, UserFactory())
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-project")

    def test_a_token_for_other_projects_is_refused(self, client, file, owner):
        answer = self.call(client, "delete", file, owner, limited=True)
        assert (answer.status_code, answer.json()["code"]) == (403, TokenTooNarrow.code)

    def test_an_administrators_token_carries_no_powers(self, client, file):
        assert self.call(client, "delete", file, AdministratorFactory()).status_code == 403

    def test_an_unknown_file_is_not_found(self, client, file, owner):
        file.filename = "demo-9.0.tar.gz"
        assert self.call(client, "delete", file, owner).status_code == 404


class TestPage:
    @pytest.fixture
    def page(self, client, owner, file):
        client.force_login(owner)
        return "/project/demo/files/"

    def test_an_owner_deletes_and_restores(self, client, page, file):
        where = f"{page}{file.filename}/"
        assert "Delete demo-1.0" in client.get(page).content.decode()
        answer = client.post(f"{where}delete/", {"reason": "broken"}, follow=True)
        assert "lies in the bin now" in answer.content.decode()
        assert not offered(file)
        answer = client.post(f"{where}restore/", follow=True)
        assert "is offered again" in answer.content.decode()
        assert offered(file)

    def test_a_deletion_says_why(self, client, page, file):
        answer = client.post(f"{page}{file.filename}/delete/", {"reason": " "}, follow=True)
        assert "write why it should go" in answer.content.decode()
        assert offered(file)

    def test_an_old_file_has_no_delete_button_and_is_not_deleted(self, client, page, file):
        age(file, days=30)
        assert "Delete demo-1.0" not in client.get(page).content.decode()
        answer = client.post(f"{page}{file.filename}/delete/", {"reason": "old"}, follow=True)
        assert "yank it" in answer.content.decode()
        assert offered(file)

    def test_what_left_the_bin_cannot_be_restored(self, client, page, file):
        lay_in_bin(file, days=31)
        files.empty_bin()
        assert "gone" in client.get(page).content.decode()
        answer = client.post(f"{page}{file.filename}/restore/", follow=True)
        assert "is not in the bin" in answer.content.decode()

    def test_an_unknown_file_is_not_found(self, client, page):
        assert client.post(f"{page}demo-9.0.tar.gz/delete/").status_code == 404

    def test_others_learn_nothing(self, client, file):
        client.force_login(UserFactory())
        assert client.get("/project/demo/files/").status_code == 404
        assert client.post(f"/project/demo/files/{file.filename}/delete/").status_code == 404
        assert client.get("/project/nothing/files/").status_code == 404

    def test_nobody_is_sent_to_sign_in(self, client, file):
        assert client.get("/project/demo/files/")["Location"].startswith("/accounts/login/")

    def test_the_page_costs_the_same_for_many_files(
        self, client, page, owner, django_assert_max_num_queries
    ):
        for number in range(2, 8):
            index.published(version=f"{number}.0", uploader=owner)
        with django_assert_max_num_queries(12):
            assert client.get(page).status_code == 200

    def test_the_project_page_leads_here_for_owners_only(self, client, page):
        manage = "/project/demo/releases/"
        assert manage in client.get("/project/demo/").content.decode()
        assert page in client.get(manage).content.decode()
        client.force_login(UserFactory())
        assert manage not in client.get("/project/demo/").content.decode()
