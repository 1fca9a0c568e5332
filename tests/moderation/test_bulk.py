"""Several cases at once: what is said of each before."""

from __future__ import annotations

import re
from html import unescape

import pytest

from moderation import appeals, consequences, decisions
from moderation.actions import ACTIONS
from moderation.models import Decision
from packages import releases
from tests.factories.desk import case_of, many_cases, reported
from tests.factories.index import held, published
from tests.factories.people import KeeperFactory, actor

pytestmark = pytest.mark.django_db


def asked(client, verb: str, cases) -> str:
    chosen = {"case": [case.pk for case in cases]}
    page = client.post(f"/admin/moderation/case/bulk/{verb}/", chosen)
    return re.sub(r"\s+", " ", unescape(page.content.decode()))


def foretold(verb: str, case) -> list[str]:
    return [each.title for each in consequences.of(case, ACTIONS[verb], case.subject)]


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_of_each_upload_it_is_said_what_happens(whole_desk, verb):
    stages = [held("one"), held("other", "2.0")]
    page = asked(whole_desk, verb, [case_of(stage) for stage in stages])
    for stage in stages:
        first, *others = foretold(verb, case_of(stage))
        assert f"{first} {stage.files.get().filename}" in page
        assert others[0] in page
    assert not Decision.objects.exists()


def test_what_cannot_be_done_is_said_before(whole_desk):
    upload, report = case_of(held("one")), reported(published("other").project)
    for verb in ("approve", "reject"):
        assert "Nothing: it is no upload that waits." in asked(whole_desk, verb, [report])
    closing = asked(whole_desk, "dismiss", [upload])
    assert "Nothing: it waits to be published; approve or reject it." in closing


def test_what_is_in_quarantine_is_said_to_take_no_files(whole_desk, settings):
    release = published()
    settings.UPLOAD_HOLD = "everybody"
    case = case_of(held(uploader=release.published_by, sdist=True))
    other = case_of(held("other", "2.0", uploader=release.published_by))
    releases.quarantine(release, actor=actor(KeeperFactory()), reason="Odd.")
    told = "Nothing: what is in quarantine takes no files; clear it first."
    assert told in asked(whole_desk, "approve", [case])
    assert told not in asked(whole_desk, "reject", [case])
    assert told not in asked(whole_desk, "approve", [other])


def test_closing_says_what_becomes_of_reports_and_appeals(whole_desk):
    fresh, judged, appealed = (
        reported(published(name).project) for name in ("fresh", "judged", "asked")
    )
    keeper = actor(KeeperFactory())
    for case in (judged, appealed):
        thing = case.subject
        done = decisions.decide(
            case, "quarantine", thing, actor=keeper, reason="Odd.", closes=False
        )
    owner = appealed.subject.roles.get().user
    appeals.file(done, actor=actor(owner), text="It is nothing of the sort.")
    said = [asked(whole_desk, "dismiss", [case]) for case in (fresh, judged, appealed)]
    assert "The report counts as unfounded." in said[0]
    assert "The report counts as confirmed: what was decided here stays." in said[1]
    assert "The appeal is refused: what was decided stays." in said[2]
    for case, page in zip((fresh, judged, appealed), said, strict=True):
        assert any(sentence in page for sentence in foretold("dismiss", case)[1:])


@pytest.mark.parametrize("verb", ["approve", "reject", "dismiss"])
def test_the_page_costs_the_same_for_few_and_for_many(
    whole_desk, verb, django_assert_max_num_queries
):
    cases = many_cases(60)
    asked(whole_desk, verb, cases[:5])
    with django_assert_max_num_queries(25) as few:
        asked(whole_desk, verb, cases[:5])
    with django_assert_max_num_queries(len(few)):
        page = asked(whole_desk, verb, cases)
    assert "60 cases" in page
    assert all(case.title in page for case in cases)


def test_one_case_is_one(whole_desk):
    assert "Approve 1 case <" in asked(whole_desk, "approve", [case_of(held())]).replace("</", " <")
