"""What the desk says before something is done is what happens then."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM
from accounts.models import Notice, User
from moderation import appeals, consequences, decisions, observations, prohibitions
from moderation.actions import ACTIONS
from moderation.models import Case, Decision, Removal
from moderation.observations import Report
from packages import projects
from packages.models import File, Role
from tests.factories import jobs
from tests.factories.index import held, published, submit
from tests.factories.people import KeeperFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
LOG = "It stands in the public log of removals, with your reason."


def decided(verb: str) -> Decision:
    """A decision of that kind, in the case of a held upload or of a reported project."""
    keeper = actor(KeeperFactory())
    if verb in ("approve", "reject"):
        return getattr(decisions, verb)(held(), actor=keeper, reason="So it is.")
    project = published(uploader=UserFactory(trusted=True)).project
    Role.objects.create(project=project, user=UserFactory(), kind=Role.Kind.MAINTAINER)
    case = reported(project)
    if verb == "clear":
        decisions.decide(case, "quarantine", project, actor=keeper, reason="Odd.", closes=False)
    target = project.roles.first().user if verb == "freeze" else project
    return decisions.decide(case, verb, target, actor=keeper, reason="So it is.")


def reported(thing, **more) -> Case:
    given = Report("malware", "It steals passwords.", **more)
    return observations.report(thing, given, actor=actor(UserFactory(username="rita"))).case


def sentences(found) -> list[str]:
    return [each.title for each in found]


def of_approving(stage) -> str:
    case = Case.objects.get(stage=stage)
    return str(consequences.of(case, ACTIONS["approve"], stage))


def test_approving_tells_of_a_twin_that_was_published_while_the_upload_waited():
    stage = held("cheese-counter")
    assert "Who registered its name now" not in of_approving(stage)
    published("cheesec0unter")
    told = of_approving(stage)
    assert "Who registered its name now would be told:" in told
    assert "The name cheese-counter is cheesec0unter but for" in told


def test_approving_tells_of_a_prohibition_of_the_twin_and_not_again_of_what_held_it():
    stage = held("functools-jaraco")
    assert "Who registered its name now" not in of_approving(stage)
    prohibitions.prohibit(["functoolsjaraco"], actor=SYSTEM, reason="malware")
    assert "which is prohibited here" in of_approving(stage)


@pytest.mark.parametrize("verb", ACTIONS)
def test_the_preview_of_an_undo_names_who_reads_the_reason_and_whether_it_is_public(verb):
    decision = decided(verb)
    jobs.run_all()
    Notice.objects.all().delete()
    logged = Removal.objects.count()
    foreseen = consequences.of_undoing(decision.case, decision)
    named = {name for each in foreseen for name in each.items}
    decisions.undo(decision, actor=actor(KeeperFactory()), reason="Let us see who reads it.")
    jobs.run_all()
    written_to = User.objects.filter(notices__text__contains="Let us see who reads it.")
    assert set(written_to.values_list("username", flat=True)) - {"rita"} == named
    assert (Removal.objects.count() > logged) == any(
        "public log" in each for each in sentences(foreseen)
    )
    assert written_to.filter(username="rita").exists() == (
        "1 reporter reads the outcome and your reason." in sentences(foreseen)
    )


def test_the_page_of_an_undo_says_what_it_does_and_that_people_read_the_reason(client):
    decision = decided("quarantine")
    client.force_login(decision.moderator)
    place = f"/admin/moderation/case/{decision.case.pk}/decisions/{decision.pk}/undo/"
    page = client.get(place).content.decode()
    for text in ("exactly what it was before", LOG, "The people concerned will read it"):
        assert text in page


def test_a_withdrawn_proposal_is_told_to_nobody_and_says_so(client, settings):
    settings.SECOND_MODERATOR = True
    decision = decided("remove")
    client.force_login(decision.moderator)
    place = f"/admin/moderation/case/{decision.case.pk}/decisions/{decision.pk}/withdraw/"
    assert b"nobody is told" in client.get(place).content


def test_closing_a_case_says_what_its_reports_count_as():
    project = published().project
    case = reported(project)
    dismiss = ACTIONS["dismiss"]
    assert "The report counts as unfounded." in sentences(consequences.of(case, dismiss, project))
    keeper = actor(KeeperFactory())
    done = decisions.decide(case, "quarantine", project, actor=keeper, reason="Odd.", closes=False)
    stays = "The report counts as confirmed: what was decided here stays."
    assert stays in sentences(consequences.of(case, dismiss, project))
    appeals.file(done, actor=actor(project.roles.get().user), text="It is nothing of the sort.")
    found = sentences(consequences.of(case, dismiss, project))
    assert [each for each in found if "counts as" in each] == []
    assert "The appeal is refused: what was decided stays. Who appealed is told." in found


def items(found, title: str) -> tuple[str, ...] | None:
    """The names under a sentence; None if it is not said."""
    return next((each.items for each in found if each.title == title), None)


BIN, KEPT = "These files go into the bin:", "These versions can be installed as before:"


@pytest.mark.parametrize("kind", ["file", "release", "project"])
def test_what_is_in_quarantine_goes_into_the_bin_as_foretold(kind):
    """The usual order: first hidden, then removed."""
    release = published()
    submit(release.published_by, sdist=True)
    project, keeper = release.project, actor(KeeperFactory())
    thing = {"file": release.files.first(), "release": release, "project": project}[kind]
    case = reported(project)
    decisions.decide(case, "quarantine", thing, actor=keeper, reason="Odd.", closes=False)
    foreseen = items(consequences.of(case, ACTIONS["remove"], thing), BIN)
    decisions.decide(case, "remove", thing, actor=keeper, reason="Bad.", closes=False)
    gone = File.objects.in_bin().order_by("filename").values_list("filename", flat=True)
    assert foreseen == tuple(gone) != ()


@pytest.mark.parametrize("verb", ["quarantine", "remove"])
def test_a_version_of_which_nothing_is_left_is_not_said_to_stay(verb):
    release = published()
    submit(release.published_by, version="2.0")
    case, only = reported(release.project), release.files.get()
    assert items(consequences.of(case, ACTIONS[verb], only), KEPT) == ("2.0",)
    submit(release.published_by, sdist=True)
    assert items(consequences.of(case, ACTIONS[verb], only), KEPT) == ("2.0", "1.0")
    assert items(consequences.of(case, ACTIONS[verb], release), KEPT) == ("2.0",)
    assert items(consequences.of(case, ACTIONS[verb], release.project), KEPT) is None


@pytest.mark.parametrize("of_project", [True, False])
@pytest.mark.parametrize("verb", ["clear", "remove", "prohibit", "freeze", "dismiss"])
def test_what_becomes_of_a_waiting_appeal_is_foretold(verb, of_project):
    project, keeper = published(uploader=UserFactory(trusted=True)).project, actor(KeeperFactory())
    case, owner = reported(project), project.roles.get().user
    release = project.releases.get()
    done = decisions.decide(case, "quarantine", release, actor=keeper, reason="Odd.", closes=True)
    appeal = appeals.file(done, actor=actor(owner), text="It is nothing of the sort.")
    target = owner if verb == "freeze" else project if of_project else release
    if verb in ("prohibit", "dismiss"):
        target = project
    if verb == "clear" and of_project:
        projects.quarantine(project, actor=keeper, reason="All of it.")
    found = sentences(consequences.of(case, ACTIONS[verb], target))
    another = actor(KeeperFactory())
    decisions.decide(case, verb, target, actor=another, reason="So it is.", closes=True)
    appeal.refresh_from_db()
    (told,) = [each for each in found if "appeal" in each.lower()]
    assert f"appeal is {appeal.outcome or 'not answered'}" in told
    conditional = bool(appeal.outcome) and verb != "dismiss"
    assert told.startswith("If the case is decided with this, ") == conditional


def test_an_undo_says_that_the_appeal_against_it_is_granted():
    decision = decided("quarantine")
    owner = decision.subject_project.roles.filter(kind="owner").get().user
    appeals.file(decision, actor=actor(owner), text="It is nothing of the sort.")
    granted = "The appeal is granted. Who appealed is told."
    assert granted in sentences(consequences.of_undoing(decision.case, decision))


def test_visitors_who_left_an_address_are_counted_among_the_readers():
    project = published().project
    case = reported(project)
    visitor = Report("spam", "It is spam, and nothing else.", email="v@example.org")
    observations.report(project, visitor, actor=actor(None))
    found = sentences(consequences.of(case, ACTIONS["dismiss"], project))
    assert "2 reporters read the outcome and your reason." in found
