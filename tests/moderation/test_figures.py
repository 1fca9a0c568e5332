"""Figures of the desk are computed by few statements, and say what happened."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import people
from accounts.actors import SYSTEM
from moderation import decisions, figures
from moderation.models import Case, Observation
from packages.models import Stage
from packages.uploads import reconsidering
from tests.factories.desk import many_cases, reported
from tests.factories.index import held, published
from tests.factories.people import ModeratorFactory, UserFactory, actor
from tests.packages.uploads.sessions.client import newcomer, wheel

pytestmark = pytest.mark.django_db
NEW = "first-release-by-new-uploader"


def moderator():
    return actor(ModeratorFactory())


def this_week():
    return figures.of_weeks(1).weeks[0]


def test_times_are_median_and_ninth_of_ten():
    now = timezone.now()
    many_cases(11)
    for place, case in enumerate(Case.objects.order_by("pk")):
        hours = timedelta(hours=place)
        Case.objects.filter(pk=case.pk).update(
            opened_at=now - hours, looked_at=now, state="decided", decided_at=now, settled_at=now
        )
    week = this_week()
    assert (week.looked_at.count, week.decided.count) == (11, 11)
    assert week.looked_at.median == pytest.approx(5 * 3600)
    assert week.decided.p90 == pytest.approx(9 * 3600)


def test_rules_are_judged_by_what_became_of_what_they_held():
    called = ("fine-one", "bad-one", "doubtful-one", "waiting-one")
    good, bad, doubtful, waiting = (held(name, uploader=UserFactory()) for name in called)
    decisions.approve(good, actor=moderator(), reason="Fine.")
    decisions.reject(bad, actor=moderator(), reason="Bad.")
    done = decisions.reject(doubtful, actor=moderator(), reason="Bad.")
    decisions.undo(done, actor=moderator(), reason="Not so bad.")
    week = this_week()
    assert (week.held, week.released, week.rejected, week.false_alarms) == (4, 1, 1, 2)
    record = next(row for row in figures.of_weeks(1).rules if row.name == waiting.holds[0]["code"])
    assert (record.count, record.right, record.wrong) == (4, 1, 2)
    assert record.percent == 33


def test_a_session_that_is_mended_and_held_anew_is_charged_to_the_rule_that_held_it():
    session = newcomer().open()
    session.add(wheel())
    session.publish()
    decisions.reject(Stage.objects.get(), actor=moderator(), reason="Bad.")
    session.publish()
    Stage.objects.update(holds=[{"code": "another-rule", "policy": "another", "reason": "Odd."}])
    found = figures.of_weeks(1)
    assert (found.weeks[0].held, found.weeks[0].rejected) == (2, 1)
    records = {row.name: (row.count, row.right, row.wrong) for row in found.rules}
    assert records == {NEW: (1, 1, 0), "another-rule": (1, 0, 0)}
    second = Case.objects.latest("pk")
    assert [row.name for row in figures.records_for(second)["rules"]] == ["another-rule"]


def test_a_decision_that_is_taken_back_stays_in_its_week():
    stage, keeper = held(), moderator()
    a_month_ago = timezone.now() - timedelta(weeks=4)
    Case.objects.update(opened_at=a_month_ago)
    done = decisions.reject(stage, actor=keeper, reason="Bad.")
    decided = a_month_ago + timedelta(hours=2)
    Case.objects.update(settled_at=decided, decided_at=decided)
    decisions.undo(done, actor=keeper, reason="Not so bad.")
    decisions.approve(stage, actor=keeper, reason="Fine.")
    weeks = figures.of_weeks(6).weeks
    assert [week.decided.count for week in weeks if week.decided.count] == [1]
    assert weeks[-1].decided.count == 0
    assert max(week.decided.median or 0 for week in weeks) == pytest.approx(2 * 3600)


def test_what_is_decided_without_a_look_was_looked_at_then():
    decisions.reject(held(), actor=moderator(), reason="Bad.")
    week = this_week()
    assert (week.looked_at.count, week.decided.count) == (1, 1)


def test_what_a_policy_let_pass_afterwards_nobody_decided():
    stage = held()
    people.trust(stage.created_by, actor=SYSTEM, reason="He is known elsewhere.")
    reconsidering.reconsider(stage, NEW, [], actor=SYSTEM)
    assert Case.objects.get().state == "decided"
    week = this_week()
    assert (week.opened, week.held, week.decided.count) == (1, 0, 0)


def test_rules_that_only_observe_and_visitors_have_a_record_too():
    project = published().project
    places = [{"member": "demo.py", "line": line, "rule": "odd-rule"} for line in (1, 2)]
    case = reported(project)
    facts = {"case": case, "kind": "malware", "text": "Odd."}
    Observation.objects.create(**facts, source="signal", lines=places, outcome="confirmed")
    Observation.objects.create(**facts, source="visitor", outcome="unfounded")
    found = figures.of_weeks(1)
    assert [(row.name, row.count, row.right) for row in found.rules] == [("odd-rule", 1, 1)]
    visitors = next(row for row in found.reporters if row.name == "a visitor without an account")
    assert (visitors.count, visitors.right, visitors.wrong) == (1, 0, 1)
    assert len(found.reporters) == 2
    assert [row.name for row in figures.records_for(case)["rules"]] == ["odd-rule"]


def test_it_costs_the_same_however_many_cases_there_are(django_assert_num_queries):
    many_cases(5)
    with django_assert_num_queries(6):
        figures.of_weeks(12)
    many_cases(50, first=5)
    with django_assert_num_queries(6):
        found = figures.of_weeks(12)
    assert sum(week.opened for week in found.weeks) == 55


def test_moderators_see_the_page_and_the_json_and_nobody_else_does(client):
    many_cases(10)
    for address in ("/admin/moderation/case/figures/", "/api/v1/figures/"):
        client.logout()
        assert client.get(address).status_code in (302, 401, 403)
        client.force_login(UserFactory(is_staff=True))
        assert client.get(address).status_code == 403
        client.force_login(ModeratorFactory())
        assert client.get(address).status_code == 200
    page = client.get("/admin/moderation/case/figures/?weeks=26").content.decode()
    assert page.count('<svg class="plot"') == page.count("</desc>") == 4  # three, and one rule
    assert "style=" not in page
    told = client.get("/api/v1/figures/?weeks=3").json()
    assert len(told["weeks"]) == 3
    assert {row["name"] for row in told["rules"]} == {NEW}
    assert client.get("/api/v1/figures/?weeks=x").json()["code"] == "invalid-weeks"


def test_figures_of_years_are_computed_once_in_ten_minutes(client, monkeypatch):
    cache.clear()
    many_cases(5)
    client.force_login(ModeratorFactory())
    asked: list[int] = []
    really = figures.of_weeks

    def of_weeks(count: int) -> figures.Figures:
        asked.append(count)
        return really(count)

    monkeypatch.setattr(figures, "of_weeks", of_weeks)
    told = [client.get(f"/api/v1/figures/?weeks={weeks}").json() for weeks in (104, 104, 26, 26)]
    assert asked == [104, 26, 26]
    assert told[0] == told[1]
    assert sum(week["opened"] for week in told[1]["weeks"]) == 5


def test_each_of_the_busiest_rules_has_a_plot_by_week(client):
    decisions.approve(held("fine-one"), actor=moderator(), reason="Fine.")
    client.force_login(ModeratorFactory())
    page = client.get("/admin/moderation/case/figures/?weeks=4").content.decode()
    assert f"Held by {NEW}" in page
    assert "held 1 upload<" in page
    assert "false alarms 1 upload<" in page
    assert page.count('class="plot__tick"') == 4 * 5  # as many weeks as fit, and the top
