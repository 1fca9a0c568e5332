"""What a later step has ended is not in force any more, wherever that step was taken."""

from __future__ import annotations

import pytest

from accounts import people
from accounts.models import Notice
from moderation import appeals, cases, decisions, observations, prohibitions
from moderation.models import Appeal, Case, Decision, Observation, ProhibitedName
from moderation.observations import Report
from packages import files, projects, releases
from pypi_site.lib.problems import Conflict
from tests.factories import jobs
from tests.factories.index import held, published
from tests.factories.people import AdministratorFactory, KeeperFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
TEXT = "Those variables are those of its own tests."
VERBS = {"file": files, "release": releases, "project": projects}


@pytest.fixture
def keeper():
    return actor(AdministratorFactory())


def reported(subject, reporter=None) -> Case:
    report = Report("malware", "It steals passwords.")
    return observations.report(subject, report, actor=actor(reporter or UserFactory())).case


def arrange(kind, reporter=None):
    release = published(uploader=UserFactory(trusted=True))
    thing = {"file": release.files.get(), "release": release, "project": release.project}[kind]
    return thing, reported(thing, reporter)


def state_of(decision) -> str:
    return Decision.objects.get(pk=decision.pk).state


@pytest.mark.parametrize("kind", list(VERBS))
def test_what_was_hidden_and_then_cleared_as_a_false_alarm_confirms_no_report(
    kind, keeper, client, mailoutbox
):
    reporter = UserFactory()
    thing, case = arrange(kind, reporter)
    hidden = decisions.decide(case, "quarantine", thing, actor=keeper, reason="why", closes=False)
    decisions.clear(case, thing, actor=keeper, reason="It is a test.")
    jobs.run_all()
    assert state_of(hidden) == "lifted"
    assert Observation.objects.get().outcome == "unfounded"
    notice = Notice.objects.of(reporter).latest("pk")
    assert "nothing was wrong" in notice.title
    assert "you can appeal once" in notice.text
    client.force_login(reporter)
    page = client.get("/accounts/reports/").content.decode()
    assert "It is a test." in page
    assert f"/accounts/decisions/{Decision.objects.latest('pk').pk}/appeal/" in page


def test_the_owner_appeals_no_quarantine_that_is_cleared(keeper, client, whole_desk):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.decide(case, "quarantine", thing, actor=keeper, reason="why", closes=False)
    assert appeals.open_to(owner).get() == hidden
    decisions.clear(case, thing, actor=keeper, reason="fine")
    assert not appeals.open_to(owner).exists()
    with pytest.raises(appeals.NothingToAppeal):
        appeals.file(hidden, actor=actor(owner), text=TEXT)
    with pytest.raises(decisions.NotInForce, match="not in force any more"):
        decisions.undo(hidden, actor=keeper, reason="again")
    client.force_login(whole_desk.user)
    page = client.get(case.get_absolute_url()).content.decode()
    assert f"decisions/{hidden.pk}/undo/" not in page
    assert "a later step has ended it" in page
    client.force_login(owner)
    assert "not in force any more" in client.get("/accounts/decisions/").content.decode()


def test_a_clearance_that_is_taken_back_puts_the_quarantine_in_force_again(keeper):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.decide(case, "quarantine", thing, actor=keeper, reason="why", closes=False)
    cleared = decisions.clear(case, thing, actor=keeper, reason="fine")
    decisions.undo(cleared, actor=keeper, reason="It was malware.")
    assert state_of(hidden) == "done"
    assert appeals.open_to(owner).get() == hidden
    decisions.undo(hidden, actor=keeper, reason="No, it was not.")
    assert state_of(hidden) == "undone"


@pytest.mark.parametrize("kind", list(VERBS))
def test_a_quarantine_that_was_cleared_elsewhere_is_not_in_force(kind, keeper):
    thing, case = arrange(kind)
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    VERBS[kind].clear(thing, actor=keeper, reason="fine")
    assert state_of(hidden) == "lifted"


@pytest.mark.parametrize("kind", list(VERBS))
def test_what_was_restored_elsewhere_is_not_removed(kind, keeper):
    thing, case = arrange(kind)
    gone = decisions.remove(case, thing, actor=keeper, reason="why")
    VERBS[kind].restore(thing, actor=keeper, reason="fine")
    assert state_of(gone) == "lifted"


def test_an_account_that_works_again_and_a_name_that_is_free_are_not_in_force(keeper):
    thing, case = arrange("project")
    owner = thing.roles.get().user
    frozen = decisions.freeze(case, owner, actor=keeper, reason="why")
    prohibited = decisions.prohibit_name(case, actor=keeper, reason="why")
    people.unfreeze(owner, actor=keeper, reason="fine")
    prohibitions.allow(ProhibitedName.objects.get(), actor=keeper, reason="fine")
    assert (state_of(frozen), state_of(prohibited)) == ("lifted", "lifted")
    assert not appeals.open_to(owner).exists()


