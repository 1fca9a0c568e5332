"""Every decision, taken in every state that a thing may have been in before, and undone.

What is compared is every column of every row that a decision may touch, and the page that pip
reads; only the moments at which something was done, and serials, are the time's own.
"""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actors import SYSTEM, Actor
from accounts.models import ApiToken, AuditEvent, User
from moderation import decisions, standings
from moderation.actions import ACTIONS
from moderation.models import Case, Decision, Observation, ProhibitedName
from packages import files, projects, releases
from packages.models import File, Project, Release, Role, Stage, StagedFile
from pypi_site.lib.problems import Conflict
from tests.factories.desk import reported
from tests.factories.index import held, published, submit
from tests.factories.people import KeeperFactory, UserFactory, actor, token_for

pytestmark = pytest.mark.django_db

SIMPLE = "application/vnd.pypi.simple.v1+json"
VERBS = {"file": files, "release": releases, "project": projects}
# What may have been before a moderator came, by the owners' own verbs.
STATUSES = {
    "active": lambda project: None,
    "archived": lambda project: projects.archive(project, actor=SYSTEM, reason="It is finished."),
    "deprecated": lambda project: projects.deprecate(
        project, actor=SYSTEM, reason="Move on.", successor="demo-two"
    ),
    "in quarantine": lambda project: projects.quarantine(project, actor=SYSTEM, reason="scan 1"),
}
RELEASES = {
    "plain": lambda release: None,
    "yanked": lambda release: releases.yank(release, actor=SYSTEM, reason="It leaks."),
    "a file yanked": lambda release: files.yank(wheel(release), actor=SYSTEM, reason="Bad tags."),
    "a file deleted": lambda release: files.delete(wheel(release), actor=SYSTEM, reason="old"),
    "a file in quarantine": lambda release: files.quarantine(
        wheel(release), actor=SYSTEM, reason="scan 2"
    ),
    "yanked, and in quarantine": lambda release: (
        releases.yank(release, actor=SYSTEM, reason="It leaks."),
        releases.quarantine(release, actor=SYSTEM, reason="scan 3"),
    ),
}


def wheel(release: Release) -> File:
    return release.files.get(filetype="bdist_wheel")


@pytest.fixture
def keeper() -> Actor:
    return actor(KeeperFactory())


def arrange(status: str = "active", release: str = "plain") -> Release:
    """A project of two releases; the newer, of a wheel and an sdist, is brought into its state."""
    old = published("demo", "0.9")
    owner = old.published_by
    submit(owner, "demo", "1.0", sdist=True)
    submit(owner, "demo", "1.0")
    newer = old.project.releases.get(version="1.0")
    RELEASES[release](newer)
    STATUSES[status](old.project)
    return Release.objects.get(pk=newer.pk)  # as the verbs have left it


def thing_of(kind: str, release: Release) -> File | Release | Project:
    things = {"file": release.files.get(filetype="sdist"), "release": release}
    return things.get(kind) or Project.objects.get(pk=release.project_id)


def rows(queryset, *left_out: str) -> list[dict]:
    left = {"serial", *left_out}
    found = queryset.order_by("pk").values()
    return [{name: value for name, value in row.items() if name not in left} for row in found]


def picture(*moments: str) -> dict:
    """All that a decision may touch, but for what is named."""
    return {
        "projects": rows(Project.objects.all(), *moments),
        "releases": rows(Release.objects.all(), *moments),
        "files": rows(File.objects.all(), *moments),
        "roles": rows(Role.objects.all(), "id", *moments),
        "names": rows(ProhibitedName.objects.all()),
        "people": rows(User.objects.all()),
        "tokens": rows(ApiToken.objects.all(), "last_used_at"),
        "staged": rows(StagedFile.objects.all()),
        "stages": rows(Stage.objects.all()),
        "pip": pip_reads(),
    }


def pip_reads() -> dict:
    """The project's page without its serial."""
    page = Client().get("/simple/demo/", headers={"Accept": SIMPLE})
    if page.status_code != 200:
        return {"status": page.status_code}
    said = page.json()
    return {**said, "meta": {k: v for k, v in said["meta"].items() if k != "_last-serial"}}


