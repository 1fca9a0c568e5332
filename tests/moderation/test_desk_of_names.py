"""Names on the desk: prohibited ones, releases, likenesses that are none, and *Check a name*."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from moderation.models import PolicySetting, ProhibitedName, SimilarityException
from moderation.policies import settings as policy_settings
from packages import projects, renames
from packages.uploads.policies import Submission, Verdict, refuse
from packages.uploads.stages import RefusedByPolicy, Result
from tests.factories.desk import NAMES, prohibit
from tests.factories.index import held, published, submit
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# -- prohibited names ----------------------------------------------------------------------------


@pytest.fixture
def keeper(client):
    user = UserFactory(is_staff=True)
    wanted = Permission.objects.filter(content_type__model="prohibitedname")
    user.user_permissions.set(wanted)
    client.force_login(user)
    client.user = user
    return client


def test_a_name_is_prohibited_in_its_normal_spelling_and_in_the_trail(keeper):
    assert prohibit(keeper, "Evil.Corp")["Location"] == NAMES
    row = ProhibitedName.objects.get()
    assert (str(row), row.created_by) == ("evil-corp", keeper.user)
    event = AuditEvent.objects.get(action="name.prohibit")
    assert (event.subject, event.reason, event.user) == ("evil-corp", "a trade mark", keeper.user)
    with pytest.raises(RefusedByPolicy):
        submit(UserFactory(trusted=True), "EVIL_corp")


@pytest.mark.parametrize("name", ["evil-corp", "Evil_Corp", "EVIL..CORP"])
def test_a_name_is_prohibited_once(keeper, name):
    prohibit(keeper, "evil-corp")
    again = prohibit(keeper, name)
    assert again.status_code == 200
    assert b"It is prohibited already" in again.content
    assert ProhibitedName.objects.count() == 1


@pytest.mark.parametrize("name", ["", "-x", "é", "x" * 129, "a\0b"])
def test_what_could_be_no_name_is_not_prohibited(keeper, name):
    assert prohibit(keeper, name).status_code == 200
    assert not ProhibitedName.objects.exists()


def test_a_prohibition_needs_a_reason(keeper):
    assert prohibit(keeper, "evil-corp", reason="").status_code == 200
    assert not ProhibitedName.objects.exists()


def test_the_reason_is_corrected_and_the_name_is_not(keeper):
    prohibit(keeper, "evil-corp")
    row = ProhibitedName.objects.get()
    address = f"{NAMES}{row.pk}/change/"
    assert keeper.get(address).status_code == 200
    keeper.post(address, {"name": "other", "reason": "better said"})
    row.refresh_from_db()
    assert (row.name, row.reason, row.created_by) == ("evil-corp", "better said", keeper.user)
    event = AuditEvent.objects.get(action="name.change_prohibition")
    assert (event.before, event.after) == ({"reason": "a trade mark"}, {"reason": "better said"})


def act_on(client, address, action, rows, **fields):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(address, chosen, follow=True)


def test_a_name_that_is_allowed_again_is_free_and_the_reason_is_kept(keeper):
    prohibit(keeper, "evil-corp")
    row = ProhibitedName.objects.get()
    asked = act_on(keeper, NAMES, "allow", [row])
    assert b"Reason" in asked.content
    act_on(keeper, NAMES, "allow", [row], confirmed="yes", reason="They sold the mark.")
    event = AuditEvent.objects.get(action="name.allow")
    assert event.reason == "They sold the mark."
    assert event.before["name"] == "evil-corp"
    assert submit(UserFactory(trusted=True), "evil-corp").result is Result.PUBLISHED


def test_several_names_are_prohibited_after_a_look_at_what_they_hit(keeper):
    project = published("demo").project
    given = {"names": "Evil.Corp, demo\nworse", "reason": "trade marks"}
    look = keeper.post(f"{NAMES}add/", given)
    assert b"The project" in look.content
    assert project.get_absolute_url().encode() in look.content
    assert not ProhibitedName.objects.exists()
    keeper.post(f"{NAMES}add/", {**given, "seen": look.context["seen"], "confirmed": "yes"})
    names = ProhibitedName.objects.values_list("name", flat=True)
    assert sorted(names) == ["demo", "evil-corp", "worse"]
    assert AuditEvent.objects.filter(action="name.prohibit", reason="trade marks").count() == 3


@pytest.mark.parametrize("names", ["evil-corp, unseen", "unseen", "evil-corp"])
def test_only_what_was_looked_at_is_prohibited(keeper, names):
    """The field can be edited after the look, and a form be sent without one."""
    look = keeper.post(f"{NAMES}add/", {"names": "evil-corp, worse", "reason": "trade marks"})
    given = {"names": names, "reason": "trade marks", "confirmed": "yes"}
    for seen in (look.context["seen"], ""):
        again = keeper.post(f"{NAMES}add/", {**given, "seen": seen})
        assert "This is not what you looked at" in again.content.decode()
    assert not ProhibitedName.objects.exists()
    keeper.post(f"{NAMES}add/", {**given, "seen": again.context["seen"]})
    assert ProhibitedName.objects.exists()


def test_what_happens_between_look_and_deed_is_looked_at_too(keeper):
    given = {"names": "demo", "reason": "trade marks"}
    seen = keeper.post(f"{NAMES}add/", given).context["seen"]
    published("demo")
    again = keeper.post(f"{NAMES}add/", {**given, "seen": seen, "confirmed": "yes"})
    assert b"has this name" in again.content
    assert not ProhibitedName.objects.exists()


def test_more_names_than_anybody_reads_are_refused(keeper):
    many = " ".join(f"name{number}" for number in range(1001))
    answer = keeper.post(f"{NAMES}add/", {"names": many, "reason": "all", "confirmed": "yes"})
    assert b"at most 1000 names" in answer.content
    assert not ProhibitedName.objects.exists()


def test_a_name_is_released_to_one_person(keeper):
    prohibit(keeper, "evil-corp")
    row, friend = ProhibitedName.objects.get(), UserFactory(trusted=True)
    address = f"{NAMES}{row.pk}/release/"
    assert keeper.get(address).status_code == 200
    unknown = keeper.post(address, {"username": "nobody", "reason": "theirs"})
    assert b"Nobody with an account" in unknown.content
    keeper.post(address, {"username": friend.username, "reason": "theirs"})
    row.refresh_from_db()
    assert row.released_to == friend
    event = AuditEvent.objects.get(action="name.release")
    assert (event.reason, event.after) == ("theirs", {"released_to": friend.username})
    assert submit(friend, "evil-corp").result is Result.PUBLISHED
    assert keeper.get(f"{NAMES}99999/release/").status_code == 404


def test_a_name_of_the_standard_library_is_released_in_one_step(keeper):
    author = UserFactory(trusted=True)
    given = {"name": "DataClasses", "username": author.username, "reason": "the backport"}
    assert b"Release a name to somebody" in keeper.get(NAMES).content
    assert b"dataclasses" in keeper.get(f"{NAMES}release/?name=dataclasses").content
    assert (
        b"Nobody can register con"
        in keeper.post(f"{NAMES}release/", {**given, "name": "con"}).content
    )
    assert keeper.post(f"{NAMES}release/", given)["Location"] == NAMES
    row = ProhibitedName.objects.get()
    assert (row.name, row.released_to, row.created_by) == ("dataclasses", author, keeper.user)
    actions = AuditEvent.objects.filter(subject="dataclasses").values_list("action", "reason")
    assert set(actions) == {("name.prohibit", "the backport"), ("name.release", "the backport")}
    assert submit(author, "dataclasses").result is Result.PUBLISHED


def test_a_release_is_taken_back(keeper):
    prohibit(keeper, "evil-corp")
    row, friend = ProhibitedName.objects.get(), UserFactory(trusted=True)
    early = act_on(keeper, NAMES, "take_back", [row], confirmed="yes", reason="No more.")
    assert "The name evil-corp is released to nobody." in told(early)[-1]
    keeper.post(f"{NAMES}{row.pk}/release/", {"username": friend.username, "reason": "theirs"})
    act_on(keeper, NAMES, "take_back", [row], confirmed="yes", reason="They sold it.")
    event = AuditEvent.objects.get(action="name.take_back")
    assert (event.reason, event.before["released_to"]) == ("They sold it.", friend.username)
    with pytest.raises(RefusedByPolicy):
        submit(friend, "evil-corp")


def test_nobody_deletes_a_prohibition_without_a_reason(keeper):
    prohibit(keeper, "evil-corp")
    row = ProhibitedName.objects.get()
    assert keeper.post(f"{NAMES}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    act_on(keeper, NAMES, "delete_selected", [row], post="yes")
    assert ProhibitedName.objects.exists()


def test_the_names_are_listed_and_searched(keeper):
    prohibit(keeper, "evil-corp")
    assert b"evil-corp" in keeper.get(NAMES).content
    assert b"evil-corp" in keeper.get(f"{NAMES}?q=trade").content


def test_a_moderator_of_uploads_does_not_prohibit_names(desk):
    assert desk.get(NAMES).status_code == 403
    assert prohibit(desk, "evil-corp").status_code == 403


@pytest.mark.parametrize("path", ["1/release/", "release/", "add/"])
def test_whoever_may_not_prohibit_does_not_release_either(desk, path):
    ProhibitedName.objects.create(pk=1, name="evil-corp", reason="bad")
    assert desk.get(NAMES + path).status_code == 403


# -- look-alikes ---------------------------------------------------------------------------------

LIKENESSES = "/admin/moderation/similarityexception/"
CHECK = f"{LIKENESSES}check/"


@pytest.fixture
def judge(client):
    user = UserFactory(is_staff=True)
    wanted = Permission.objects.filter(content_type__model="similarityexception")
    user.user_permissions.set(wanted)
    client.force_login(user)
    return client


def test_a_moderator_checks_a_name_and_reads_why(desk):
    page = desk.get(CHECK, {"name": "Reqeusts"})
    assert b"swaps two letters of `requests`" in page.content
    assert b"block" in page.content
    assert b"Except this pair" not in page.content


def test_the_check_tells_every_objection(desk):
    ProhibitedName.objects.create(name="reqeusts", reason="bad")
    published("demo")
    assert b"prohibited here" in desk.get(CHECK, {"name": "reqeusts"}).content
    assert b"There is a project demo already" in desk.get(CHECK, {"name": "demo"}).content
    assert b"standard library" in desk.get(CHECK, {"name": "os"}).content


def set_lookalikes(**changes) -> None:
    PolicySetting.objects.create(code="look-alike-name", **changes)
    policy_settings.forget()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"numbers": {"block": 1.5, "review": 0.2}}, "<strong>review</strong>"),
        ({"numbers": {"block": 1.5, "review": 0.2}}, "refused from 1.50, held from 0.20 on"),
        ({"action": "hold"}, "<strong>review</strong>"),
        ({"action": "observe"}, "The policy is told to publish it and tell the moderators."),
        ({"enabled": False}, "The policy is switched off"),
        ({"enabled": False}, "<strong>allow</strong>"),
    ],
)
def test_the_check_says_what_the_policy_does_as_it_is_set(desk, changes, told):
    set_lookalikes(**changes)
    assert told in desk.get(CHECK, {"name": "reqeusts"}).content.decode()


def test_the_check_tells_of_names_that_nobody_gets(desk):
    former = published("old-cheese").project
    renames.rename(former, "new-cheese", actor=SYSTEM)
    gone = projects.delete(published("gone-bread").project, actor=SYSTEM, reason="over")
    waiting = held("waiting-milk").project
    for name, told in [
        ("con", "The name con is reserved"),
        ("old-cheese", "It is a former name of the project new-cheese"),
        (gone.name, "There was a project gone-bread"),
        (waiting.name, "somebody has uploaded to it, nothing is public"),
    ]:
        assert told in desk.get(CHECK, {"name": name}).content.decode()


def refuse_everything(submission: Submission) -> Verdict:
    """A site's own policy, a plain function."""
    return refuse("closed", "We are full.")