def test_a_quarantine_of_something_else_stays_in_force(keeper):
    thing, case = arrange("release")
    other, others_case = thing.files.get(), reported(thing.files.get())
    hidden = decisions.quarantine(others_case, other, actor=keeper, reason="why")
    decisions.decide(case, "quarantine", thing, actor=keeper, reason="too", closes=False)
    decisions.clear(case, thing, actor=keeper, reason="fine")
    assert state_of(hidden) == "done"


# -- appeals are answered by what is about them ----------------------------------------------------


def test_clearing_a_quarantine_does_not_answer_the_appeal_of_whoever_is_frozen(keeper):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    decisions.decide(case, "quarantine", thing, actor=keeper, reason="why", closes=False)
    frozen = decisions.freeze(case, owner, actor=keeper, reason="why")
    appeals.file(frozen, actor=actor(owner), text=TEXT)
    second = actor(AdministratorFactory())
    decisions.clear(case, thing, actor=second, reason="It is harmless.")
    appeal = Appeal.objects.get()
    assert (appeal.outcome, Case.objects.get().state) == ("", "appealed")
    decisions.undo(frozen, actor=second, reason="He is harmless, too.")
    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.answer) == ("granted", "He is harmless, too.")


def test_clearing_grants_the_appeal_against_that_quarantine(keeper):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    appeals.file(hidden, actor=actor(owner), text=TEXT)
    decisions.clear(case, thing, actor=actor(AdministratorFactory()), reason="It is harmless.")
    appeal = Appeal.objects.get()
    assert (appeal.outcome, appeal.answer) == ("granted", "It is harmless.")
    assert Observation.objects.get().outcome == "unfounded"


def test_removing_what_was_hidden_refuses_the_appeal(keeper):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    appeals.file(hidden, actor=actor(owner), text=TEXT)
    decisions.remove(case, thing, actor=actor(AdministratorFactory()), reason="It is worse.")
    assert Appeal.objects.get().outcome == "refused"


def test_an_appeal_against_what_was_ended_elsewhere_is_granted(keeper, whole_desk):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    appeals.file(hidden, actor=actor(owner), text=TEXT)
    releases.clear(thing, actor=keeper, reason="fine")
    assert "Refuse the appeal" not in whole_desk.get(case.get_absolute_url()).content.decode()
    decisions.dismiss(case, actor=actor(AdministratorFactory()), reason="It is cleared.")
    assert Appeal.objects.get().outcome == "granted"


def test_a_reporter_appeals_once_against_a_clearance_and_acting_upon_it_grants_that(keeper):
    reporter = UserFactory()
    thing, case = arrange("release", reporter)
    decisions.decide(case, "quarantine", thing, actor=keeper, reason="why", closes=False)
    cleared = decisions.clear(case, thing, actor=keeper, reason="fine")
    assert appeals.open_to(reporter).get() == cleared
    appeals.file(cleared, actor=actor(reporter), text=TEXT)
    with pytest.raises(appeals.AppealedAlready):
        appeals.file(cleared, actor=actor(reporter), text=TEXT)
    decisions.quarantine(case, thing, actor=actor(AdministratorFactory()), reason="It does.")
    assert (Appeal.objects.get().outcome, Observation.objects.get().outcome) == (
        "granted",
        "confirmed",
    )


# -- a case goes on as what it was -----------------------------------------------------------------


@pytest.mark.parametrize("verb", ["prohibit", "freeze"])
def test_a_confirmed_proposal_that_leaves_the_case_open_does_not_lay_it_aside(
    verb, settings, keeper
):
    settings.SECOND_MODERATOR = True
    thing, case = arrange("project")
    target = thing.roles.get().user if verb == "freeze" else thing
    proposed = decisions.decide(case, verb, target, actor=keeper, reason="why")
    second = actor(AdministratorFactory())
    decisions.confirm(proposed, actor=second)
    case.refresh_from_db()
    assert (case.state, case.claimed_by) == ("claimed", second.user)


@pytest.mark.parametrize("end", ["withdraw", "confirm"])
def test_an_appealed_case_is_appealed_again_after_a_proposal(end, settings, keeper):
    settings.SECOND_MODERATOR = True
    thing, case = arrange("project")
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    appeals.file(hidden, actor=actor(thing.roles.get().user), text=TEXT)
    second, third = actor(KeeperFactory()), actor(KeeperFactory())
    proposed = decisions.prohibit_name(case, actor=second, reason="too")
    assert Case.objects.get().state == "waiting"
    getattr(decisions, end)(proposed, actor=third, reason="well")
    assert Case.objects.get().state == "appealed"


def test_an_appealed_case_is_appealed_again_when_its_uploader_has_answered(keeper):
    thing, case = arrange("project")
    owner = thing.roles.get().user
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    appeals.file(hidden, actor=actor(owner), text=TEXT)
    cases.ask(case, actor=actor(AdministratorFactory()), reason="Which tests?")
    cases.answer(case, actor=actor(owner), text="Those of the parser.")
    assert Case.objects.get().state == "appealed"