def is_recorded(verb: str, decision: Decision) -> None:
    """Both the deed and its undoing stand in the trail, with what was before and after."""
    done = AuditEvent.objects.get(action=f"case.{verb}")
    undone = AuditEvent.objects.get(action="case.undo")
    assert (done.before["subject"], done.after["subject"]) == (decision.before, decision.after)
    assert done.before["case"]["state"] == "open"
    assert (done.after["decision"], undone.after["decision"]) == ("done", "undone")
    assert undone.before["subject"] == decision.after
    assert undone.after["subject"] == standings.of(decision.subject)
    assert (done.reason, undone.reason) == ("It harms.", "It does not.")


def decide_and_undo(case: Case, verb: str, thing, keeper: Actor, *moments: str) -> Decision:
    before = picture(*moments)
    decision = decisions.decide(case, verb, thing, actor=keeper, reason="It harms.")
    if verb != "dismiss":
        assert picture(*moments) != before
    decisions.undo(decision, actor=keeper, reason="It does not.")
    assert picture(*moments) == before
    decision.refresh_from_db()
    is_recorded(verb, decision)
    return decision


PRIOR = [
    *((status, "plain") for status in STATUSES),
    *(("active", release) for release in RELEASES if release != "plain"),
    ("deprecated", "yanked"),
    ("archived", "a file yanked"),
]
PUBLIC = pytest.mark.parametrize(("status", "release"), PRIOR, ids=map(", ".join, PRIOR))
KIND = pytest.mark.parametrize("kind", VERBS)


@PUBLIC
@KIND
def test_a_quarantine_that_is_undone_or_cleared_leaves_everything_as_it_was(
    kind, status, release, keeper
):
    thing = thing_of(kind, arrange(status, release))
    case, before = reported(thing), picture()
    if thing.quarantined:  # the next test begins with that
        with pytest.raises(Conflict):
            decisions.decide(case, "quarantine", thing, actor=keeper, reason="It harms.")
        assert picture() == before
        return
    decide_and_undo(case, "quarantine", thing, keeper)
    decisions.decide(case, "quarantine", thing, actor=keeper, reason="So it does.", closes=False)
    decisions.clear(case, thing, actor=keeper, reason="It does not.")
    assert picture() == before


@PUBLIC
@KIND
def test_a_clearance_that_is_undone_is_the_former_quarantine_with_its_reason(
    kind, status, release, keeper
):
    thing = thing_of(kind, arrange(status, release))
    case, clean = reported(thing), picture()
    if was_free := not thing.quarantined:
        VERBS[kind].quarantine(thing, actor=SYSTEM, reason="scan 4")
    decide_and_undo(case, "clear", thing, keeper, "quarantined_at")
    thing.refresh_from_db()
    assert thing.quarantined
    VERBS[kind].clear(thing, actor=SYSTEM, reason="enough")
    assert (picture() == clean) is was_free


@PUBLIC
@KIND
def test_what_was_removed_and_restored_is_what_it_was(kind, status, release, keeper):
    thing = thing_of(kind, arrange(status, release))
    decide_and_undo(reported(thing), "remove", thing, keeper)


@pytest.mark.parametrize("status", STATUSES)
def test_a_name_that_was_prohibited_and_is_free_again_left_its_project_alone(status, keeper):
    project = arrange(status).project
    decide_and_undo(reported(project), "prohibit", project, keeper)


@pytest.mark.parametrize("trusted", [True, False])
def test_an_unfrozen_account_has_the_trust_and_the_tokens_that_it_had(trusted, keeper):
    owner = arrange().project.roles.get().user
    if not trusted:
        User.objects.filter(pk=owner.pk).update(trusted_at=None)
    token_for(owner)
    token_for(owner, limited=False)
    case = reported(Project.objects.get())
    decide_and_undo(case, "freeze", User.objects.get(pk=owner.pk), keeper)


