"""Which names are refused, and who waits for a moderator."""

from __future__ import annotations

import sys

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts import people
from accounts.actors import SYSTEM
from moderation import decisions, stdlib
from moderation.models import ProhibitedName
from packages.models import Project
from packages.uploads import stages
from packages.uploads.stages import RefusedByPolicy, Result
from tests.factories import jobs
from tests.factories.index import held, published, submit
from tests.factories.people import AdministratorFactory, ModeratorFactory, UserFactory, actor
from tests.moderation.policies.helpers import set_policy

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


@pytest.mark.parametrize("hold", ["nobody", "untrusted"])
@pytest.mark.parametrize("person", PEOPLE)
def test_first_releases_wait_as_the_policy_is_set_whatever_the_environment_says(
    settings, hold, person
):
    settings.UPLOAD_HOLD = hold
    user = PEOPLE[person]()
    set_policy("first-release", numbers={"who": 1})
    assert (submit(user, "fresh").result is Result.HELD) is (person == "somebody new")
    set_policy("first-release", numbers={"who": 2})
    outcome = submit(user, "second")
    assert outcome.result is Result.HELD
    code = "first-release-by-new-uploader" if person == "somebody new" else "first-release"
    assert [each["code"] for each in outcome.holds] == [code]
    stages.approve(outcome.stage, actor=SYSTEM, reason="It is good.")
    assert submit(user, "second", "2.0").result is Result.PUBLISHED


@pytest.mark.parametrize("hold", ["nobody", "untrusted"])
def test_new_accounts_wait_where_that_is_switched_on_whatever_the_environment_says(settings, hold):
    settings.UPLOAD_HOLD = "nobody"
    user = UserFactory()
    assert submit(user, "first").result is Result.PUBLISHED
    settings.UPLOAD_HOLD = hold
    set_policy("new-account", enabled=True)
    outcome = submit(user, "first", "2.0")
    assert [each["code"] for each in outcome.holds] == ["new-account"]


@pytest.mark.parametrize(
    ("hold", "facts", "said"),
    [
        ("nobody", {}, "So this policy holds nothing"),
        ("nobody", {"numbers": {"who": 2}}, "nobody waits for who he is."),
        ("untrusted", {"enabled": False}, "This policy is what sees to it, and it is switched off"),
        ("everybody", {}, "GATEHOUSE_HOLD is everybody: every upload waits."),
    ],
)
def test_the_pages_say_what_the_environment_says_and_what_comes_of_it(
    client, settings, hold, facts, said
):
    settings.UPLOAD_HOLD = hold
    set_policy("first-release", **facts)
    client.force_login(AdministratorFactory())
    listed = client.get(reverse("admin:moderation_policysetting_changelist")).content.decode()
    page = reverse("admin:moderation_policysetting_set", args=["first-release"])
    text = client.get(page).content.decode()
    assert said in listed
    assert said in text
    assert ("holds nothing" in text) is ("holds nothing" in said)
    page = reverse("admin:moderation_policysetting_set", args=["new-account"])
    text = client.get(page).content.decode()
    assert f"GATEHOUSE_HOLD is {hold}" in text
    assert "counts whatever that says" in text


def test_the_letter_promises_nothing_where_everybody_waits(mailoutbox):
    """Trusted people's next new projects wait, too."""
    promise = "published without waiting"
    for name, who in (("first", 1), ("second", 2)):
        set_policy("first-release", numbers={"who": who})
        stage = held(name, uploader=UserFactory())
        moderator = actor(ModeratorFactory())
        decisions.approve(stage, actor=moderator, reason="It is good.")
        mailoutbox.clear()
        jobs.run_all()
        letters = [letter.body for letter in mailoutbox if "approved your upload" in letter.body]
        assert [promise in body for body in letters] == [who == 1]


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
