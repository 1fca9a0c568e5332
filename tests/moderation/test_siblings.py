"""Held files of one release: named, shown, decided and told of together."""

from __future__ import annotations

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import Notice
from moderation import cases, decisions, tasks
from moderation.models import Case, Decision
from packages import projects, releases
from packages.models import File, Role, Stage
from pypi_site.lib.problems import Conflict
from tests.factories import jobs
from tests.factories.index import held, submit
from tests.factories.people import KeeperFactory, ModeratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
FILES = ("demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz")


@pytest.fixture
def keeper():
    return actor(KeeperFactory())


@pytest.fixture
def uploader():
    return UserFactory()


@pytest.fixture
def stages(uploader):
    """A wheel and an sdist of one release, each held, and another release beside."""
    for facts in ({"version": "1.0"}, {"version": "1.0", "sdist": True}, {"version": "2.0"}):
        submit(uploader, "demo", **facts)
    return list(Stage.objects.held().filter(version="1.0").order_by("pk"))


def about(user, version="1.0") -> list[Notice]:
    return list(Notice.objects.of(user).filter(title__contains=f"demo {version}").order_by("pk"))


def test_a_case_is_named_by_its_file(stages, whole_desk):
    assert [case.title for case in Case.objects.filter(stage__in=stages).order_by("pk")] == [
        f"demo 1.0 ({name})" for name in FILES
    ]
    page = whole_desk.get("/admin/").content.decode()
    assert all(f"demo 1.0 ({name})" in page for name in FILES)


def test_the_case_and_the_decision_name_what_waits_beside_it(stages, whole_desk):
    first, second = (cases.live(stage) for stage in stages)
    for address in (first.get_absolute_url(), f"/admin/moderation/case/{first.pk}/decide/approve/"):
        page = whole_desk.get(address).content.decode()
        assert "1 more upload of this release waits" in page
        assert f'<a href="{second.get_absolute_url()}">demo 1.0 ({FILES[1]})</a>' in page
        assert "demo 2.0" not in page.partition('id="siblings"')[2].partition("</section>")[0]
    alone = cases.live(Stage.objects.get(version="2.0")).get_absolute_url()
    assert "of this release wait" not in whole_desk.get(alone).content.decode()


def test_all_of_a_release_are_decided_together_with_one_letter(stages, whole_desk, uploader):
    jobs.forget()
    picked = [cases.live(stage).pk for stage in stages]
    address = "/admin/moderation/case/bulk/approve/"
    page = whole_desk.post(address, {"case": picked}).content.decode()
    assert "Approve 2 cases" in page
    whole_desk.post(address, {"case": picked, "confirmed": "yes", "reason": "Looks fine."})
    assert File.objects.count() == 2
    jobs.run_all()
    [notice] = about(uploader)
    assert notice.title == "demo 1.0 is published"
    assert all(name in notice.text for name in FILES)
    assert Decision.objects.filter(told_at=None).count() == 0


def test_of_a_release_that_waits_each_reads_one_letter(stages, uploader, mailoutbox):
    moderator, owner = ModeratorFactory(), UserFactory()
    Role.objects.create(project=stages[0].project, user=owner, kind=Role.Kind.OWNER)
    jobs.run_all()
    for person in (moderator, owner, uploader):
        [notice] = about(person)
        assert all(name in notice.text for name in FILES)
        assert len([mail for mail in mailoutbox if mail.to == [person.email]]) == 2  # and of 2.0
    assert notice.text.count(stages[0].holds[0]["reason"]) == 1
    for stage in stages:
        assert (tasks.tell_moderators(stage.pk), tasks.tell_uploader_to_wait(stage.pk)) == (
            0,
            False,
        )


def test_letters_wait_for_what_comes_with_it(stages):
    letters = [row for row in OrmQ.objects.all() if "moderation.tasks.tell" in row.task["func"]]
    assert letters
    assert all((row.lock - timezone.now()).total_seconds() > 100 for row in letters)


def test_a_file_that_comes_after_the_letter_gets_one_of_its_own(uploader):
    moderator = ModeratorFactory()
    submit(uploader, "demo")
    jobs.run_all()
    submit(uploader, "demo", sdist=True)
    jobs.run_all()
    first, second = about(moderator)
    assert (FILES[1] in first.text, FILES[0] in second.text) == (False, False)
    assert FILES[1] in second.text


def test_decisions_for_different_reasons_are_told_apart(stages, keeper, uploader):
    jobs.forget()
    decisions.approve(stages[0], actor=keeper, reason="Looks fine.")
    decisions.reject(stages[1], actor=keeper, reason="No licence.")
    jobs.run_all()
    assert [notice.title for notice in about(uploader)] == [
        "demo 1.0 is published",
        "demo 1.0 was not published",
    ]


def test_what_is_taken_back_before_it_was_told_only_the_undoing_tells(keeper, uploader):
    stage = held(uploader=uploader)
    jobs.forget()
    decision = decisions.reject(stage, actor=keeper, reason="No licence.")
    decisions.undo(decision, actor=keeper, reason="There is one.")
    jobs.run_all()
    texts = [notice.text for notice in about(uploader) if "waits" not in notice.title]
    assert [("No licence." in text, "There is one." in text) for text in texts] == [(False, True)]


# -- what the page before an approval says ---------------------------------------------------------


def test_who_is_frozen_is_not_trusted_by_an_approval(keeper, uploader, whole_desk):
    stage = held(uploader=uploader)
    uploader.is_active = False
    uploader.save()
    address = f"/admin/moderation/case/{cases.live(stage).pk}/decide/approve/"
    assert (
        f"The account of {uploader.username} is frozen" in whole_desk.get(address).content.decode()
    )
    decision = decisions.approve(stage, actor=keeper, reason="Looks fine.")
    uploader.refresh_from_db()
    assert (uploader.trusted_at, decision.details["trusted"]) == (None, False)


@pytest.mark.parametrize("what", ["release", "project"])
def test_a_moderator_who_approves_into_a_quarantine_reads_what_he_can_do(
    what, settings, keeper, whole_desk
):
    settings.UPLOAD_HOLD = "everybody"
    owner = UserFactory()
    decisions.approve(held(uploader=owner), actor=keeper, reason="fine")
    submit(owner, "demo", sdist=True)
    stage = Stage.objects.held().get()
    release = stage.project.releases.get()
    if what == "release":
        releases.quarantine(release, actor=keeper, reason="Look.")
    else:
        projects.quarantine(stage.project, actor=keeper, reason="Look.")
    wanted = "is in quarantine and takes no files: clear it first, or reject the upload."
    address = f"/admin/moderation/case/{cases.live(stage).pk}/decide/approve/"
    assert wanted in whole_desk.get(address).content.decode()
    with pytest.raises(Conflict, match="clear it first, or reject the upload"):
        decisions.approve(stage, actor=keeper, reason="Looks fine.")