def test_the_check_tells_of_refusals_by_whatever_policy(desk, settings):
    settings.UPLOAD_POLICIES = ["tests.moderation.test_desk_of_names.refuse_everything"]
    page = desk.get(CHECK, {"name": "bread-counter"}).content.decode()
    assert '<th scope="row">Refused</th><td>We are full.</td>' in page


def test_the_check_tells_of_policies_that_are_told_to_hold(desk):
    PolicySetting.objects.create(code="prohibited-name", action="hold")
    policy_settings.forget()
    ProhibitedName.objects.create(name="evil-corp", reason="bad")
    assert '<th scope="row">Held</th>' in desk.get(CHECK, {"name": "evil-corp"}).content.decode()


@pytest.mark.parametrize("name", ["-", "é", "a b", "x" * 129, "a\0b"])
def test_what_is_no_name_is_told_so(desk, name):
    page = desk.get(CHECK, {"name": name})
    assert page.status_code == 200
    assert b"errorlist" in page.content


def test_a_stranger_checks_nothing(client):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(CHECK).status_code == 403


def except_pair(client, **fields):
    given = {"candidate": "Reqeusts", "target": "requests", "owner": "", "reason": "a pun"}
    return client.post(f"{LIKENESSES}add/", {**given, **fields})


def test_an_excepted_pair_is_free_until_the_exception_is_withdrawn(judge):
    assert except_pair(judge).status_code == 302
    assert AuditEvent.objects.get(action="similarity.except").reason == "a pun"
    row = SimilarityException.objects.get()
    assert (row.candidate, row.created_by) == ("reqeusts", AuditEvent.objects.first().user)
    assert submit(UserFactory(trusted=True), "reqeusts").result is Result.PUBLISHED
    act_on(judge, LIKENESSES, "withdraw", [row], confirmed="yes", reason="no pun")
    assert not SimilarityException.objects.exists()
    assert AuditEvent.objects.get(action="similarity.withdraw").before["target"] == "requests"


