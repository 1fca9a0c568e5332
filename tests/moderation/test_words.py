"""Words that are ready for every step, labels that say what is meant, and whom to write to."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from moderation import appeals, cases, decisions, observations
from moderation.actions import ACTIONS
from moderation.admin.working import STEPS
from moderation.models import Case, Decision, DecisionKind, Note, ReadyReason, Step
from moderation.observations import Report
from packages import access, projects
from packages.models import Project
from tests.factories.desk import case_of, reported
from tests.factories.index import held, published
from tests.factories.people import KeeperFactory, ModeratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
WHY = "So it is."
KEYS = {Step.ASK: "e", Step.WAIT: "w", Step.HAND_OVER: "h"}


def to(case: Case, where: str) -> str:
    return case.get_absolute_url().replace("change/", where)


def ready_on(page) -> list[str]:
    return re.findall(r'name="ready"[^>]* value="([^"]+)"', page.content.decode())


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# -- ready words ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*DecisionKind, *Step])
def test_words_are_ready_for_everything_that_wants_some(kind):
    texts = ReadyReason.objects.filter(kind=kind).values_list("text", flat=True)
    assert texts
    assert [text for text in texts if not re.fullmatch(r"[A-Z].*[.?!]", text)] == []


def test_the_page_of_a_case_offers_words_for_each_step_and_chooses_none(whole_desk):
    ModeratorFactory()
    page = whole_desk.get(case_of(held()).get_absolute_url())
    wanted = ReadyReason.objects.filter(kind__in=STEPS)
    assert sorted(ready_on(page)) == sorted(wanted.values_list("text", flat=True))
    assert not re.search(r'name="ready"[^>]* checked', page.content.decode())


def test_as_many_words_are_offered_as_there_are_keys(whole_desk):
    case = case_of(held())
    for number in range(12):
        ReadyReason.objects.create(kind=Step.ASK, text=f"Question {number}?", position=50 + number)
    ready = ReadyReason.objects.filter(kind=Step.ASK).values_list("text", flat=True)
    offered = ready_on(whole_desk.get(case.get_absolute_url()))
    assert [text for text in offered if text in ready] == [*ready[:9]]


@pytest.mark.parametrize(
    ("step", "kind"),
    [(Step.ASK, Note.Kind.QUESTION), (Step.WAIT, Note.Kind.EVENT), (Step.HAND_OVER, "event")],
)
def test_a_step_is_taken_in_ready_words_or_in_ones_own(whole_desk, step, kind):
    case, other = case_of(held()), ModeratorFactory()
    ready = ReadyReason.objects.filter(kind=step)[0].text
    whole_desk.post(to(case, f"work/{step}/"), {"ready": ready, "text": "", "to": other.username})
    assert case.notes.get(kind=kind).text.endswith(ready)
    cases.claim(case, actor=actor(whole_desk.user), take_over=True)
    whole_desk.post(
        to(case, f"work/{step}/"), {"ready": ready, "text": "Mine.", "to": other.username}
    )
    assert case.notes.filter(kind=kind).last().text.endswith("Mine.")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("given", [{}, {"text": " "}, {"ready": "\0", "text": "\0"}])
def test_a_step_without_words_is_refused_with_a_sentence(whole_desk, step, given):
    case, other = case_of(held()), ModeratorFactory()
    page = whole_desk.post(to(case, f"work/{step}/"), {**given, "to": other.username})
    assert (page.status_code, told(page)[0].startswith("Write what")) == (200, True)
    assert not case.notes.exists()


@pytest.mark.parametrize("step", STEPS)
def test_what_was_written_is_not_lost_when_a_step_is_refused(whole_desk, step):
    case, other = case_of(held()), ModeratorFactory()
    cases.claim(case, actor=actor(other))
    page = whole_desk.post(
        to(case, f"work/{step}/"), {"text": "All that I wrote.", "to": other.username}
    )
    text = page.content.decode()
    assert "works on the case" in told(page)[0]
    assert re.search(rf'<textarea id="{step}"[^>]*>All that I wrote.</textarea>', text)
    work = text.partition('id="work"')[2].partition("</section>")[0]
    assert re.findall(r'<details open>\s*<summary data-key="(\w)', work) == [KEYS[step]]


def test_the_address_of_a_step_leads_to_the_case(whole_desk):
    case = case_of(held())
    answer = whole_desk.get(to(case, "work/ask/"))
    assert (answer.status_code, answer["Location"]) == (302, case.get_absolute_url())
    assert not case.notes.exists()


@pytest.mark.parametrize("verb", ACTIONS)
def test_undoing_offers_words_and_chooses_none(whole_desk, verb):
    decision = decided(verb)
    step = Step.REVOKE if verb in ("approve", "clear", "dismiss") else Step.UNDO
    where = to(decision.case, f"decisions/{decision.pk}/undo/")
    page = whole_desk.get(where)
    texts = list(ReadyReason.objects.filter(kind=step).values_list("text", flat=True))
    assert ready_on(page) == texts
    assert " checked" not in page.content.decode().partition('class="reasons"')[2]
    assert whole_desk.post(where, {"ready": texts[0], "reason": ""}).status_code == 302
    decision.refresh_from_db()
    assert (decision.state, decision.undone_reason) == ("undone", texts[0])


def decided(verb: str) -> Decision:
    keeper = actor(KeeperFactory())
    if verb in ("approve", "reject"):
        return getattr(decisions, verb)(held(), actor=keeper, reason=WHY)
    project = published(uploader=UserFactory(trusted=True)).project
    case = reported(project)
    if verb == "clear":
        decisions.decide(case, "quarantine", project, actor=keeper, reason=WHY, closes=False)
    target = project.roles.get().user if verb == "freeze" else project
    return decisions.decide(case, verb, target, actor=keeper, reason=WHY)


def test_a_proposal_is_withdrawn_in_ready_words(whole_desk, settings):
    settings.SECOND_MODERATOR = True
    release = published()
    case = reported(release)
    proposal = decisions.remove(case, release, actor=actor(whole_desk.user), reason=WHY)
    where = to(case, f"decisions/{proposal.pk}/withdraw/")
    texts = ready_on(whole_desk.get(where))
    assert texts == list(ReadyReason.objects.filter(kind="withdraw").values_list("text", flat=True))
    whole_desk.post(where, {"ready": texts[1]})
    proposal.refresh_from_db()
    assert proposal.state == "withdrawn"


# -- labels --------------------------------------------------------------------------------------


def labels(page) -> dict[str, str]:
    """By key."""
    found = re.findall(
        r'data-key="(\w)"[^>]*><span class="case__label">([^<]+)</span>', page.content.decode()
    )
    return dict(found)


def test_the_buttons_of_a_case_say_what_they_concern(whole_desk, settings):
    uploader = UserFactory(trusted=True)
    published("demo", "0.9", uploader=uploader)
    settings.UPLOAD_HOLD = "everybody"
    stage = held("demo", "1.0", uploader=uploader)
    found = labels(whole_desk.get(case_of(stage).get_absolute_url()))
    assert (found["a"], found["r"]) == ("Approve", "Reject")
    assert (found["q"], found["x"]) == ("Quarantine project demo or …", "Remove project demo or …")
    assert found["p"] == "Prohibit the name demo"
    assert found["f"].startswith("Freeze the account of ")


def test_the_nearest_is_named_first_and_that_there_are_others_is_said(whole_desk):
    release = published()
    file = release.files.get()
    found = labels(whole_desk.get(reported(file).get_absolute_url()))
    assert found["q"] == f"Quarantine file {file} or …"
    projects.quarantine(release.project, actor=actor(whole_desk.user), reason=WHY)
    found = labels(whole_desk.get(reported(release.project).get_absolute_url()))
    assert found["u"] == "Clear the quarantine of project demo"


def test_the_button_before_a_decision_says_it_too(whole_desk, settings):
    release = published()
    case = reported(release)
    for target, name in ((release, "release demo 1.0"), (release.project, "project demo")):
        key = f"{type(target).__name__.lower()}-{target.pk}"
        page = whole_desk.get(to(case, "decide/remove/"), {"target": key}).content.decode()
        assert f"data-confirms>Remove {name} <kbd>" in page
        assert f"<h1>Remove {name}</h1>" in page
    settings.SECOND_MODERATOR = True
    page = whole_desk.get(to(case, "decide/remove/")).content.decode()
    assert "data-confirms>Propose: Remove release demo 1.0 <kbd>" in page


def test_what_is_appealed_stands_at_the_top_and_refusing_says_that_it_is_refused(whole_desk):
    release = published(uploader=UserFactory(trusted=True))
    owner, case = release.project.roles.get().user, reported(release)
    done = decisions.quarantine(case, release, actor=actor(KeeperFactory()), reason=WHY)
    appeals.file(done, actor=actor(owner), text="It steals nothing at all.")
    page = whole_desk.get(case.get_absolute_url()).content.decode()
    head = page.partition("case__actions")[0]
    assert f"<strong>{owner.username}</strong> appeals" in head
    assert "It steals nothing at all." in head
    page = whole_desk.post(to(case, "decide/dismiss/"), {"reason": "It does."}, follow=True)
    assert told(page) == ["demo 1.0: the appeal is refused."]


@pytest.mark.parametrize("held_one", [True, False])
def test_that_a_decision_closes_the_case_is_asked_only_where_it_can(whole_desk, held_one):
    """The case of a held upload waits for what is decided of the upload."""
    case = case_of(held()) if held_one else reported(published())
    page = whole_desk.get(to(case, "decide/freeze/")).content.decode()
    assert ('id="closes"' in page) != held_one


def test_messages_spell_names_as_they_are_spelt(whole_desk):
    release = published()
    page = whole_desk.post(to(reported(release), "decide/dismiss/"), {"reason": WHY}, follow=True)
    assert ">demo 1.0: closed without consequences.</li>" in page.content.decode()


# -- whom to write to ------------------------------------------------------------------------------


@pytest.mark.parametrize("contact", ["", "gate@example.org"])
def test_whoever_reports_too_much_reads_whom_to_write_to(settings, contact):
    settings.REPORTS_PER_HOUR, settings.MODERATORS_CONTACT = 1, contact
    reporter = actor(UserFactory())
    observations.report(published(), Report("spam", "It is an ad."), actor=reporter)
    with pytest.raises(observations.TooManyRequests) as refusal:
        observations.report(published("more"), Report("spam", "It is an ad."), actor=reporter)
    said = refusal.value.detail
    assert ("write to the moderators" in said, f": {contact}." in said) == (
        bool(contact),
        bool(contact),
    )


@pytest.mark.parametrize("contact", ["", "gate@example.org"])
def test_whoever_meets_a_quarantine_reads_where_to_appeal(settings, contact):
    settings.MODERATORS_CONTACT = contact
    project = published().project
    projects.quarantine(project, actor=actor(KeeperFactory()), reason=WHY)
    with pytest.raises(access.InQuarantine) as refusal:
        access.require_no_quarantine(Project.objects.get())
    where = f"appeal at {settings.SITE_URL}{reverse('decisions')}"
    assert (where in refusal.value.detail, contact in refusal.value.detail) == (True, True)
    assert ("or write to" in refusal.value.detail) == bool(contact)


@pytest.mark.parametrize("contact", ["", "gate@example.org"])
@pytest.mark.parametrize(
    "template",
    ["packages/email/removed.txt", "packages/email/publisher_ended.txt", "packages/email/team.txt"],
)
def test_a_letter_that_says_to_write_to_the_moderators_says_where(settings, contact, template):
    from accounts import emails

    settings.MODERATORS_CONTACT = contact
    project = published().project
    context = {"project": project, "team": type("Team", (), {"name": "crew"})}
    said = emails.compose(template, context).body.partition("rite to the moderators")[2]
    assert (f"({contact})" in said) == bool(contact)
