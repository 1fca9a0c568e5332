"""What two moderators, or two reporters, do at the same moment ends as if they had queued up."""

from __future__ import annotations

from functools import partial

import pytest

from accounts.actors import Actor
from moderation import cases, decisions, observations
from moderation.models import Case, Decision, Observation
from moderation.observations import Report
from packages.models import Project
from tests.factories.index import held, published
from tests.factories.people import KeeperFactory, UserFactory, actor
from tests.packages.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(outcomes) -> list[str]:
    return sorted(type(outcome).__name__ for outcome in outcomes)


def report(subject, text="It steals passwords."):
    return observations.report(subject, Report("malware", text), actor=actor(UserFactory()))


def test_of_two_moderators_who_decide_a_case_at_once_one_does():
    project = published().project
    case = report(project).case
    one, other = actor(KeeperFactory()), actor(KeeperFactory())
    outcomes = at_once(
        partial(decisions.quarantine, case, project, actor=one, reason="malware"),
        partial(decisions.dismiss, case, actor=other, reason="nothing"),
    )
    assert kinds(outcomes) == ["CaseDecided", "Decision"]
    decision = Decision.objects.get()
    assert decision in outcomes
    project.refresh_from_db()
    assert project.quarantined == (decision.kind == "quarantined")
    assert Case.objects.get().state == "decided"


def test_of_eight_moderators_who_claim_a_case_at_once_one_has_it():
    held()
    case = Case.objects.get()
    keepers = [actor(KeeperFactory()) for _ in range(8)]
    outcomes = at_once(*(partial(cases.claim, case, actor=keeper) for keeper in keepers))
    assert kinds(outcomes) == ["Case"] + ["ClaimedByAnother"] * 7
    winner = next(each for each in outcomes if isinstance(each, Case))
    assert Case.objects.get().claimed_by == winner.claimed_by


def test_eight_reports_at_once_make_one_case():
    project = published().project
    outcomes = at_once(*(partial(report, project, f"It is malware, says {n}.") for n in range(8)))
    assert kinds(outcomes) == ["Observation"] * 8
    assert Case.objects.count() == 1
    assert Observation.objects.count() == 8


def test_a_decision_is_undone_once():
    project = published().project
    keeper = actor(KeeperFactory())
    case = report(project).case
    decision = decisions.quarantine(case, project, actor=keeper, reason="malware")
    undo = partial(decisions.undo, decision, actor=keeper, reason="a mistake")
    assert kinds(at_once(undo, undo)) == ["Decision", "NotInForce"]
    assert not Project.objects.get().quarantined


def test_a_proposal_is_confirmed_once(settings):
    settings.SECOND_MODERATOR = True
    project = published().project
    proposal = decisions.remove(
        report(project).case, project, actor=actor(KeeperFactory()), reason="malware"
    )
    seconds = [actor(KeeperFactory()), actor(KeeperFactory())]
    outcomes = at_once(*(partial(decisions.confirm, proposal, actor=each) for each in seconds))
    assert kinds(outcomes) in (["CaseDecided", "Decision"], ["Decision", "NotInForce"])
    assert Decision.objects.get().second_moderator in [each.user for each in seconds]


@pytest.mark.parametrize("sources", ["one person", "one network", "one address of e-mail"])
def test_reports_at_once_are_no_more_than_reports_one_after_the_other(settings, sources):
    settings.REPORTS_PER_HOUR = 2
    subjects = [published(f"demo{number}").project for number in range(6)]
    person = UserFactory()

    def reporting(number):
        email = "ann@example.org" if sources == "one address of e-mail" else ""
        address = f"192.0.2.{number}" if email else "192.0.2.1"
        who = actor(person) if sources == "one person" else Actor(address=address, client="x")
        given = Report(
            "malware", "It steals passwords.", email=email.swapcase() if number % 2 else email
        )
        return partial(observations.report, subjects[number], given, actor=who)

    outcomes = at_once(*map(reporting, range(6)))
    assert kinds(outcomes) == ["Observation"] * 2 + ["TooManyRequests"] * 4
    assert Observation.objects.count() == 2
