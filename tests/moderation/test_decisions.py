"""Approving and rejecting: who may, what is recorded, who is told."""

from __future__ import annotations

import pytest

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from moderation import decisions, tasks
from moderation.models import Decision
from packages import projects
from packages.models import File
from packages.uploads.stages import NotHeld, Result
from pypi_site.lib.problems import Conflict, Refused
from tests.factories import jobs
from tests.factories.index import held, submit
from tests.factories.people import AdministratorFactory, ModeratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
VERBS = pytest.mark.parametrize("verb", [decisions.approve, decisions.reject])


def token_actor(user):
    return Actor(user=user, token=tokens.mint(user, actor=SYSTEM, name="test")[0])


@VERBS
@pytest.mark.parametrize(
    "who",
    [
        lambda: SYSTEM,
        lambda: actor(UserFactory()),
        lambda: actor(UserFactory(is_staff=True)),
        lambda: actor(ModeratorFactory(is_active=False)),
        lambda: token_actor(ModeratorFactory()),
        lambda: token_actor(AdministratorFactory()),
    ],
    ids=["nobody", "stranger", "staff", "former moderator", "token", "administrator's token"],
)
def test_only_moderators_decide_and_a_token_never(verb, who):
    stage = held()
    with pytest.raises(Refused, match="Only moderators decide"):
        verb(stage, actor=who(), reason="because")
    stage.refresh_from_db()
    assert stage.status == "processing"
    assert not Decision.objects.exists()


@VERBS
@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
def test_a_decision_needs_a_reason(verb, reason):
    stage = held()
    with pytest.raises(decisions.ReasonNeeded):
        verb(stage, actor=actor(ModeratorFactory()), reason=reason)
    assert not Decision.objects.exists()
    assert not File.objects.exists()


@pytest.mark.parametrize("who", [ModeratorFactory, AdministratorFactory])
def test_an_approval_is_recorded_once(who):
    moderator = who()
    decision = decisions.approve(held(), actor=actor(moderator), reason="looks good ")
    assert (decision.kind, decision.reason, decision.moderator) == (
        "approved",
        "looks good",
        moderator,
    )
    assert str(decision) == "demo 1.0 approved"
    assert AuditEvent.objects.filter(action="stage.approve", user=moderator).count() == 1
    assert File.objects.offered().get().filename == "demo-1.0-py3-none-any.whl"


def test_an_approval_makes_the_next_projects_of_its_uploader_pass():
    user = UserFactory()
    decisions.approve(held(uploader=user), actor=actor(ModeratorFactory()), reason="looks good")
    user.refresh_from_db()
    assert user.trusted_at is not None
    assert "looks good" in AuditEvent.objects.get(action="user.trust").reason
    assert submit(user, "second").result is Result.PUBLISHED


def test_a_rejection_is_recorded_once_and_trusts_nobody():
    user, moderator = UserFactory(), ModeratorFactory()
    decision = decisions.reject(held(uploader=user), actor=actor(moderator), reason="malware")
    assert (decision.kind, decision.reason, decision.moderator) == (
        "rejected",
        "malware",
        moderator,
    )
    assert AuditEvent.objects.filter(action="stage.reject", user=moderator).count() == 1
    user.refresh_from_db()
    assert user.trusted_at is None
    assert not File.objects.exists()


@VERBS
def test_what_is_decided_is_not_decided_again(verb):
    stage, moderator = held(), actor(ModeratorFactory())
    decisions.approve(stage, actor=moderator, reason="first")
    with pytest.raises(NotHeld):
        verb(stage, actor=moderator, reason="second")
    assert Decision.objects.get().reason == "first"


def test_an_upload_of_a_deleted_account_can_be_approved():
    stage = held()
    stage.created_by.delete()
    stage.refresh_from_db()
    decision = decisions.approve(stage, actor=actor(ModeratorFactory()), reason="useful")
    assert tasks.tell_uploader(decision.pk) is False
    assert not AuditEvent.objects.filter(action="user.trust").exists()


def test_a_refused_approval_leaves_everything_as_it_was():
    stage = held()
    projects.archive(stage.project, actor=SYSTEM, reason="old")
    jobs.forget()
    with pytest.raises(Conflict):
        decisions.approve(stage, actor=actor(ModeratorFactory()), reason="fine")
    assert not Decision.objects.exists()
    assert jobs.waiting() == []
    stage.created_by.refresh_from_db()
    assert stage.created_by.trusted_at is None


