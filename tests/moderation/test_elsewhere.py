"""The other doors of moderators: no way round the second one, and nothing without a decision."""

from __future__ import annotations

import pytest

from accounts import people
from accounts.models import Notice
from accounts.powers import SecondModeratorNeeded
from moderation import appeals, cases, decisions, elsewhere, observations, prohibitions
from moderation.models import Case, Decision, ProhibitedName, Removal
from moderation.observations import Report
from packages import files, projects, releases
from packages.models import File
from tests.factories import jobs
from tests.factories.index import held, published
from tests.factories.people import KeeperFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
VERBS = {"file": files, "release": releases, "project": projects}


@pytest.fixture
def keeper():
    return actor(KeeperFactory())


def arrange(kind):
    owner = UserFactory(trusted=True)
    release = published(uploader=owner)
    thing = {"file": release.files.get(), "release": release, "project": release.project}[kind]
    return owner, thing


def reported(thing, who) -> Case:
    return observations.report(thing, Report("malware", "It steals passwords."), actor=who).case


# -- a decision ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(VERBS))
@pytest.mark.parametrize(("verb", "done"), [("quarantine", "quarantined"), ("delete", "removed")])
def test_what_a_moderator_does_by_another_door_can_be_appealed_and_undone(
    kind, verb, done, keeper, client
):
    owner, thing = arrange(kind)
    jobs.forget()
    getattr(VERBS[kind], verb)(thing, actor=keeper, reason="It is malware.")
    noted = dict(jobs.waiting())["moderation.elsewhere.note"]
    jobs.run_all()
    assert elsewhere.note(*noted) is None
    decision = Decision.objects.get()
    assert (decision.kind, decision.state, decision.subject) == (done, "done", thing)
    assert (decision.reason, decision.moderator) == ("It is malware.", keeper.user)
    assert (decision.case.state, decision.case.claimed_by) == ("decided", keeper.user)
    assert Removal.objects.latest("serial").decision == decision
    [notice] = Notice.objects.of(owner)
    assert "you can appeal once" in notice.text
    client.force_login(owner)
    page = client.get(notice.link).content.decode()
    assert f"/accounts/decisions/{decision.pk}/appeal/" in page
    appeals.file(decision, actor=actor(owner), text="It is none, look again.")
    decisions.undo(decision, actor=actor(KeeperFactory()), reason="You are right.")
    assert File.objects.offered().exists()


def test_the_desk_files_its_decision_once(keeper):
    _, thing = arrange("release")
    case = reported(thing, keeper)
    decisions.quarantine(case, thing, actor=keeper, reason="It is malware.")
    jobs.run_all()
    assert Decision.objects.count() == Case.objects.count() == 1


def test_in_a_case_that_waits_the_decision_stands_and_the_case_goes_on(keeper):
    _, thing = arrange("release")
    case = observations.report(
        thing, Report("malware", "It steals passwords."), actor=actor(UserFactory())
    ).case
    releases.quarantine(thing, actor=keeper, reason="It is malware.")
    jobs.run_all()
    case.refresh_from_db()
    assert (Decision.objects.get().case, case.state) == (case, "open")


def test_an_upload_that_was_approved_by_mistake_is_in_a_quarantine_that_can_be_appealed(keeper):
    stage = held(uploader=UserFactory())
    approved = decisions.approve(stage, actor=keeper, reason="fine")
    decisions.undo(approved, actor=keeper, reason="It was not.")
    jobs.run_all()
    hidden = Decision.objects.get(kind="quarantined")
    assert (hidden.title, hidden.reason) == ("demo 1.0", "It was not.")
    assert appeals.open_to(stage.created_by).get() == hidden


def test_what_owners_delete_and_what_is_cleared_meanwhile_is_no_decision(keeper):
    owner, thing = arrange("release")
    releases.quarantine(thing, actor=keeper, reason="It is malware.")
    releases.clear(thing, actor=keeper, reason="It is none.")
    files.delete(thing.files.get(), actor=actor(owner), reason="Mine.")
    jobs.run_all()
    assert not Decision.objects.exists()


# -- letters promise what there is -----------------------------------------------------------------


