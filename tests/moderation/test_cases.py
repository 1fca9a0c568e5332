"""Cases: opened once, worked on by one, decided once, undone exactly; and all of it recorded."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from moderation import cases, decisions, events, observations
from moderation.models import Case, CaseKind, Decision, Note, Observation, ProhibitedName
from moderation.observations import Report
from packages import files, projects, releases, storage
from packages.models import File, Project, Release, Role, Stage
from packages.uploads import staging
from packages.uploads.stages import NotHeld, Result
from pypi_site.lib.problems import Conflict, NotFound, ReasonNeeded, Refused
from tests.factories.index import held, published, submit
from tests.factories.people import (
    AdministratorFactory,
    KeeperFactory,
    ModeratorFactory,
    UserFactory,
    actor,
)
from tests.packages.uploads.sessions.client import newcomer, wheel

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper():
    return actor(KeeperFactory())


def reported(subject, kind="malware", text="It steals passwords.", who=None) -> Case:
    """The case of what somebody reported."""
    reporter = who or actor(UserFactory())
    return observations.report(subject, Report(kind, text), actor=reporter).case


def heard(signal) -> list[dict]:
    """What a signal tells from now on."""
    told: list[dict] = []
    signal.connect(lambda sender, **kwargs: told.append(kwargs), weak=False)
    return told


def trail(action: str) -> AuditEvent:
    return AuditEvent.objects.get(action=action)


# -- open ----------------------------------------------------------------------------------------


def test_what_is_held_lies_on_the_desk_at_once_with_the_people_concerned():
    told = heard(events.case_opened)
    stage = held()
    case = Case.objects.get()
    assert (case.subject, case.kind, case.state) == (stage, "held", "open")
    assert case.title == "demo 1.0 (demo-1.0-py3-none-any.whl)"
    parts = set(case.concerned.values_list("user", "part"))
    assert parts == {(stage.created_by.pk, "uploader"), (stage.created_by.pk, "owner")}
    assert [each["case"] for each in told] == [case]


def test_a_thing_has_one_live_case_however_often_it_is_opened():
    stage = held()
    assert cases.open_about(stage) == cases.open_about(stage) == Case.objects.get()


def test_what_is_published_without_a_decision_leaves_the_desk():
    from packages.uploads import stages

    stage = held()
    stages.approve(stage, actor=SYSTEM, reason="by a command")
    assert Case.objects.get().state == "decided"


def test_a_case_about_a_deleted_account_keeps_its_title(keeper):
    person = UserFactory(username="mallory")
    case = cases.open_about(person, kind=CaseKind.ABUSE)
    person.delete()
    case = Case.objects.get(pk=case.pk)
    assert (case.title, case.subject, case.subject_project) == ("mallory", None, None)
    with pytest.raises(Conflict):
        decisions.dismiss(case, actor=keeper, reason="gone")


# -- work on it ----------------------------------------------------------------------------------


def test_who_claims_a_case_keeps_others_from_deciding_it(keeper):
    stage = held()
    case = cases.claim(Case.objects.get(), actor=keeper)
    assert (case.state, case.claimed_by) == ("claimed", keeper.user)
    other = actor(ModeratorFactory())
    with pytest.raises(cases.ClaimedByAnother, match="works on the case"):
        decisions.approve(stage, actor=other, reason="fine")
    with pytest.raises(cases.ClaimedByAnother):
        cases.claim(case, actor=other)
    assert cases.claim(case, actor=other, take_over=True).claimed_by == other.user
    event = AuditEvent.objects.filter(action="case.claim").first()
    assert event.before == {"state": "claimed", "claimed_by": keeper.user.username}
    assert event.after == {"state": "claimed", "claimed_by": other.user.username}


def test_a_case_is_given_back_laid_aside_and_handed_over(keeper):
    held()
    case = Case.objects.get()
    with pytest.raises(cases.NotClaimed):
        cases.release(case, actor=keeper)
    cases.claim(case, actor=keeper)
    assert cases.release(case, actor=keeper).state == "open"
    assert cases.wait(case, actor=keeper, reason="for the scanner").state == "waiting"
    other = ModeratorFactory()
    handed = cases.hand_over(case, to=other, actor=keeper, reason="You know Rust.")
    assert (handed.state, handed.claimed_by) == ("waiting", other)
    thread = list(case.notes.values_list("kind", "text"))
    assert thread == [
        ("event", "Waits: for the scanner"),
        ("event", f"Handed to {other.username}: You know Rust."),
    ]
    for verb in ("claim", "release", "wait", "hand_over"):
        assert trail(f"case.{verb}").before != trail(f"case.{verb}").after


def test_a_case_is_handed_to_moderators_only(keeper):
    held()
    with pytest.raises(cases.NoModerator):
        cases.hand_over(Case.objects.get(), to=UserFactory(), actor=keeper, reason="Please.")


def test_the_uploader_is_asked_and_answers(keeper, mailoutbox):
    from tests.factories import jobs

    stage = held()
    case = Case.objects.get()
    jobs.forget()
    cases.ask(case, actor=keeper, reason="What is the .so for?")
    assert Case.objects.get().state == "waiting"
    jobs.run_all()
    (mail,) = mailoutbox
    assert mail.to == [stage.created_by.email]
    assert "What is the .so for?" in mail.body
    assert f"/accounts/questions/{case.pk}/" in mail.body
    with pytest.raises(Refused):
        cases.answer(case, actor=actor(UserFactory()), text="It is mine.")
    cases.answer(case, actor=actor(stage.created_by), text="It is the parser.")
    case.refresh_from_db()
    assert (case.state, case.claimed_by) == ("claimed", keeper.user)
    assert list(case.notes.values_list("kind", flat=True)) == ["question", "answer"]


def test_the_uploader_answers_on_a_page_that_is_his_alone(client, keeper):
    stage = held()
    case = Case.objects.get()
    address = f"/accounts/questions/{case.pk}/"
    client.force_login(stage.created_by)
    assert client.get(address).status_code == 404  # nobody has asked
    cases.ask(case, actor=keeper, reason="What is the .so for?")
    cases.note(case, actor=keeper, text="Smells.")
    page = client.get(address).content.decode()
    assert "What is the .so for?" in page
    assert "Smells" not in page
    assert client.post(address, {"text": ""}).status_code == 400
    assert client.post(address, {"text": "It is the parser."})["Location"] == address
    assert Note.objects.get(kind="answer").text == "It is the parser."
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "verb",
    [
        partial(cases.wait, reason=" "),
        partial(cases.note, text=""),
        partial(cases.ask, reason="\n"),
    ],
)
def test_what_others_read_is_not_empty(verb, keeper):
    held()
    with pytest.raises(ReasonNeeded):
        verb(Case.objects.get(), actor=keeper)


@pytest.mark.parametrize(
    "verb",
    [
        cases.claim,
        cases.release,
        partial(cases.wait, reason="x"),
        partial(cases.note, text="x"),
        partial(cases.ask, reason="x"),
    ],
)
@pytest.mark.parametrize("staff", [True, False])
def test_only_moderators_work_on_cases(verb, staff):
    held()
    with pytest.raises(Refused):
        verb(Case.objects.get(), actor=actor(UserFactory(is_staff=staff)))


# -- decide, and undo ----------------------------------------------------------------------------


def arrange(kind: str):
    """Something public of this kind, and the case about it."""
    release = published(sdist=True)
    submit(release.published_by, "demo", "1.0")
    things = {"file": release.files.get(filetype="sdist"), "release": release}
    thing = things.get(kind, release.project)
    return thing, reported(thing)


def picture() -> dict:
    """All that the decisions of the desk may change, as the database has it."""
    return {
        "files": list(File.objects.offered().order_by("pk").values_list("filename", flat=True)),
        "binned": list(File.objects.in_bin().values_list("filename", flat=True)),
        "releases": list(Release.objects.offered().values_list("version", flat=True)),
        "projects": list(Project.objects.order_by("pk").values_list("status", "status_reason")),
        "names": list(ProhibitedName.objects.values_list("name", flat=True)),
        "roles": list(Role.objects.order_by("pk").values_list("user", "kind")),
    }


@pytest.mark.parametrize("kind", ["file", "release", "project"])
@pytest.mark.parametrize("verb", ["quarantine", "remove"])
def test_what_is_public_is_hidden_and_comes_back_exactly(kind, verb, keeper):
    thing, case = arrange(kind)
    files.delete(File.objects.get(filename="demo-1.0-py3-none-any.whl"), actor=SYSTEM, reason="old")
    projects.archive(case.subject_project, actor=SYSTEM, reason="finished")
    before = picture()
    decision = decisions.decide(case, verb, thing, actor=keeper, reason="It is malware.")
    assert picture() != before
    assert File.objects.offered().count() == 0
    event = trail(f"case.{verb}")
    assert event.reason == "It is malware."
    assert event.before["subject"] == decision.before
    assert event.after["subject"] == decision.after != decision.before
    assert (event.before["case"]["state"], event.after["case"]["state"]) == ("open", "decided")
    decisions.undo(decision, actor=keeper, reason="It is not.")
    assert picture() == before
    undone = trail("case.undo")
    assert undone.before["subject"] == decision.after
    assert undone.after["case"]["state"] == "claimed"
    decision.refresh_from_db()
    assert (decision.state, decision.undone_by) == ("undone", keeper.user)
    case.refresh_from_db()
    assert (case.state, case.claimed_by, case.decided_at) == ("claimed", keeper.user, None)


@pytest.mark.parametrize("kind", ["file", "release", "project"])
def test_a_quarantine_that_was_cleared_comes_back_with_its_reason(kind, keeper):
    thing, case = arrange(kind)
    module = {"file": files, "release": releases, "project": projects}[kind]
    module.quarantine(thing, actor=SYSTEM, reason="scanner 7")
    thing.refresh_from_db()
    decision = decisions.clear(case, thing, actor=keeper, reason="a false alarm")
    assert File.objects.offered().count() == 2
    decisions.undo(decision, actor=keeper, reason="it was none")
    thing.refresh_from_db()
    assert thing.quarantined
    assert (
        getattr(thing, "quarantined_reason", "") or getattr(thing, "status_reason", "")
    ) == "scanner 7"


def test_a_prohibited_name_is_free_again_after_the_undo(keeper):
    _thing, case = arrange("project")
    before = picture()
    decision = decisions.prohibit_name(case, actor=keeper, reason="a trade mark")
    assert ProhibitedName.objects.get().name == "demo"
    assert Case.objects.get(pk=case.pk).state == "claimed"  # the project is there still
    with pytest.raises(Conflict):
        decisions.prohibit_name(case, actor=keeper, reason="twice")
    decisions.undo(decision, actor=keeper, reason="they sold it")
    assert picture() == before
    assert trail("case.prohibit").after["subject"]["name_prohibited"] is True
    assert trail("case.undo").after["subject"]["name_prohibited"] is False


def test_a_frozen_account_uploads_again_after_the_undo(keeper, client):
    from tests.factories.people import token_for

    thing, case = arrange("project")
    owner = thing.roles.get().user
    token = token_for(owner)
    client.force_login(owner)
    decision = decisions.freeze(case, owner, actor=keeper, reason="stolen")
    owner.refresh_from_db()
    assert owner.is_active is False
    assert client.get("/accounts/tokens/").status_code == 302
    asked = client.get(
        "/api/v1/projects/demo/stages/", headers={"Authorization": f"Bearer {token}"}
    )
    assert asked.status_code == 403
    with pytest.raises(Conflict):
        decisions.freeze(case, owner, actor=keeper, reason="again")
    decisions.undo(decision, actor=keeper, reason="it is his again")
    owner.refresh_from_db()
    assert owner.is_active is True
    asked = client.get(
        "/api/v1/projects/demo/stages/", headers={"Authorization": f"Bearer {token}"}
    )
    assert asked.status_code == 200
    assert trail("case.freeze").before["subject"]["is_active"] is True
    assert trail("user.unfreeze").after == {"is_active": True}


def test_nobody_freezes_himself_and_moderators_no_colleague(keeper):
    _thing, case = arrange("project")
    for user in (keeper.user, AdministratorFactory()):
        case.concerned.create(user=user, part="owner")
        with pytest.raises(Refused):
            decisions.freeze(case, user, actor=keeper, reason="a row")


def test_a_rejected_upload_waits_again_after_the_undo(keeper):
    stage = held()
    case = Case.objects.get()
    before = picture()
    decision = decisions.reject(stage, actor=keeper, reason="no")
    assert not Role.objects.exists()
    decisions.undo(decision, actor=keeper, reason="I was wrong")
    stage.refresh_from_db()
    assert stage.status == "processing"
    assert stage.files.get().reserved
    assert [role[1:] for role in picture()["roles"]] == [role[1:] for role in before["roles"]]
    assert Role.objects.get().user == stage.created_by
    assert Case.objects.get(pk=case.pk).state == "claimed"
    decisions.approve(stage, actor=keeper, reason="fine after all")
    assert File.objects.offered().count() == 1
    assert trail("stage.hold_again").after == {"status": "processing"}


def test_a_session_that_waited_beyond_its_time_can_be_mended_and_held_again(keeper):
    session = newcomer().open()
    session.add(wheel())
    session.publish()
    stage = Stage.objects.get()
    Stage.objects.filter(pk=stage.pk).update(expires_at=timezone.now() - timedelta(days=1))
    decision = decisions.reject(stage, actor=keeper, reason="no")
    assert staging.expire() == 0
    decisions.undo(decision, actor=keeper, reason="I was wrong")
    stage.refresh_from_db()
    assert stage.status == "processing"
    assert stage.files.count() == 1


def test_a_rejection_is_final_when_the_name_the_file_or_the_bytes_are_gone(keeper):
    stage = held()
    decision = decisions.reject(stage, actor=keeper, reason="no")
    storage.delete(stage.files.get().sha256)
    with pytest.raises(Conflict, match="uploaded anew"):
        decisions.undo(decision, actor=keeper, reason="I was wrong")
    assert submit(UserFactory(trusted=True)).result is Result.PUBLISHED
    with pytest.raises(Conflict):
        decisions.undo(decision, actor=keeper, reason="I was wrong")
    decision.refresh_from_db()
    assert decision.state == "done"


def test_a_rejected_name_that_somebody_else_prepares_is_not_taken_back(keeper):
    stage = held()
    decision = decisions.reject(stage, actor=keeper, reason="no")
    held("demo", "2.0")
    with pytest.raises(projects.NameTaken):
        decisions.undo(decision, actor=keeper, reason="I was wrong")


def test_an_approval_is_undone_by_whoever_could_give_it():
    moderator = actor(ModeratorFactory())
    stage = held()
    decision = decisions.approve(stage, actor=moderator, reason="fine")
    stage.created_by.refresh_from_db()
    assert stage.created_by.trusted_at
    decisions.undo(decision, actor=moderator, reason="not fine")
    assert not File.objects.offered().exists()
    assert Release.objects.get().quarantined
    stage.created_by.refresh_from_db()
    assert stage.created_by.trusted_at is None
    assert Case.objects.get().is_live


def test_undoing_an_approval_leaves_older_files_and_older_trust_alone(settings, keeper):
    owner = published(sdist=True).published_by
    settings.UPLOAD_HOLD = "everybody"
    stage = held(uploader=owner)
    decision = decisions.approve(stage, actor=keeper, reason="fine")
    decisions.undo(decision, actor=keeper, reason="not fine")
    assert File.objects.offered().get().filetype == "sdist"
    owner.refresh_from_db()
    assert owner.trusted_at


def test_a_dismissed_case_says_that_the_report_was_unfounded_until_it_is_undone(keeper):
    thing, case = arrange("release")
    decision = decisions.dismiss(case, actor=keeper, reason="nothing there")
    assert Observation.objects.get().outcome == "unfounded"
    assert observations.state_of(Observation.objects.get()) == "unfounded"
    decisions.undo(decision, actor=keeper, reason="look again")
    assert Observation.objects.get().outcome == ""
    decisions.quarantine(case, thing, actor=keeper, reason="there it is")
    assert Observation.objects.get().outcome == "confirmed"


def test_nothing_is_undone_twice(keeper):
    _thing, case = arrange("release")
    decision = decisions.dismiss(case, actor=keeper, reason="nothing")
    decisions.undo(decision, actor=keeper, reason="look again")
    with pytest.raises(decisions.NotInForce):
        decisions.undo(decision, actor=keeper, reason="and again")


def test_a_decision_may_leave_the_case_open(keeper):
    thing, case = arrange("release")
    decisions.decide(case, "quarantine", thing, actor=keeper, reason="to look", closes=False)
    case.refresh_from_db()
    assert (case.state, case.claimed_by) == ("claimed", keeper.user)
    decisions.clear(case, thing, actor=keeper, reason="fine")
    assert not Case.objects.get().is_live
    assert Observation.objects.get().outcome == "unfounded"


def test_an_upload_that_waits_keeps_its_case_whatever_else_is_decided(keeper):
    stage = held()
    decisions.freeze(Case.objects.get(), stage.created_by, actor=keeper, reason="stolen")
    assert Case.objects.get().is_live


@pytest.mark.parametrize("verb", ["quarantine", "remove", "prohibit", "freeze"])
def test_each_action_takes_its_permission(verb):
    thing, case = arrange("project")
    target = thing.roles.get().user if verb == "freeze" else thing
    with pytest.raises(Refused, match="You may decide cases, but not this"):
        decisions.decide(case, verb, target, actor=actor(ModeratorFactory()), reason="because")
    assert not Decision.objects.exists()


def test_undoing_takes_the_permission_of_the_decision(keeper):
    thing, case = arrange("project")
    decision = decisions.remove(case, thing, actor=keeper, reason="malware")
    with pytest.raises(Refused):
        decisions.undo(decision, actor=actor(ModeratorFactory()), reason="no")
    with pytest.raises(ReasonNeeded):
        decisions.undo(decision, actor=keeper, reason=" ")


def test_a_case_decides_about_nothing_else(keeper):
    thing, case = arrange("project")
    other = published("other")
    for verb, target in (("quarantine", other), ("freeze", UserFactory()), ("approve", thing)):
        with pytest.raises(NotFound):
            decisions.decide(case, verb, target, actor=keeper, reason="because")


def test_a_token_decides_nothing(keeper):
    from accounts import tokens

    _thing, case = arrange("project")
    token = tokens.mint(keeper.user, actor=SYSTEM, name="test")[0]
    with pytest.raises(Refused):
        decisions.dismiss(case, actor=Actor(user=keeper.user, token=token), reason="because")


def test_an_old_decision_without_a_case_is_undone_too(keeper):
    stage = held()
    decision = decisions.reject(stage, actor=keeper, reason="no")
    Decision.objects.update(case=None)
    Case.objects.all().delete()
    decision.refresh_from_db()
    decisions.undo(decision, actor=keeper, reason="I was wrong")
    stage.refresh_from_db()
    assert stage.status == "processing"
    assert Case.objects.get().decisions.get() == decision


def test_a_session_that_is_held_again_is_a_new_case(keeper):
    stage = held()
    decisions.reject(stage, actor=keeper, reason="no")
    again = held(uploader=stage.created_by)
    assert Case.objects.live().get().subject == again
    assert Case.objects.count() == 2


# -- a second pair of eyes -----------------------------------------------------------------------


def test_what_is_destructive_waits_for_a_second_moderator_where_the_site_wants_that(
    settings, keeper
):
    settings.SECOND_MODERATOR = True
    thing, case = arrange("project")
    told = heard(events.decision_proposed)
    decision = decisions.remove(case, thing, actor=keeper, reason="malware")
    case.refresh_from_db()
    assert (decision.state, case.state, case.claimed_by) == ("proposed", "waiting", None)
    assert [each["decision"] for each in told] == [decision]
    assert File.objects.offered().exists()
    with pytest.raises(decisions.ProposedAlready):
        decisions.prohibit_name(case, actor=keeper, reason="too")
    with pytest.raises(decisions.SecondModeratorNeeded):
        decisions.confirm(decision, actor=keeper)
    with pytest.raises(Refused):
        decisions.confirm(decision, actor=actor(ModeratorFactory()))
    second = actor(KeeperFactory())
    confirmed = decisions.confirm(decision, actor=second, reason="I agree.")
    assert (confirmed.state, confirmed.moderator, confirmed.second_moderator) == (
        "done",
        keeper.user,
        second.user,
    )
    assert not File.objects.offered().exists()
    assert not Case.objects.get().is_live
    assert trail("case.propose").user == keeper.user
    assert trail("case.remove").user == second.user
    decisions.undo(confirmed, actor=keeper, reason="we were wrong")
    assert File.objects.offered().exists()


def test_a_proposal_is_withdrawn_and_nothing_has_happened(settings, keeper):
    settings.SECOND_MODERATOR = True
    thing, case = arrange("project")
    decision = decisions.remove(case, thing, actor=keeper, reason="malware")
    decisions.withdraw(decision, actor=keeper, reason="a mistake")
    with pytest.raises(decisions.NotInForce):
        decisions.confirm(decision, actor=actor(KeeperFactory()))
    assert File.objects.offered().exists()
    assert Case.objects.get().state == "open"


def test_a_quarantine_waits_for_nobody(settings, keeper):
    settings.SECOND_MODERATOR = True
    thing, case = arrange("project")
    assert decisions.quarantine(case, thing, actor=keeper, reason="now").state == "done"


def test_a_decided_upload_is_told_as_before(keeper):
    stage = held()
    decisions.approve(stage, actor=keeper, reason="first")
    with pytest.raises(NotHeld):
        decisions.reject(stage, actor=keeper, reason="second")
