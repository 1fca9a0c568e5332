"""Visitors who leave an address with their report: told of each step, heard once."""

from __future__ import annotations

import re

import pytest
from django.utils.module_loading import import_string

from accounts.actors import Actor
from accounts.models import AuditEvent
from moderation import appeals, cases, decisions, observations
from moderation.models import Appeal, Case, Note, Observation
from moderation.observations import Report
from pypi_site.lib.problems import NotFound
from pypi_site.lib.ratelimit import TooManyRequests
from tests.factories import jobs
from tests.factories.index import held, published
from tests.factories.people import AdministratorFactory, ModeratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
ADDRESS = "visitor@example.org"
SEEN = "It reads the keys of whoever installs it."
WHY = "It is a test of its own."
TEXT = "Those keys are sent to a server of his."


def reported(release, email=ADDRESS, network="192.0.2.7", text=SEEN) -> Observation:
    given = Report("malware", text, email=email)
    return observations.report(release, given, actor=Actor(address=network))


def letters(mailoutbox, address=ADDRESS) -> list[str]:
    """Subjects, after every job has run twice."""
    again = jobs.waiting()
    jobs.run_all()
    for function, arguments in again:
        import_string(function)(*arguments)
    jobs.run_all()
    return [mail.subject.partition("] ")[2] for mail in mailoutbox if mail.to == [address]]


def last_letter(mailoutbox, address=ADDRESS) -> str:
    return [mail.body for mail in mailoutbox if mail.to == [address]][-1]


def key_of(letter: str, settings) -> str:
    found = re.search(rf"{settings.SITE_URL}(/accounts/decisions/\S+key=\S+)", letter)
    assert found
    return found[1]


def dismissed(release, **more):
    row = reported(release, **more)
    return decisions.dismiss(row.case, actor=actor(ModeratorFactory()), reason=WHY)


def test_a_visitor_is_told_of_every_step_that_concerns_his_report(mailoutbox):
    keeper, release = actor(AdministratorFactory()), published()
    case = reported(release).case
    wanted = ["Your report about demo 1.0 arrived"]
    assert letters(mailoutbox) == wanted
    assert "somebody else gave your address" in last_letter(mailoutbox)
    done = decisions.quarantine(case, release, actor=keeper, reason=WHY)
    wanted += ["Your report about demo 1.0: confirmed"]
    assert letters(mailoutbox) == wanted
    decisions.undo(done, actor=keeper, reason="It was another one.")
    wanted += ["Your report about demo 1.0: looked at again"]
    assert letters(mailoutbox) == wanted
    assert "It was another one." in last_letter(mailoutbox)
    decisions.dismiss(Case.objects.get(), actor=keeper, reason=WHY)
    wanted += ["Your report about demo 1.0: nothing was wrong"]
    assert letters(mailoutbox) == wanted


def test_a_visitor_appeals_by_the_key_of_the_letter_and_is_told_what_came_of_it(
    client, mailoutbox, settings
):
    dismissed(published())
    jobs.run_all()
    address = key_of(last_letter(mailoutbox), settings)
    page = client.get(address).content.decode()
    assert (WHY in page, "You can appeal once" in page, "/accounts/reports/" in page) == (
        True,
        True,
        False,
    )
    page = client.post(address, {"text": TEXT}, follow=True).content.decode()
    assert "a moderator looks at it, and you will be told" in page
    appeal = Appeal.objects.get()
    assert (appeal.user, appeal.by, appeal.case.state) == (None, ADDRESS, "appealed")
    assert (Note.objects.get(kind="appeal").text, AuditEvent.objects.first().action) == (
        TEXT,
        "case.appeal",
    )
    keeper = actor(AdministratorFactory())
    decisions.quarantine(appeal.case, appeal.case.subject, actor=keeper, reason="It does.")
    assert "Your appeal about demo 1.0 was granted" in letters(mailoutbox)
    assert "<strong>granted</strong>. It does." in client.get(address).content.decode()


def test_moderators_read_that_somebody_without_an_account_appeals(client, mailoutbox):
    moderator, row = ModeratorFactory(), reported(published())
    answer = decisions.dismiss(row.case, actor=actor(AdministratorFactory()), reason=WHY)
    appeals.file(answer, actor=Actor(address="192.0.2.7"), text=TEXT, report=row)
    jobs.run_all()
    assert f"{ADDRESS} appeals against a decision" in last_letter(mailoutbox, moderator.email)
    client.force_login(moderator)
    page = client.get(row.case.get_absolute_url()).content.decode()
    assert "Somebody without an account appeals" in page


@pytest.mark.parametrize("again", [ADDRESS, ADDRESS.upper()])
def test_an_address_appeals_once_however_often_it_reported(again):
    release = published()
    first, second = reported(release), reported(release, email=again, text=f"{SEEN} Really.")
    answer = decisions.dismiss(first.case, actor=actor(ModeratorFactory()), reason=WHY)
    appeals.file(answer, actor=Actor(), text=TEXT, report=first)
    for row in (first, second):
        with pytest.raises(appeals.AppealedAlready):
            appeals.file(answer, actor=Actor(), text=TEXT, report=row)
    assert Appeal.objects.count() == 1


