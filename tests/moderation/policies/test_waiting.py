"""Which names are refused, and who waits for a moderator."""

from __future__ import annotations

import sys

import pytest
from django.contrib.auth.models import Group, Permission

from accounts import people
from accounts.actors import SYSTEM
from moderation import stdlib
from moderation.models import ProhibitedName
from packages.models import Project
from packages.uploads.stages import RefusedByPolicy, Result
from tests.factories.index import published, submit
from tests.factories.people import AdministratorFactory, ModeratorFactory, UserFactory

pytestmark = pytest.mark.django_db


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["evil-corp", "Evil.Corp", "EVIL__CORP"])
def test_a_prohibited_name_is_refused_in_every_spelling_even_to_administrators(name):
    ProhibitedName.objects.create(name="evil-corp", reason="trade mark")
    for user in (UserFactory(trusted=True), AdministratorFactory()):
        with pytest.raises(
            RefusedByPolicy, match="The name evil-corp is prohibited here"
        ) as refusal:
            submit(user, name)
        assert [error["code"] for error in refusal.value.errors] == ["prohibited-name"]
        assert "trade mark" not in refusal.value.text
    assert not Project.objects.exists()


def test_a_project_that_has_a_prohibited_name_already_goes_on():
    owner = UserFactory(trusted=True)
    published(uploader=owner)
    ProhibitedName.objects.create(name="demo", reason="too late")
    assert submit(owner, version="2.0").result is Result.PUBLISHED


@pytest.mark.parametrize(
    "name",
    [
        "re",
        "os",
        "RE",
        "distutils",
        "asyncio",
        "imp",
        "asyncore",
        "cgi",
        "urllib2",
        "os.path",
        "xml_etree",
        "concurrent-futures",
    ],
)
def test_the_name_of_a_standard_module_is_refused(name):
    with pytest.raises(RefusedByPolicy, match="standard library") as refusal:
        submit(UserFactory(trusted=True), name)
    assert [error["code"] for error in refusal.value.errors] == ["standard-library-name"]
    assert not Project.objects.exists()


@pytest.mark.parametrize("name", ["requests", "re2", "os-tools", "django"])
def test_other_names_are_free(name):
    assert submit(UserFactory(trusted=True), name).result is Result.PUBLISHED


def test_every_public_module_of_this_interpreter_is_known():
    public = {name for name in sys.stdlib_module_names if not name.startswith("_")}
    assert len(public) > 150
    assert [name for name in public if not stdlib.is_module(name)] == []


@pytest.mark.parametrize("name", ["concurrent_futures2", "os-tools", "gatehouse", ""])
def test_what_only_looks_like_a_module_is_none(name):
    assert not stdlib.is_module(name)


# -- holds ---------------------------------------------------------------------------------------


def moderator_by_group():
    user, group = UserFactory(), Group.objects.create(name="moderators")
    group.permissions.add(Permission.objects.get(codename="decide_heldupload"))
    user.groups.add(group)
    return user


PEOPLE = {
    "somebody new": UserFactory,
    "somebody trusted": lambda: UserFactory(trusted=True),
    "a moderator": ModeratorFactory,
    "a moderator by group": moderator_by_group,
    "an administrator": AdministratorFactory,
}
WAITS = {  # for a new project, for a later release
    ("nobody", "somebody new"): (False, False),
    ("untrusted", "somebody new"): (True, False),
    **{("everybody", person): (True, True) for person in PEOPLE},
}


@pytest.mark.parametrize("hold", ["nobody", "untrusted", "everybody"])
@pytest.mark.parametrize("person", PEOPLE)
def test_the_setting_says_who_waits(settings, hold, person):
    settings.UPLOAD_HOLD = hold
    user = PEOPLE[person]()
    waits_first, waits_later = WAITS.get((hold, person), (False, False))
    first = submit(user, "fresh")
    assert (first.result is Result.HELD) is waits_first
    settings.UPLOAD_HOLD = "nobody"
    submit(user, "known")
    settings.UPLOAD_HOLD = hold
    assert (submit(user, "known", "2.0").result is Result.HELD) is waits_later


def test_a_second_project_of_somebody_new_waits_even_when_he_has_another():
    user = UserFactory()
    submit(user, "first")
    assert submit(user, "second").result is Result.HELD


def test_whoever_lost_his_trust_waits_again():
    user = UserFactory(trusted=True)
    assert submit(user, "first").result is Result.PUBLISHED
    people.distrust(user, actor=SYSTEM, reason="spam")
    user.refresh_from_db()
    assert submit(user, "second").result is Result.HELD


def test_a_hold_tells_why():
    (hold,) = submit(UserFactory()).holds
    assert hold["code"] == "first-release-by-new-uploader"
    assert "no moderator has approved yet" in hold["reason"]
