"""What differs from a name only in separators, l, 1, i, o and 0 goes the way of that name."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.actors import SYSTEM, Actor
from moderation import exceptions, prohibitions, protected
from moderation.models import SimilarityException
from packages import projects, renames
from packages.uploads.stages import RefusedByPolicy, Result
from pypi_site.lib.problems import Conflict
from tests.factories.index import published, submit
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_checker")]


@pytest.fixture
def prohibited():
    return prohibitions.prohibit(["evil-corp"], actor=SYSTEM, reason="malware")[0]


def refusal_of(user, name: str) -> str:
    with pytest.raises(RefusedByPolicy) as refusal:
        submit(user, name)
    return f"{refusal.value.errors[0]['code']}: {refusal.value.text}"


def is_free(user, name: str) -> bool:
    return submit(user, name).result is Result.PUBLISHED


def except_pair(candidate: str, target: str) -> None:
    row = SimilarityException(candidate=candidate, target=target, reason="no harm")
    exceptions.make(row, actor=SYSTEM)


# -- prohibited names ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["evi1-corp", "evilcorp", "ev-il-c0rp"])
def test_twins_of_a_prohibited_name_are_prohibited(somebody, prohibited, name):
    refusal = refusal_of(somebody, name)
    assert refusal.startswith("prohibited-name")
    assert f"The name {name} is evil-corp, which is prohibited here, but for" in refusal


def test_whom_a_name_was_released_to_has_its_twins_too(somebody, prohibited):
    prohibitions.release(prohibited, somebody, actor=SYSTEM, reason="his trade mark")
    assert refusal_of(UserFactory(trusted=True), "evilcorp").startswith("prohibited-name")
    assert is_free(somebody, "evilcorp")


def test_a_twin_that_is_prohibited_by_itself_is_released_by_itself(somebody, prohibited):
    prohibitions.prohibit(["evilcorp"], actor=SYSTEM, reason="malware")
    prohibitions.release(prohibited, somebody, actor=SYSTEM, reason="his trade mark")
    assert refusal_of(somebody, "evilcorp").startswith("prohibited-name")


def test_a_twin_that_a_moderator_excepted_is_free(somebody, prohibited):
    except_pair("evilcorp", "evil-corp")
    assert is_free(somebody, "evilcorp")
    assert refusal_of(somebody, "evi1-corp").startswith("prohibited-name")


def test_a_popular_name_is_no_twin_of_a_squat_of_it(somebody):
    prohibitions.prohibit(["f1ask"], actor=SYSTEM, reason="a squat")
    assert is_free(somebody, "flask")


def test_a_project_is_not_renamed_to_a_twin_of_a_prohibited_name(somebody, prohibited):
    project = published("cheese-counter", uploader=somebody).project
    with pytest.raises(RefusedByPolicy, match="which is prohibited here"):
        renames.rename(project, "evilcorp", actor=actor(somebody))


@pytest.mark.parametrize(
    ("table", "column", "index"),
    [
        ("moderation_prohibitedname", "name", "prohibited_names_by_ultranormalized_name"),
        ("packages_formername", "normalized_name", "former_names_by_ultranormalized_name"),
        ("packages_project", "normalized_name", "projects_by_ultranormalized_name"),
    ],
)
def test_twins_are_found_by_an_index(table, column, index):
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(
            f"explain select 1 from {table} where translate({column}, 'ilo-', '110') = 'x'"
        )
        assert index in str(cursor.fetchall())


# -- removed and former names --------------------------------------------------------------------


def test_twins_of_a_removed_project_are_not_free(somebody):
    project = published("cheese-counter", uploader=somebody).project
    projects.delete(project, actor=actor(AdministratorFactory()), reason="malware")
    assert refusal_of(UserFactory(trusted=True), "cheesecounter").startswith("confusable-name")
    assert refusal_of(somebody, "cheesecounter").startswith("confusable-name")
    except_pair("cheesecounter", "cheese-counter")
    assert is_free(somebody, "cheesecounter")


def test_whoever_deleted_his_own_project_has_its_twins(somebody):
    project = published("cheese-counter", uploader=somebody).project
    projects.delete(project, actor=actor(somebody), reason="over")
    assert refusal_of(UserFactory(trusted=True), "cheesecounter").startswith("confusable-name")
    assert is_free(somebody, "cheesecounter")


def test_twins_of_a_former_name_are_not_free(somebody):
    project = published("cheese-counter", uploader=somebody).project
    renames.rename(project, "dairy", actor=actor(somebody))
    assert protected.twin_of("cheesecounter", Actor()) == "cheese-counter"
    assert refusal_of(UserFactory(trusted=True), "cheesecounter").startswith("confusable-name")
    assert is_free(somebody, "cheesecounter")


def test_a_project_is_no_twin_of_itself(somebody):
    project = published("cheese-counter", uploader=somebody).project
    administrator = actor(AdministratorFactory())
    assert renames.rename(project, "cheesecounter", actor=administrator).name == "cheesecounter"


# -- modules of the standard library -------------------------------------------------------------


@pytest.mark.parametrize(("name", "module"), [("0s", "os"), ("ospath", "os-path")])
def test_twins_of_standard_modules_are_refused(somebody, name, module):
    assert f"standard-library-name: The name {name} is {module} but for" in refusal_of(
        somebody, name
    )


@pytest.mark.parametrize("name", ["config-parser", "httpserver"])
def test_what_is_popular_by_itself_is_no_twin_of_a_module(somebody, name):
    assert protected.module_like(name)
    assert is_free(somebody, name)


def test_a_twin_of_a_module_that_a_moderator_excepted_is_free(somebody):
    except_pair("0s", "os")
    assert is_free(somebody, "0s")


def test_a_backport_is_released_to_its_author(somebody):
    assert "ask a moderator" in refusal_of(somebody, "dataclasses")
    prohibitions.give("dataclasses", somebody, actor=SYSTEM, reason="the backport")
    assert refusal_of(UserFactory(trusted=True), "dataclasses").startswith("prohibited-name")
    assert is_free(somebody, "dataclasses")


def test_a_name_that_nobody_can_have_is_released_to_nobody(somebody):
    with pytest.raises(Conflict, match="Nobody can register con"):
        prohibitions.give("con", somebody, actor=SYSTEM, reason="his")
