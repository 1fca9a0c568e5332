"""What the database itself refuses, whoever asks."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM
from packages import reach
from packages.models import (
    File,
    FormerName,
    Project,
    Release,
    Role,
    Stage,
    StagedFile,
    TokenProject,
)
from tests.factories.index import held, published, submit
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


@contextmanager
def refused(name: str):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        yield


def copy(instance, **changes):
    """The same row once more, but for these fields."""
    again = type(instance).objects.get(pk=instance.pk)
    again.pk, again._state.adding = None, True
    for field, value in changes.items():
        setattr(again, field, value)
    again.save(force_insert=True)
    return again


# -- projects and roles --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Demo", "de_mo", "de.mo", "-demo", "demo-", "de--mo", "", "dé"])
def test_a_normalized_name_is_normalized(name):
    with refused("a_normalized_name_is_normalized"):
        Project.objects.create(name="demo", normalized_name=name)


def test_a_normalized_name_belongs_to_one_project():
    Project.objects.create(name="demo", normalized_name="demo")
    with refused("normalized_name"):
        Project.objects.create(name="Demo", normalized_name="demo")


def test_a_project_status_is_known():
    published()
    with refused("a_project_status_is_known"):
        Project.objects.update(status="banned")


def test_a_role_is_known():
    published()
    with refused("a_role_is_known"):
        Role.objects.update(kind="emperor")


def test_a_person_has_one_role_in_a_project():
    project = published().project
    with refused("one_role_for_each_person"):
        copy(project.roles.get(), kind="maintainer")


def test_a_token_lists_a_project_once():
    project = published().project
    token, _ = tokens.mint(UserFactory(), actor=SYSTEM, name="test", limited=True)
    reach.limit_token(token, [project])
    with refused("a_token_lists_a_project_once"):
        TokenProject.objects.create(token=token, project=project)


# -- releases ------------------------------------------------------------------------------------


def test_equal_versions_are_one_release():
    release = published(version="1.0")
    with refused("one_release_for_equal_versions"):
        copy(release, version="1.0.0")


def test_only_a_yanked_release_has_a_reason():
    published()
    with refused("a_reason_only_when_a_release_is_yanked"):
        Release.objects.update(yanked_reason="broken")


def test_a_project_with_releases_stays():
    project = published().project
    with pytest.raises(ProtectedError):
        project.delete()
    with refused("foreign key"):
        _now("set constraints all immediate", "delete from packages_role")
        _now("delete from packages_stagedfile", "delete from packages_stage")
        _now("delete from packages_project")


# -- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "filename = 'other'",
        "identity = 'other'",
        "filetype = 'sdist'",
        "size = 1",
        "sha256 = repeat('0', 64)",
        "blake2b_256 = repeat('0', 64)",
        "md5 = repeat('0', 32)",
        "metadata_sha256 = repeat('0', 64)",
        "requires_python = '>=4'",
        "uploaded_at = now()",
        "published_at = now()",
        "release_id = release_id + 1",
    ],
)
def test_a_published_file_never_changes(change):
    published()
    with refused("is published and never changes"):
        _now(f"update packages_file set {change}")


def test_the_row_of_a_file_never_goes():
    file = published().files.get()
    with refused("kept for ever"):
        file.delete()
    with refused("kept for ever"):
        _now("delete from packages_file")


def test_a_purged_file_never_comes_back():
    file = published().files.get()
    file.deleted_at = file.purged_at = timezone.now()
    file.save()
    with refused("was deleted for good"):
        File.objects.update(deleted_at=None, purged_at=None)


def test_a_filename_is_used_once_ever():
    file = published().files.get()
    with refused("a_filename_is_used_once_ever"):
        copy(file, identity="other")
    File.objects.update(deleted_at=timezone.now())
    with refused("a_filename_is_used_once_ever"):
        copy(file, identity="other", deleted_at=None)


def test_an_artifact_is_published_once_ever():
    file = published().files.get()
    with refused("an_artifact_is_published_once_ever"):
        copy(file, filename="Demo-1.0-py3-none-any.whl")


def test_a_release_has_one_sdist_that_is_not_deleted():
    file = published(sdist=True).files.get()
    with refused("one_sdist_for_a_release"):
        copy(file, filename="other.tar.gz", identity="other.tar.gz")
    File.objects.update(deleted_at=timezone.now())
    assert copy(file, filename="other.tar.gz", identity="other.tar.gz", deleted_at=None).pk


def test_only_a_yanked_file_has_a_reason():
    published()
    with refused("a_reason_only_when_a_file_is_yanked"):
        File.objects.update(yanked_reason="broken")


# -- stages --------------------------------------------------------------------------------------


def test_a_stage_status_is_known():
    held()
    with refused("a_stage_status_is_known|a_stage_is_closed_when_it_ended"):
        Stage.objects.update(status="lost")


@pytest.mark.parametrize("status", ["published", "canceled"])
def test_a_stage_that_ended_says_when(status):
    held()
    with refused("a_stage_is_closed_when_it_ended"):
        Stage.objects.update(status=status)


@pytest.mark.parametrize("status", ["open", "processing", "error"])
def test_a_stage_that_goes_on_has_not_ended(status):
    held()
    with refused("a_stage_is_closed_when_it_ended"):
        Stage.objects.update(status=status, closed_at=timezone.now())


def test_a_stage_holds_an_artifact_once():
    file = held().files.get()
    with refused("a_stage_holds_an_artifact_once"):
        copy(file, reserved=False)


def test_a_reserved_filename_waits_in_one_stage():
    user = UserFactory()
    file = held(uploader=user).files.get()
    submit(user, version="2.0")
    other = Stage.objects.get(version="2.0")
    with refused("a_reserved_filename_has_one_stage"):
        copy(file, stage=other, identity="other")
    with refused("a_reserved_artifact_has_one_stage"):
        copy(file, stage=other, filename="other")
    assert copy(file, stage=other, reserved=False).pk
    assert StagedFile.objects.filter(identity=file.identity).count() == 2


# -- all together --------------------------------------------------------------------------------


def test_every_constraint_that_a_model_names_stands_in_the_database():
    ours = [model for app in ("accounts", "packages", "moderation") for model in _models(app)]
    named = {constraint.name for model in ours for constraint in model._meta.constraints}
    query = "select conname from pg_constraint union select indexname from pg_indexes"
    with connection.cursor() as cursor:
        cursor.execute(query)
        known = {name for (name,) in cursor.fetchall()}
    assert len(named) > 15
    assert named <= known


def _models(app: str):
    return apps.get_app_config(app).get_models()


def _now(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


# -- former names --------------------------------------------------------------------------------


def test_a_former_name_is_not_registered_by_another():
    FormerName.objects.create(project=published().project, name="Old", normalized_name="old")
    with refused("The name old belongs to another project"):
        Project.objects.create(name="old", normalized_name="old")


def test_a_name_in_use_does_not_become_a_former_name():
    project = published().project
    with refused("The name demo belongs to another project"):
        FormerName.objects.create(project=project, name="demo", normalized_name="demo")


def test_a_project_does_not_take_a_former_name_by_renaming():
    FormerName.objects.create(project=published().project, name="old", normalized_name="old")
    other = published("other").project
    with refused("The name old belongs to another project"):
        Project.objects.filter(pk=other.pk).update(normalized_name="old")


def test_a_former_name_belongs_to_one_project():
    project, other = published().project, published("other").project
    FormerName.objects.create(project=project, name="old", normalized_name="old")
    with refused("normalized_name"):
        FormerName.objects.create(project=other, name="old", normalized_name="old")


@pytest.mark.parametrize("status", ["active", "archived", "deprecated"])
def test_only_a_quarantined_project_remembers_a_status(status):
    published()
    with refused("only_a_quarantined_project_remembers_a_status"):
        Project.objects.update(status=status, status_before="archived")


@pytest.mark.parametrize("status", ["active", "archived", "quarantined"])
def test_only_a_deprecated_project_has_a_successor(status):
    published()
    with refused("only_a_deprecated_project_has_a_successor"):
        Project.objects.update(status=status, successor="other")


def test_only_a_published_project_is_deleted():
    with refused("only_a_published_project_is_deleted"):
        Project.objects.create(name="demo", normalized_name="demo", deleted_at=timezone.now())


@pytest.mark.parametrize("model", [Release, File])
def test_a_reason_is_kept_only_while_something_is_in_quarantine(model):
    published()
    with refused("is_quarantined"):
        model.objects.update(quarantined_reason="odd")