def test_owners_read_that_only_moderators_bring_back_what_moderators_removed(keeper):
    owner, thing = arrange("release")
    jobs.forget()
    releases.delete(thing, actor=keeper, reason="It is malware.")
    jobs.run_all()
    text = Notice.objects.of(owner).get().text
    assert "Only the moderators can bring it back." in text
    assert "/settings/" not in text


@pytest.mark.parametrize("verb", ["yank", "clear"])
def test_no_letter_promises_an_appeal_where_there_is_nothing_to_appeal(verb, keeper):
    owner, thing = arrange("release")
    if verb == "clear":
        releases.quarantine(thing, actor=keeper, reason="Look.")
    jobs.forget()
    by = keeper if verb == "clear" else actor(KeeperFactory(is_superuser=True))
    getattr(releases, verb)(thing, actor=by, reason="Well.")
    jobs.run_all()
    notice = Notice.objects.of(owner).latest("pk")
    assert "appeal" not in notice.text
    assert "write to the moderators" in notice.text
    assert notice.link == "/project/demo/settings/"


# -- the second moderator --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(VERBS))
def test_no_other_door_removes_alone_where_the_site_wants_two(kind, keeper, settings):
    settings.SECOND_MODERATOR = True
    _, thing = arrange(kind)
    with pytest.raises(SecondModeratorNeeded, match="propose it in its case on the desk"):
        VERBS[kind].delete(thing, actor=keeper, reason="It is malware.")
    assert File.objects.offered().exists()


def test_nor_do_the_admin_and_the_pages_of_owners(client, settings):
    settings.SECOND_MODERATOR = True
    _, project = arrange("project")
    client.force_login(KeeperFactory())
    sent = {"action": "delete_project", "_selected_action": project.pk, "confirmed": "yes"}
    page = client.post(
        "/admin/packages/project/", sent | {"reason": "It is malware."}, follow=True
    ).content.decode()
    assert "two moderators decide that about demo" in page
    sent = {"reason": "It is malware.", "confirm": "demo"}
    page = client.post("/project/demo/settings/delete/", sent, follow=True).content.decode()
    assert "two moderators decide that about demo" in page
    project.refresh_from_db()
    assert project.deleted_at is None


def test_owners_delete_what_is_theirs_though_moderators_need_a_second(settings):
    settings.SECOND_MODERATOR = True
    owner, release = arrange("release")
    releases.delete(release, actor=actor(owner), reason="Mine.")
    keeper = KeeperFactory()
    other = published("second", uploader=keeper)
    releases.delete(other, actor=actor(keeper), reason="Mine.")
    assert not File.objects.offered().exists()


def test_an_account_is_frozen_by_two_where_the_site_wants_two(keeper, settings, client):
    settings.SECOND_MODERATOR = True
    owner, thing = arrange("project")
    with pytest.raises(SecondModeratorNeeded):
        people.freeze(owner, actor=keeper, reason="Stolen.")
    case = reported(thing, keeper)
    proposed = decisions.freeze(case, owner, actor=keeper, reason="Stolen.")
    decisions.confirm(proposed, actor=actor(KeeperFactory()))
    owner.refresh_from_db()
    assert not owner.is_active


def test_the_name_of_a_project_is_prohibited_by_two_and_a_free_one_by_one(keeper, settings, client):
    settings.SECOND_MODERATOR = True
    _, project = arrange("project")
    with pytest.raises(SecondModeratorNeeded):
        prohibitions.prohibit(["free", "demo"], actor=keeper, reason="Bad.")
    client.force_login(keeper.user)
    sent = {"names": "demo", "reason": "Bad.", "confirmed": "yes"}
    page = client.post("/admin/moderation/prohibitedname/add/", sent).content.decode()
    assert "two moderators decide that about demo" in page
    assert not ProhibitedName.objects.exists()
    prohibitions.prohibit(["free"], actor=keeper, reason="Bad.")
    case = cases.open_about(project)
    proposed = decisions.prohibit_name(case, actor=keeper, reason="Bad.")
    decisions.confirm(proposed, actor=actor(KeeperFactory()))
    assert set(ProhibitedName.objects.values_list("name", flat=True)) == {"free", "demo"}
