"""Claiming a name, and the statuses of PEP 792."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from moderation import decisions
from packages import access, projects
from packages.models import JournalEntry, Project, ProjectStatus, Role
from packages.uploads import stages
from packages.uploads.stages import Result
from tests.factories import jobs
from tests.factories.index import held, published, submit
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db

ENTRIES = {"quarantined": "project quarantined"}
VERBS = {
    ProjectStatus.ARCHIVED: projects.archive,
    ProjectStatus.DEPRECATED: projects.deprecate,
    ProjectStatus.QUARANTINED: projects.quarantine,
    ProjectStatus.ACTIVE: projects.activate,
}


def test_the_first_uploader_becomes_the_owner_and_spells_the_name():
    user = UserFactory()
    project = projects.claim(Actor(user=user), "Demo.Pkg")
    assert (project.name, project.normalized_name) == ("Demo.Pkg", "demo-pkg")
    assert [(role.user, role.kind) for role in project.roles.all()] == [(user, "owner")]
    assert str(project.roles.get()) == f"{user} is owner of Demo.Pkg"
    assert AuditEvent.objects.get(action="project.register").subject == "Demo.Pkg"


def test_another_spelling_is_the_same_project():
    user = UserFactory()
    first = projects.claim(Actor(user=user), "Demo.Pkg")
    again = projects.claim(Actor(user=user), "demo_pkg")
    assert (again, again.name) == (first, "Demo.Pkg")


def test_a_reserved_name_is_nobodys_else():
    projects.claim(Actor(user=UserFactory()), "demo")
    with pytest.raises(access.NotYours):
        projects.claim(Actor(user=UserFactory()), "demo")


@pytest.mark.parametrize(
    "name", ["", "-demo", "demo-", "de mo", "démo", "a" * 129, "a\0b", "\u017f"]
)
def test_what_is_no_name_cannot_be_claimed(name):
    with pytest.raises(projects.InvalidName):
        projects.claim(Actor(user=UserFactory()), name)
    assert not Project.objects.exists()


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "requirements.txt", "Setup_Py"])
def test_a_reserved_word_cannot_be_claimed(name):
    with pytest.raises(projects.ReservedName):
        projects.claim(Actor(user=UserFactory()), name)


# -- giving up -----------------------------------------------------------------------------------


def test_a_name_given_up_can_be_claimed_by_another_in_his_spelling():
    project = projects.claim(Actor(user=UserFactory()), "Demo")
    projects.release_name(project, actor=SYSTEM)
    other = UserFactory()
    again = projects.claim(Actor(user=other), "DEMO")
    assert (again, again.name) == (project, "DEMO")
    assert again.roles.get().user == other


def test_a_published_name_is_never_given_up():
    project = published().project
    projects.release_name(project, actor=SYSTEM)
    assert project.roles.exists()


def test_a_name_with_another_upload_waiting_is_not_given_up():
    user = UserFactory()
    first = held(uploader=user)
    submit(user, version="2.0")
    stages.reject(first, actor=SYSTEM, reason="broken")
    assert Role.objects.get(project=first.project).user == user


# -- status --------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ProjectStatus.values)
@pytest.mark.parametrize("after", ProjectStatus.values)
def test_every_status_leads_to_every_other(before, after):
    """STA-9."""
    release = published()
    Project.objects.update(status=before)
    jobs.forget()
    administrator = AdministratorFactory()
    if before == after:
        with pytest.raises(projects.NoChange, match=f"demo is {after} already"):
            VERBS[after](release.project, actor=actor(administrator), reason="because")
        assert jobs.waiting() == []
        return
    project = VERBS[after](release.project, actor=actor(administrator), reason="because")
    project.refresh_from_db()
    assert project.status == after
    assert project.status_reason == ("" if after == "active" else "because")
    event = AuditEvent.objects.get(action=f"project.{after}")
    assert (event.user, event.reason) == (administrator, "because")
    assert (event.before["status"], event.after["status"]) == (before, after)
    entry = JournalEntry.objects.latest("serial")
    assert entry.action == ENTRIES.get(after, f"set status {after}")
    assert project.serial == entry.serial
    noted = [("moderation.elsewhere.note", (event.pk,))] if after == "quarantined" else []
    assert sorted(jobs.waiting()) == [
        *noted,
        ("packages.letters.tell_people", (event.pk,)),
        ("search.tasks.update", (project.pk,)),
    ]


@pytest.mark.parametrize("status", ["archived", "quarantined"])
def test_a_closed_project_takes_no_uploads_until_it_is_active_again(status):
    project = published().project
    owner = project.roles.get().user
    VERBS[status](project, actor=SYSTEM)
    with pytest.raises(access.NotAccepting):
        submit(owner, version="2.0")
    projects.activate(project, actor=SYSTEM)
    assert submit(owner, version="2.0").result is Result.PUBLISHED


def test_a_deprecated_project_still_takes_uploads():
    project = published().project
    projects.deprecate(project, actor=SYSTEM, reason="use demo2")
    assert submit(project.roles.get().user, version="2.0").result is Result.PUBLISHED


def test_the_status_of_a_name_that_is_only_reserved_is_not_in_the_journal():
    project = held().project
    projects.quarantine(project, actor=SYSTEM, reason="odd")
    assert not JournalEntry.objects.exists()
    assert AuditEvent.objects.filter(action="project.quarantined").exists()


def test_a_name_quarantined_before_its_first_release_is_nobodys():
    stage = held()
    projects.quarantine(stage.project, actor=SYSTEM, reason="odd")
    decisions.reject(stage, actor=actor(AdministratorFactory()), reason="malware")
    with pytest.raises(access.NotAccepting, match="demo is quarantined"):
        submit(UserFactory(trusted=True))
    projects.activate(stage.project, actor=SYSTEM)
    assert submit(UserFactory(trusted=True)).result is Result.PUBLISHED