@pytest.mark.parametrize("born", [True, False], ids=["a release more", "a new project"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_rejection_that_is_undone_is_the_same_upload_that_waits(born, trusted, keeper, settings):
    uploader = UserFactory(trusted=trusted)
    if born:
        uploader = published("demo", "0.9").published_by
    settings.UPLOAD_HOLD = "everybody"
    stage = held("demo", "1.0", uploader=uploader)
    decide_and_undo(stage.cases.get(), "reject", stage, keeper, "created_at", "closed_at")


@pytest.mark.parametrize("trusted", [True, False])
def test_an_approval_cannot_be_unpublished_so_undoing_it_hides_all_of_it(trusted, keeper, settings):
    settings.UPLOAD_HOLD = "everybody"
    stage = held("demo", "1.0", uploader=UserFactory(trusted=trusted))
    before = User.objects.get(pk=stage.created_by_id).trusted_at
    case = stage.cases.get()
    decision = decisions.decide(case, "approve", stage, actor=keeper, reason="It harms.")
    assert [file["filename"] for file in pip_reads()["files"]] == ["demo-1.0-py3-none-any.whl"]
    decisions.undo(decision, actor=keeper, reason="It does not.")
    assert pip_reads()["files"] == []
    assert User.objects.get(pk=stage.created_by_id).trusted_at == before
    decision.refresh_from_db()
    is_recorded("approve", decision)


@PUBLIC
def test_a_case_that_was_closed_for_nothing_is_open_again_with_its_reports(status, release, keeper):
    thing = thing_of("release", arrange(status, release))
    case = reported(thing)
    decide_and_undo(case, "dismiss", thing, keeper)
    assert list(Observation.objects.values_list("outcome", flat=True)) == [""]
    assert Case.objects.get().is_live


def _of_project(verb: str) -> tuple[Case, object]:
    project = arrange(release="plain").project
    if verb == "clear":
        projects.quarantine(project, actor=SYSTEM, reason="scan 4")
    return reported(project), Project.objects.get(pk=project.pk)


def _of_owner(verb: str) -> tuple[Case, object]:
    case, project = _of_project(verb)
    return case, project.roles.get().user


def _of_upload(verb: str) -> tuple[Case, object]:
    stage = held("demo", "1.0")
    return stage.cases.get(), stage


SETTINGS = {
    **dict.fromkeys(["quarantine", "clear", "remove", "prohibit", "dismiss"], _of_project),
    "freeze": _of_owner,
    **dict.fromkeys(["approve", "reject"], _of_upload),
}


@pytest.mark.parametrize("verb", ACTIONS)
def test_every_action_that_there_is_can_be_undone_and_both_are_recorded(verb, keeper):
    case, thing = SETTINGS[verb](verb)
    decision = decisions.decide(case, verb, thing, actor=keeper, reason="It harms.")
    assert decision.state == "done"
    decisions.undo(decision, actor=keeper, reason="It does not.")
    decision.refresh_from_db()
    assert decision.state == "undone"
    assert Case.objects.get(pk=case.pk).is_live
    is_recorded(verb, decision)


# -- freezing is a decision of its own -----------------------------------------------------------


def test_a_quarantine_freezes_nobody_and_clearing_it_unfreezes_nobody(keeper):
    project = arrange().project
    owner = project.roles.get().user
    case = reported(project)
    hidden = decisions.decide(
        case, "quarantine", project, actor=keeper, reason="malware", closes=False
    )
    owner.refresh_from_db()
    assert owner.is_active
    frozen = decisions.freeze(case, owner, actor=keeper, reason="stolen")
    decisions.undo(hidden, actor=keeper, reason="It was sound.")
    owner.refresh_from_db()
    assert not owner.is_active
    decisions.quarantine(case, project, actor=keeper, reason="malware after all")
    decisions.undo(frozen, actor=keeper, reason="He has his account again.")
    owner.refresh_from_db()
    project.refresh_from_db()
    assert owner.is_active
    assert project.quarantined