def test_a_case_whose_uploader_is_asked_waits_again_after_a_proposal(settings, keeper):
    settings.SECOND_MODERATOR = True
    _thing, case = arrange("project")
    cases.ask(case, actor=keeper, reason="What is it for?")
    proposed = decisions.prohibit_name(case, actor=keeper, reason="why")
    decisions.withdraw(proposed, actor=keeper, reason="not yet")
    assert Case.objects.get().state == "waiting"


def test_undoing_one_decision_leaves_the_appeal_against_another(keeper):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.decide(case, "quarantine", thing, actor=keeper, reason="why", closes=False)
    frozen = decisions.freeze(case, owner, actor=keeper, reason="why")
    for decision in (hidden, frozen):
        appeals.file(decision, actor=actor(owner), text=TEXT)
    decisions.undo(hidden, actor=actor(AdministratorFactory()), reason="fine")
    assert Case.objects.get().state == "appealed"
    assert Appeal.objects.get(outcome="").decision == frozen


# -- answers ---------------------------------------------------------------------------------------


def test_a_question_is_answered_and_the_answer_completed_once(client, keeper):
    uploader = UserFactory()
    case = cases.live(held(uploader=uploader))
    cases.ask(case, actor=keeper, reason="What is it for?")
    client.force_login(uploader)
    address = f"/accounts/questions/{case.pk}/"
    for text in ("For counting sheep.", "Goats, too."):
        assert client.post(address, {"text": text}).status_code == 302
    refused = client.post(address, {"text": "And cows."})
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "they ask again if they need more" in page
    assert "<textarea" not in page
    assert case.notes.filter(kind="answer").count() == 2
    cases.ask(case, actor=keeper, reason="And cows?")
    assert client.post(address, {"text": "Yes."}).status_code == 302


def test_an_answer_is_as_long_as_somebody_reads(client, keeper):
    uploader = UserFactory()
    case = cases.live(held(uploader=uploader))
    cases.ask(case, actor=keeper, reason="What is it for?")
    client.force_login(uploader)
    refused = client.post(f"/accounts/questions/{case.pk}/", {"text": "a" * 5001})
    assert refused.status_code == 400
    assert "at most 5000 characters" in refused.content.decode()
    assert not case.notes.filter(kind="answer").exists()


def test_nobody_answers_what_was_not_asked(keeper):
    uploader = UserFactory()
    case = cases.live(held(uploader=uploader))
    with pytest.raises(Conflict, match="they ask again"):
        cases.answer(case, actor=actor(uploader), text="Look, sheep!")


def test_an_owner_of_now_is_asked_and_may_answer(client, keeper):
    stage = held(uploader=UserFactory())
    case, owner = cases.live(stage), UserFactory()
    stage.project.roles.create(user=owner, kind="owner")
    cases.ask(case, actor=keeper, reason="What is it for?")
    jobs.run_all()
    link = Notice.objects.of(owner).get(title__startswith="A question").link
    client.force_login(owner)
    assert client.post(link, {"text": "For counting sheep."}).status_code == 302
    assert case.notes.get(kind="answer").author == owner


@pytest.mark.parametrize(("verb", "outcome"), [("clear", "granted"), ("dismiss", "refused")])
def test_an_appeal_waits_again_when_its_answer_is_taken_back(verb, outcome, keeper):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    appeals.file(hidden, actor=actor(owner), text=TEXT)
    for reason in ("It is harmless.", "No, it is."):
        second = actor(AdministratorFactory())
        answer = decisions.decide(case, verb, thing, actor=second, reason=reason)
        assert Appeal.objects.get().outcome == outcome
        decisions.undo(answer, actor=second, reason="Not yet.")
        assert (Appeal.objects.get().outcome, Appeal.objects.get().answer) == ("", "")
        case.refresh_from_db()
        assert (case.state, case.claimed_by) == ("appealed", None)
    jobs.run_all()
    decisions.undo(hidden, actor=actor(AdministratorFactory()), reason="You are right.")
    jobs.run_all()
    assert Notice.objects.of(owner).first().title == "Your appeal about demo 1.0 was granted"


def test_an_appealed_case_that_was_laid_aside_is_appealed_when_it_is_taken_up(keeper):
    thing, case = arrange("release")
    owner = thing.project.roles.get().user
    hidden = decisions.quarantine(case, thing, actor=keeper, reason="why")
    appeals.file(hidden, actor=actor(owner), text=TEXT)
    second, third = actor(KeeperFactory()), KeeperFactory()
    assert cases.wait(case, actor=second, reason="for the police").state == "waiting"
    case = cases.hand_over(case, to=third, actor=second, reason="You know them.")
    assert (case.state, case.claimed_by) == ("waiting", third)
    assert cases.claim(case, actor=actor(third)).state == "appealed"
