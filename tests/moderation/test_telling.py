"""Who is told what, once, and how somebody appeals."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import connection

from accounts import notices
from accounts.models import Notice
from moderation import appeals, cases, decisions, observations, telling
from moderation.models import Appeal, Case, Decision, Observation
from moderation.observations import Report
from packages import releases
from packages.models import Role
from pypi_site.lib.problems import NotFound
from tests.factories import jobs
from tests.factories.index import held, published, submit
from tests.factories.people import (
    AdministratorFactory,
    KeeperFactory,
    ModeratorFactory,
    UserFactory,
    actor,
)

pytestmark = pytest.mark.django_db
WHY = "It sends environment variables away."
TEXT = "Those variables are those of its own tests."
HELD = "demo 1.0 (demo-1.0-py3-none-any.whl)"


def titles(user):
    return list(Notice.objects.of(user).order_by("pk").values_list("title", flat=True))


def reported(release, reporter=None, email=""):
    report = Report("malware", "It reads the keys of whoever installs it.", email=email)
    from accounts.actors import Actor

    who = actor(reporter) if reporter else Actor(address="192.0.2.7")
    return observations.report(release, report, actor=who).case


def run_twice(mailoutbox):
    """Every job, and every one again: as many e-mails."""
    again = jobs.waiting()
    jobs.run_all()
    sent = len(mailoutbox)
    from django.utils.module_loading import import_string

    for function, arguments in again:
        import_string(function)(*arguments)
    jobs.run_all()
    assert len(mailoutbox) == sent


def test_uploader_and_owners_are_told_of_a_hold_a_question_and_a_rejection(mailoutbox):
    uploader, owner = UserFactory(), UserFactory()
    stage = held(uploader=uploader)
    Role.objects.create(project=stage.project, user=owner, kind=Role.Kind.OWNER)
    moderator = actor(ModeratorFactory())
    run_twice(mailoutbox)
    cases.ask(cases.live(stage), actor=moderator, reason="What is it for?")
    run_twice(mailoutbox)
    decisions.reject(stage, actor=moderator, reason=WHY)
    run_twice(mailoutbox)
    wanted = ["demo 1.0 waits for a moderator", f"A question about {HELD}"]
    wanted += ["demo 1.0 was not published"]
    assert titles(uploader) == titles(owner) == wanted
    last = Notice.objects.of(uploader).latest("pk")
    assert WHY in last.text
    assert (last.link, "/accounts/decisions/" in last.text) == ("/accounts/decisions/", True)
    letters = [mail for mail in mailoutbox if mail.to == [uploader.email]]
    assert len(letters) == 3


def test_messages_about_what_waits_lead_to_it(client):
    uploader, moderator = UserFactory(), ModeratorFactory()
    stage, reported_one = held(uploader=uploader), reported(published("other"))
    jobs.run_all()
    (link,) = Notice.objects.of(uploader).values_list("link", flat=True)
    client.force_login(uploader)
    assert stage.holds[0]["reason"] in client.get(link).content.decode()
    links = set(Notice.objects.of(moderator).values_list("link", flat=True))
    assert links == {cases.live(stage).get_absolute_url(), reported_one.get_absolute_url()}


def test_whoever_uploaded_is_told_though_he_has_no_role_any_more(mailoutbox):
    uploader = UserFactory(trusted=True)
    release = published(uploader=uploader)
    Role.objects.update(user=UserFactory())
    case = reported(release, UserFactory())
    jobs.forget()
    done = decisions.quarantine(case, release, actor=actor(AdministratorFactory()), reason=WHY)
    run_twice(mailoutbox)
    assert titles(uploader) == ["demo 1.0: put into quarantine"]
    assert titles(Role.objects.get().user) == ["demo 1.0 is in quarantine"]
    decisions.undo(done, actor=actor(AdministratorFactory()), reason="It was another one.")
    run_twice(mailoutbox)
    assert "It was another one." in Notice.objects.of(uploader).latest("pk").text
    assert titles(Role.objects.get().user)[1:] == ["demo 1.0 is out of quarantine"]


def test_reporters_are_thanked_and_told_of_the_decision_and_of_its_undoing(mailoutbox):
    reporter = UserFactory()
    release = published()
    case = reported(release, reporter)
    reported(release, email="visitor@example.org")
    run_twice(mailoutbox)
    done = decisions.quarantine(case, release, actor=actor(AdministratorFactory()), reason=WHY)
    run_twice(mailoutbox)
    decisions.undo(done, actor=actor(AdministratorFactory()), reason="It was another one.")
    run_twice(mailoutbox)
    assert titles(reporter) == [
        "Your report about demo 1.0 arrived",
        "Your report about demo 1.0: confirmed",
        "Your report about demo 1.0: looked at again",
    ]
    letters = [mail.body for mail in mailoutbox if mail.to == ["visitor@example.org"]]
    assert [WHY in letter for letter in letters] == [False, True, False]


def test_a_reporter_learns_that_nothing_was_wrong():
    reporter = UserFactory()
    case = reported(published(), reporter)
    decisions.dismiss(case, actor=actor(ModeratorFactory()), reason="It is a test.")
    jobs.run_all()
    assert titles(reporter)[-1] == "Your report about demo 1.0: nothing was wrong"


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("quarantine", "put into quarantine"),
        ("prohibit", "name prohibited"),
        ("freeze", "account frozen"),
    ],
)
def test_reporters_are_told_of_each_step_and_of_the_last(verb, what, mailoutbox):
    reporter, keeper = UserFactory(), actor(AdministratorFactory())
    release = published(uploader=UserFactory(trusted=True))
    case = reported(release, reporter)
    reported(release, email="visitor@example.org")
    owner, project = release.project.roles.get().user, release.project
    target = {"quarantine": release, "prohibit": project, "freeze": owner}[verb]
    decisions.decide(case, verb, target, actor=keeper, reason=WHY, closes=False)
    run_twice(mailoutbox)
    assert titles(reporter)[-1] == f"Your report about demo 1.0: {what}"
    text = Notice.objects.of(reporter).latest("pk").text
    assert (WHY in text, "You will be told what comes of your report." in text) == (True, True)
    decisions.dismiss(case, actor=keeper, reason="That is enough.")
    run_twice(mailoutbox)
    assert titles(reporter)[-1] == "Your report about demo 1.0: confirmed"
    letters = [mail.body for mail in mailoutbox if mail.to == ["visitor@example.org"]]
    assert [WHY in letter for letter in letters] == [False, True, False]
    assert len(titles(reporter)) == len(letters) == 3


def test_who_reports_twice_is_told_once(mailoutbox):
    reporter, release = UserFactory(), published()
    for _ in range(2):
        case = reported(release, reporter)
        reported(release, email="visitor@example.org")
    reported(release, email="Visitor@Example.org")
    run_twice(mailoutbox)
    mailoutbox.clear()
    decisions.dismiss(case, actor=actor(ModeratorFactory()), reason="It is a test.")
    run_twice(mailoutbox)
    assert titles(reporter).count("Your report about demo 1.0: nothing was wrong") == 1
    assert len(mailoutbox) == 2
    assert {mail.to[0] for mail in mailoutbox} == {reporter.email, "visitor@example.org"}


def test_decisions_of_moderators_are_told_whatever_somebody_has_switched_off(mailoutbox):
    uploader, keeper = UserFactory(), actor(KeeperFactory())
    nowhere = notices.Channels(by_email=False, on_site=False)
    notices.choose(uploader, dict.fromkeys(("project", "upload"), nowhere))
    decisions.approve(held(uploader=uploader), actor=keeper, reason="fine")
    uploader.refresh_from_db()
    release = published("second", uploader=uploader)
    jobs.run_all()
    assert titles(uploader) == []
    releases.yank(release, actor=actor(uploader))
    jobs.run_all()
    assert titles(uploader) == []
    releases.quarantine(release, actor=keeper, reason=WHY)
    jobs.run_all()
    assert titles(uploader) == ["second 1.0 is in quarantine"]
    stage = submit(UserFactory(), "third").project.stages.get()
    Role.objects.create(project=stage.project, user=uploader, kind=Role.Kind.OWNER)
    decisions.reject(stage, actor=keeper, reason=WHY)
    jobs.run_all()
    assert titles(uploader)[1:] == ["third 1.0 was not published"]


def test_whoever_is_frozen_is_told_where_to_write(mailoutbox, settings):
    settings.MODERATORS_CONTACT = "gate@example.org"
    uploader = UserFactory(trusted=True)
    case = reported(published(uploader=uploader), UserFactory())
    jobs.forget()
    decisions.freeze(case, uploader, actor=actor(AdministratorFactory()), reason=WHY)
    run_twice(mailoutbox)
    [letter] = [mail for mail in mailoutbox if mail.to == [uploader.email]]
    assert "gate@example.org" in letter.body


def test_whoever_is_frozen_appeals_by_the_key_of_the_letter(client, mailoutbox, settings):
    uploader, second = UserFactory(trusted=True), AdministratorFactory()
    case = reported(published(uploader=uploader), UserFactory())
    jobs.forget()
    frozen = decisions.freeze(case, uploader, actor=actor(AdministratorFactory()), reason=WHY)
    jobs.run_all()
    letter = next(mail for mail in mailoutbox if mail.to == [uploader.email]).body
    address = re.search(rf"{settings.SITE_URL}(/accounts/decisions/\S+key=\S+)", letter)[1]
    assert client.get("/accounts/decisions/").status_code == 302  # there is no way to sign in
    assert WHY in client.get(address).content.decode()
    page = client.post(address, {"text": TEXT}, follow=True).content.decode()
    assert "a moderator looks at it, and you will be told" in page
    appeal = Appeal.objects.get()
    assert (appeal.user, appeal.decision, appeal.case.state) == (uploader, frozen, "appealed")
    client.post(address, {"text": TEXT})
    assert Appeal.objects.count() == 1
    decisions.undo(frozen, actor=actor(second), reason="It was somebody else.")
    jobs.run_all()
    assert titles(uploader)[-1].endswith("was granted")
    assert client.get(address).status_code == 302  # he signs in again: the key opens nothing


def test_a_key_opens_the_appeal_that_it_was_made_for_and_nothing_else(client):
    case = reported(published(), UserFactory())
    owner = case.concerned.exclude(part="reporter").first().user
    keeper = actor(AdministratorFactory())
    other = decisions.quarantine(case, case.subject, actor=keeper, reason=WHY)
    decisions.undo(other, actor=keeper, reason="Not yet.")
    frozen = decisions.freeze(case, owner, actor=keeper, reason=WHY)
    address = appeals.address_for(frozen)
    for wrong in (
        address.replace(f"/{frozen.pk}/", f"/{other.pk}/"),
        address[:-2],
        address.partition("?")[0],
    ):
        answer = client.get(wrong)
        assert (answer.status_code, "/login/" in answer["Location"]) == (302, True)


# -- moderators among themselves -----------------------------------------------------------------


def test_a_moderator_is_told_of_what_is_handed_to_him_and_of_the_answer(mailoutbox):
    uploader, first, second = UserFactory(), ModeratorFactory(), ModeratorFactory()
    case = cases.live(held(uploader=uploader))
    run_twice(mailoutbox)
    cases.hand_over(case, to=second, actor=actor(first), reason="You know Rust.")
    run_twice(mailoutbox)
    notice = Notice.objects.of(second).first()
    assert notice.title == f"Handed to you: {HELD}"
    assert ("You know Rust." in notice.text, notice.link) == (True, case.get_absolute_url())
    cases.ask(case, actor=actor(second), reason="What is it for?")
    cases.answer(case, actor=actor(uploader), text="For counting sheep.")
    run_twice(mailoutbox)
    notice = Notice.objects.of(second).first()
    assert (notice.title, "counting sheep" in notice.text) == (f"Answered: {HELD}", True)
    assert titles(first) == ["demo 1.0 waits for review"]


def test_an_answer_that_nobody_waits_for_is_told_to_every_moderator(mailoutbox):
    uploader, first, second = UserFactory(), ModeratorFactory(), ModeratorFactory()
    case = cases.live(held(uploader=uploader))
    cases.ask(case, actor=actor(first), reason="What is it for?")
    cases.release(case, actor=actor(first))
    cases.answer(case, actor=actor(uploader), text="For counting sheep.")
    run_twice(mailoutbox)
    assert titles(first)[-1] == titles(second)[-1] == f"Answered: {HELD}"


def test_whoever_may_confirm_a_proposal_is_told_that_it_waits(mailoutbox, settings):
    settings.SECOND_MODERATOR = True
    proposer, other, without = KeeperFactory(), KeeperFactory(), ModeratorFactory()
    release = published()
    case = reported(release)
    run_twice(mailoutbox)
    decisions.remove(case, release, actor=actor(proposer), reason=WHY)
    run_twice(mailoutbox)
    wanted = "To be confirmed: demo 1.0, removed"
    assert [wanted in titles(user) for user in (proposer, other, without)] == [False, True, False]
    assert WHY in Notice.objects.of(other).get(title=wanted).text


# -- appeals ---------------------------------------------------------------------------------------


def rejected(uploader=None, moderator=None):
    stage = held(uploader=uploader or UserFactory())
    return decisions.reject(stage, actor=actor(moderator or ModeratorFactory()), reason=WHY)


def test_an_appeal_brings_the_case_back_to_the_desk_of_another_moderator(client, mailoutbox):
    uploader, first, second = UserFactory(), ModeratorFactory(), ModeratorFactory()
    decision = rejected(uploader, first)
    jobs.run_all()
    client.force_login(uploader)
    address = f"/accounts/decisions/{decision.pk}/appeal/"
    assert address in client.get("/accounts/decisions/").content.decode()
    assert client.post(address, {"text": TEXT}).status_code == 302
    case = Case.objects.get()
    assert (case.state, case.claimed_by) == ("appealed", None)
    assert case.notes.get(kind="appeal").text == TEXT
    run_twice(mailoutbox)
    assert titles(second)[-1] == "Appealed: demo 1.0"
    assert "Appealed: demo 1.0" not in titles(first)
    for verb in (cases.claim, lambda case, actor: cases.claim(case, actor=actor, take_over=True)):
        with pytest.raises(cases.AnotherModeratorNeeded):
            verb(case, actor=actor(first))
    decisions.dismiss(case, actor=actor(second), reason="It does send them.")
    run_twice(mailoutbox)
    assert titles(uploader)[-1] == "Your appeal about demo 1.0 was refused"
    assert "It does send them." in client.get("/accounts/decisions/").content.decode()


def test_an_appeal_is_granted_by_undoing_the_decision():
    uploader, second = UserFactory(), ModeratorFactory()
    decision = rejected(uploader)
    appeals.file(decision, actor=actor(uploader), text=TEXT)
    decisions.undo(decision, actor=actor(second), reason="You are right.")
    jobs.run_all()
    case = Case.objects.get()
    assert (case.state, case.claimed_by) == ("claimed", second)
    assert Appeal.objects.get().outcome == "granted"
    assert "Your appeal about demo 1.0 was granted" in titles(uploader)


def test_an_appeal_is_answered_by_one_letter(mailoutbox):
    """Its reason is that of the decision, or of the undoing: nobody reads it twice."""
    owner, reporter = UserFactory(trusted=True), UserFactory()
    release = published(uploader=owner)
    case = reported(release, reporter)
    hidden = decisions.quarantine(case, release, actor=actor(AdministratorFactory()), reason=WHY)
    appeals.file(hidden, actor=actor(owner), text=TEXT)
    jobs.run_all()
    before = titles(owner)
    decisions.clear(case, release, actor=actor(AdministratorFactory()), reason="It is harmless.")
    run_twice(mailoutbox)
    assert titles(owner)[len(before) :] == ["Your appeal about demo 1.0 was granted"]
    [cleared] = appeals.open_to(reporter)
    appeals.file(cleared, actor=actor(reporter), text=TEXT)
    jobs.run_all()
    before = titles(reporter)
    decisions.remove(case, release, actor=actor(AdministratorFactory()), reason="It is not.")
    run_twice(mailoutbox)
    assert titles(reporter)[len(before) :] == ["Your appeal about demo 1.0 was granted"]
    assert "acted upon your report" in Notice.objects.of(reporter).latest("pk").text
    assert titles(owner)[-1] == "demo 1.0 was deleted"


@pytest.mark.parametrize("kind", ["rejection", "quarantine"])
def test_undoing_what_is_appealed_is_told_by_one_letter(kind, mailoutbox):
    uploader = UserFactory(trusted=kind == "quarantine")
    if kind == "rejection":
        decision = rejected(uploader)
    else:
        release = published(uploader=uploader)
        keeper = actor(AdministratorFactory())
        decision = decisions.quarantine(reported(release), release, actor=keeper, reason=WHY)
    appeals.file(decision, actor=actor(uploader), text=TEXT)
    jobs.run_all()
    before = titles(uploader)
    decisions.undo(decision, actor=actor(AdministratorFactory()), reason="You are right.")
    run_twice(mailoutbox)
    granted = [title for title in titles(uploader)[len(before) :] if "waits" not in title]
    assert granted == ["Your appeal about demo 1.0 was granted"]


def test_the_only_moderator_answers_appeals_himself():
    uploader, only = UserFactory(), ModeratorFactory()
    decision = rejected(uploader, only)
    appeals.file(decision, actor=actor(uploader), text=TEXT)
    jobs.run_all()
    assert titles(only)[-1] == "Appealed: demo 1.0"
    assert cases.claim(Case.objects.get(), actor=actor(only)).claimed_by == only


def test_one_appeals_once_and_only_against_what_is_in_force(client):
    uploader = UserFactory()
    decision = rejected(uploader)
    with pytest.raises(appeals.InvalidAppeal):
        appeals.file(decision, actor=actor(uploader), text="no")
    appeals.file(decision, actor=actor(uploader), text=TEXT)
    with pytest.raises(appeals.AppealedAlready):
        appeals.file(decision, actor=actor(uploader), text=TEXT)
    client.force_login(uploader)
    client.post(f"/accounts/decisions/{decision.pk}/appeal/", {"text": TEXT})
    assert Appeal.objects.count() == 1
    decisions.undo(decision, actor=actor(ModeratorFactory()), reason="Right.")
    Appeal.objects.all().delete()
    with pytest.raises(appeals.NothingToAppeal):
        appeals.file(decision, actor=actor(uploader), text=TEXT)


def answered(moderator=None):
    """A report that a moderator found nothing in: who reported it, and the answer."""
    reporter = UserFactory()
    case = reported(published(), reporter)
    by = actor(moderator or ModeratorFactory())
    return reporter, decisions.dismiss(case, actor=by, reason="It is a test.")


def test_a_reporter_appeals_once_and_is_told_what_came_of_it(client, mailoutbox):
    reporter, answer = answered()
    jobs.run_all()
    assert "you can appeal once" in Notice.objects.of(reporter).first().text
    client.force_login(reporter)
    address = f"/accounts/decisions/{answer.pk}/appeal/"
    assert address in client.get("/accounts/reports/").content.decode()
    page = client.post(address, {"text": TEXT}, follow=True)
    assert page.redirect_chain == [("/accounts/reports/", 302)]
    assert "You appealed on" in page.content.decode()
    case = Case.objects.get()
    assert case.state == "appealed"
    decisions.dismiss(case, actor=actor(ModeratorFactory()), reason="No secrets are read.")
    run_twice(mailoutbox)
    assert titles(reporter) == [
        "Your report about demo 1.0 arrived",
        "Your report about demo 1.0: nothing was wrong",
        "Your appeal about demo 1.0 was refused",
    ]
    page = client.get("/accounts/reports/").content.decode()
    assert ("<strong>refused</strong>. No secrets are read." in page, "/appeal/" in page) == (
        True,
        False,
    )
    with pytest.raises(appeals.AppealedAlready):
        appeals.file(Decision.objects.latest("pk"), actor=actor(reporter), text=TEXT)


def test_what_a_reporter_appeals_is_granted_by_acting_upon_it():
    reporter, answer = answered()
    appeals.file(answer, actor=actor(reporter), text=TEXT)
    keeper = actor(AdministratorFactory())
    case = Case.objects.get()
    decisions.quarantine(case, case.subject, actor=keeper, reason="It does.")
    assert (Appeal.objects.get().outcome, Appeal.objects.get().answer) == ("granted", "It does.")
    assert observations.state_of(Observation.objects.get()) == "confirmed"


def test_whoever_answered_a_report_does_not_answer_the_appeal_against_it():
    moderator = ModeratorFactory()
    reporter, answer = answered(moderator)
    appeals.file(answer, actor=actor(reporter), text=TEXT)
    ModeratorFactory()
    with pytest.raises(cases.AnotherModeratorNeeded):
        decisions.dismiss(Case.objects.get(), actor=actor(moderator), reason="No.")


def test_owners_do_not_appeal_that_nothing_was_wrong(client):
    _, answer = answered()
    owner = answer.case.concerned.exclude(part="reporter").first().user
    with pytest.raises(appeals.NothingToAppeal):
        appeals.file(answer, actor=actor(owner), text=TEXT)
    client.force_login(owner)
    assert "/appeal/" not in client.get("/accounts/decisions/").content.decode()


def test_strangers_reporters_and_tokens_appeal_nothing(client):
    reporter, stranger = UserFactory(), UserFactory()
    release = published()
    case = reported(release, reporter)
    decision = decisions.quarantine(case, release, actor=actor(AdministratorFactory()), reason=WHY)
    for user in (reporter, stranger):
        with pytest.raises(NotFound):
            appeals.file(decision, actor=actor(user), text=TEXT)
        client.force_login(user)
        assert client.get(f"/accounts/decisions/{decision.pk}/appeal/").status_code == 404
        assert "demo" not in client.get("/accounts/decisions/").content.decode()
    client.logout()
    assert client.get("/accounts/decisions/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_appeals_at_the_same_time_one_is_filed():
    uploader = UserFactory()
    decision = rejected(uploader)
    start, results = threading.Barrier(2), []

    def run():
        try:
            start.wait()
            appeals.file(Decision.objects.get(pk=decision.pk), actor=actor(uploader), text=TEXT)
            results.append("filed")
        except appeals.AppealedAlready:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["filed", "refused"]
    assert Appeal.objects.count() == 1
    assert telling.announce_appeal(Appeal.objects.get().pk) == 1
