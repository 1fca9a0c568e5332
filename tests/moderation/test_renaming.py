"""A name is judged by whichever way a project comes to it: renaming, too."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM
from moderation import exceptions
from moderation.models import Observation, PolicySetting, ProhibitedName, SimilarityException
from moderation.policies import settings as policy_settings
from packages import renames
from packages.models import Project
from packages.uploads.policies import HeldByPolicy
from tests.factories import jobs
from tests.factories.index import published
from tests.factories.people import AdministratorFactory, UserFactory, actor, signed_in, token_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_checker")]
DOUBTFUL = "functools-jaraco"  # the words of jaraco-functools turned around: a moderator looks


@pytest.fixture
def owner():
    return UserFactory(trusted=True)


@pytest.fixture
def project(owner):
    return published("cheese-counter", uploader=owner).project


def except_pair(candidate: str, target: str) -> None:
    row = SimilarityException(candidate=candidate, target=target, reason="no harm")
    exceptions.make(row, actor=SYSTEM)


def set_policy(code: str, action: str) -> None:
    PolicySetting.objects.create(code=code, enabled=True, action=action)
    policy_settings.forget()


def rename_by_page(owner, name: str = DOUBTFUL) -> str:
    address = "/project/cheese-counter/settings/rename/"
    return signed_in(owner).post(address, {"name": name}, follow=True).content.decode()


def rename_by_api(client, owner, name: str = DOUBTFUL):
    headers = {"Authorization": f"Bearer {token_for(owner)}"}
    address = "/api/v1/projects/cheese-counter/rename/"
    return client.post(address, {"name": name}, content_type="application/json", headers=headers)


def test_the_page_refuses_a_name_that_a_moderator_has_to_look_at(owner, project, settings):
    settings.MODERATORS_CONTACT = "moderators@example.org"
    page = rename_by_page(owner)
    assert "ask a moderator of this index at moderators@example.org to let it pass" in page
    assert "jaraco-functools" in page
    assert Project.objects.get().normalized_name == "cheese-counter"


def test_the_api_refuses_it_too(client, owner, project):
    answer = rename_by_api(client, owner)
    assert (answer.status_code, answer.json()["code"]) == (400, "held-by-policy")
    assert answer.json()["errors"][0]["code"] == "look-alike-name"
    assert Project.objects.get().normalized_name == "cheese-counter"


def test_an_exception_of_a_moderator_lets_it_through_by_page(owner, project):
    except_pair(DOUBTFUL, "jaraco-functools")
    assert "is called functools-jaraco now" in rename_by_page(owner)


def test_an_exception_of_a_moderator_lets_it_through_by_api(client, owner, project):
    except_pair(DOUBTFUL, "jaraco-functools")
    assert rename_by_api(client, owner).json()["name"] == DOUBTFUL


def test_a_moderator_renames_by_his_own_judgement(project):
    renames.rename(project, DOUBTFUL, actor=actor(AdministratorFactory()))
    assert Project.objects.get().normalized_name == DOUBTFUL


def test_a_project_takes_back_a_name_that_was_judged(owner, project):
    renames.rename(project, DOUBTFUL, actor=SYSTEM)
    project = renames.rename(project, "cheese-counter", actor=actor(owner))
    assert renames.rename(project, DOUBTFUL, actor=actor(owner)).name == DOUBTFUL


def test_only_policies_about_names_stand_in_the_way(owner, project, settings):
    """What waits for who its owner is waits when it is uploaded; a rename uploads nothing."""
    settings.UPLOAD_HOLD = "everybody"
    assert renames.rename(project, "bread-counter", actor=actor(owner)).name == "bread-counter"


def test_what_is_only_observed_comes_to_the_desk(owner, project):
    set_policy("look-alike-name", "observe")
    jobs.forget()
    renames.rename(project, DOUBTFUL, actor=actor(owner))
    jobs.run_all()
    observation = Observation.objects.get()
    assert observation.case.subject_project == project
    assert "jaraco-functools" in observation.text


def test_a_policy_of_refusals_that_is_told_to_hold_holds_a_rename(owner, project):
    set_policy("prohibited-name", "hold")
    ProhibitedName.objects.create(name="evil-corp", reason="bad")
    with pytest.raises(HeldByPolicy, match="evil-corp is prohibited here"):
        renames.rename(project, "evil-corp", actor=actor(owner))