@pytest.mark.parametrize(
    "fields",
    [
        {"candidate": ""},
        {"target": ""},
        {"target": "é"},
        {"reason": ""},
        {"owner": "nobody-here"},
        {"owner": "a\0b"},
        {"owner": "x" * 5000},
    ],
)
def test_an_exception_that_says_too_little_is_not_made(judge, fields):
    assert except_pair(judge, **fields).status_code == 200
    assert not SimilarityException.objects.exists()


def test_an_exception_for_everything_of_somebody_names_him_by_his_username(judge):
    """Whoever makes exceptions need not be allowed to look among accounts."""
    owner = UserFactory(username="Morag")
    page = judge.get(f"{LIKENESSES}add/").content.decode()
    assert ("lookup" in page, 'type="text" name="owner"' in page) == (False, True)
    refused = except_pair(judge, candidate="", owner=str(owner.pk)).content.decode()
    assert "Nobody with an account here is called so" in refused
    assert except_pair(judge, candidate="", owner=" Morag ").status_code == 302
    assert SimilarityException.objects.get().owner == owner
    page = judge.get(f"{LIKENESSES}{SimilarityException.objects.get().pk}/change/")
    assert b"Morag" in page.content


def test_an_exception_is_made_once(judge):
    except_pair(judge)
    assert except_pair(judge).status_code == 200
    assert SimilarityException.objects.count() == 1


def test_the_check_offers_the_release_to_whoever_may_release(whole_desk, moderator):
    address = b"/admin/moderation/prohibitedname/release/?name=os"
    assert address in whole_desk.get(CHECK, {"name": "os"}).content
    whole_desk.force_login(moderator)
    assert address not in whole_desk.get(CHECK, {"name": "os"}).content


def test_the_check_offers_the_exception_to_whoever_may_make_it(judge):
    page = judge.get(CHECK, {"name": "reqeusts"})
    assert b"candidate=reqeusts&amp;target=requests" in page.content