# -- e-mails to the uploader ---------------------------------------------------------------------


@VERBS
def test_the_uploader_is_written_to_once_even_if_the_job_runs_twice(verb, mailoutbox):
    stage = held()
    jobs.forget()
    decision = verb(stage, actor=actor(ModeratorFactory()), reason="so be it")
    assert ("moderation.tasks.tell_uploader", (decision.pk,)) in jobs.waiting()
    jobs.run_all()
    assert tasks.tell_uploader(decision.pk) is False
    (mail,) = mailoutbox
    assert mail.to == [stage.created_by.email]
    assert "so be it" in mail.body
    assert "demo-1.0-py3-none-any.whl" in mail.body
    assert AuditEvent.objects.filter(action__startswith="stage.").count() == 1


def test_an_approval_tells_where_the_project_is(mailoutbox, settings):
    settings.SITE_URL = "https://index.example.org"
    decision = decisions.approve(held(), actor=actor(ModeratorFactory()), reason="fine")
    assert tasks.tell_uploader(decision.pk) is True
    assert mailoutbox[0].subject == "[Gatehouse] demo 1.0 is published"
    assert "https://index.example.org/project/demo/" in mailoutbox[0].body
    assert "published without waiting" in mailoutbox[0].body


def test_an_index_that_reviews_everything_promises_nothing_else(mailoutbox, settings):
    settings.UPLOAD_HOLD = "everybody"
    decision = decisions.approve(held(), actor=actor(ModeratorFactory()), reason="fine")
    tasks.tell_uploader(decision.pk)
    assert "published without waiting" not in mailoutbox[0].body


def test_a_rejection_tells_what_to_do(mailoutbox):
    decision = decisions.reject(held(), actor=actor(ModeratorFactory()), reason="broken & <bad>")
    tasks.tell_uploader(decision.pk)
    assert mailoutbox[0].subject == "[Gatehouse] demo 1.0 was not published"
    assert "broken & <bad>" in mailoutbox[0].body


def test_an_uploader_whom_nobody_can_write_to_is_not_tried_again(mailoutbox):
    stage = held()
    stage.created_by.emailaddress_set.all().delete()
    decision = decisions.approve(stage, actor=actor(ModeratorFactory()), reason="fine")
    assert tasks.tell_uploader(decision.pk) is False
    decision.refresh_from_db()
    assert decision.told_at is not None
    assert mailoutbox == []


# -- e-mails to moderators -----------------------------------------------------------------------


def test_everybody_who_may_decide_is_told_once(mailoutbox):
    moderator, administrator = ModeratorFactory(), AdministratorFactory()
    ModeratorFactory(is_active=False)
    ModeratorFactory(is_staff=False)
    ModeratorFactory(verified=False)
    UserFactory(is_staff=True)
    stage = held()
    assert tasks.tell_moderators(stage.pk) == 2
    assert {mail.to[0] for mail in mailoutbox} == {moderator.email, administrator.email}
    assert stage.cases.get().get_absolute_url() in mailoutbox[0].body
    assert stage.files.get().sha256 in mailoutbox[0].body
    assert stage.created_by.username in mailoutbox[0].body
    assert tasks.tell_moderators(stage.pk) == 0
    assert len(mailoutbox) == 2


def test_the_uploader_is_told_once_that_his_upload_waits(mailoutbox):
    stage = held()
    assert tasks.tell_uploader_to_wait(stage.pk) is True
    assert tasks.tell_uploader_to_wait(stage.pk) is False
    (mail,) = mailoutbox
    assert mail.to == [stage.created_by.email]
    stage.created_by.delete()
    assert tasks.tell_uploader_to_wait(stage.pk) is False


def test_a_moderator_by_several_ways_gets_one_e_mail(mailoutbox):
    from django.contrib.auth.models import Group, Permission

    moderator = ModeratorFactory(is_superuser=True)
    for name in ("one", "other"):
        group = Group.objects.create(name=name)
        group.permissions.add(Permission.objects.get(codename="decide_heldupload"))
        moderator.groups.add(group)
    assert tasks.tell_moderators(held().pk) == 1
    assert len(mailoutbox) == 1


def test_nobody_is_told_of_what_is_decided_meanwhile(mailoutbox):
    stage, moderator = held(), ModeratorFactory()
    decisions.reject(stage, actor=actor(moderator), reason="no")
    assert tasks.tell_moderators(stage.pk) == 0
    assert tasks.tell_moderators(0) == 0
    assert mailoutbox == []