def test_visitors_without_an_address_appeal_nothing(mailoutbox):
    row = reported(published(), email="")
    answer = decisions.dismiss(row.case, actor=actor(ModeratorFactory()), reason=WHY)
    jobs.run_all()
    assert "nothing was wrong" not in " ".join(mail.subject for mail in mailoutbox)
    with pytest.raises(NotFound):
        appeals.file(answer, actor=Actor(), text=TEXT)


def test_a_key_is_for_the_report_and_the_answer_that_it_was_made_for(client, settings):
    answer, other = dismissed(published()), dismissed(published("other"), email="x@example.org")
    row = Observation.objects.get(case=answer.case)
    address = appeals.address_for(answer, row)
    assert client.get(address).status_code == 200
    foreign = appeals.address_for(other, row)  # signed by us, and about another's case
    assert client.get(foreign).status_code == 404
    for wrong in (address.replace(f"/{answer.pk}/", f"/{other.pk}/"), address[:-2]):
        assert "/login/" in client.get(wrong)["Location"]


def test_a_key_whose_answer_was_taken_back_says_how_it_stands(client):
    answer = dismissed(published())
    address = appeals.address_for(answer, Observation.objects.get())
    decisions.undo(answer, actor=actor(ModeratorFactory()), reason="We look at it again.")
    page = client.get(address).content.decode()
    assert ("We look at it again." in page, "<textarea" in page) == (True, False)
    page = client.post(address, {"text": TEXT}).content.decode()
    assert "is not in force against you" in page


def test_nobody_s_address_is_flooded_from_many_networks(settings):
    settings.REPORTS_PER_HOUR = 2
    for number, name in enumerate(("one", "other")):
        reported(published(name), network=f"192.0.2.{number}")
    with pytest.raises(TooManyRequests):
        reported(published("third"), network="192.0.2.9", email=ADDRESS.upper())
    assert reported(published("fourth"), network="192.0.2.9", email="").pk


# -- once, whoever appeals, however it stands ------------------------------------------------------


def as_uploader():
    uploader = UserFactory()
    decision = decisions.reject(held(uploader=uploader), actor=by(), reason=WHY)
    return decision, {"actor": actor(uploader)}


def as_owner():
    release = published(uploader=UserFactory(trusted=True))
    owner = release.project.roles.get().user
    case = reported(release).case
    decision = decisions.quarantine(case, release, actor=by(), reason=WHY)
    return decision, {"actor": actor(owner)}


def as_reporter():
    reporter, release = UserFactory(), published()
    case = observations.report(release, Report("malware", SEEN), actor=actor(reporter)).case
    return decisions.dismiss(case, actor=by(), reason=WHY), {"actor": actor(reporter)}


def as_visitor():
    row = reported(published())
    decision = decisions.dismiss(row.case, actor=by(), reason=WHY)
    return decision, {"actor": Actor(address="192.0.2.7"), "report": row}


def by() -> Actor:
    return actor(AdministratorFactory())


def waiting(case, decision):
    """Nobody has looked."""


def claimed(case, decision):
    cases.claim(case, actor=by())


def laid_aside(case, decision):
    cases.wait(case, actor=by(), reason="A second opinion.")


def refused(case, decision):
    """The decision stays; a held upload that was rejected is closed, too."""
    decisions.dismiss(case, actor=by(), reason="It is as we said.")


def granted(case, decision):
    decisions.undo(decision, actor=by(), reason="You are right.")


ANSWERED = {refused: "it was refused", granted: "it was granted"}


@pytest.mark.parametrize("state", [waiting, claimed, laid_aside, refused, granted])
@pytest.mark.parametrize("who", [as_uploader, as_owner, as_reporter, as_visitor])
def test_one_appeals_once_in_every_state_and_is_told_how_the_appeal_stands(who, state):
    decision, appellant = who()
    appeals.file(decision, text=TEXT, **appellant)
    state(Case.objects.get(), decision)
    with pytest.raises(appeals.AppealedAlready) as refusal:
        appeals.file(decision, text=TEXT, **appellant)
    assert ANSWERED.get(state, "wait for the answer") in refusal.value.detail
    assert Appeal.objects.count() == 1


@pytest.mark.parametrize("who", [as_reporter, as_visitor])
def test_the_answer_to_the_appeal_of_a_reporter_is_the_last(who):
    decision, appellant = who()
    appeals.file(decision, text=TEXT, **appellant)
    answer = decisions.dismiss(Case.objects.get(), actor=by(), reason="It is as we said.")
    with pytest.raises(appeals.AppealedAlready, match="it was refused"):
        appeals.file(answer, text=TEXT, **appellant)
