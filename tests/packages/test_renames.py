"""Renaming: the old name leads on, stays reserved, and nobody else is ever faster."""

from __future__ import annotations

import multiprocessing

import pytest
from django.db import connections, transaction

from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from moderation.models import ProhibitedName
from packages import access, projects, renames
from packages.models import FormerName, JournalEntry, Project
from packages.uploads import stages, staging
from packages.uploads.policies import RefusedByPolicy
from pypi_site.lib.problems import Conflict, Moved, NotFound
from tests.factories import jobs
from tests.factories.index import held, published, submit
from tests.factories.people import AdministratorFactory, UserFactory, actor
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db


def renamed(name="renewed", **options):
    """The project ``old``, which is called so no more."""
    project = published("old", **options).project
    return renames.rename(project, name, actor=SYSTEM)


def owner_of(project):
    return project.roles.get().user


def test_the_old_name_leads_to_the_new_one():
    project = renamed("Renewed")
    assert (project.name, project.normalized_name) == ("Renewed", "renewed")
    assert access.known_project("renewed") == project
    with pytest.raises(Moved) as moved:
        access.known_project("old")
    assert moved.value.arguments["name"] == "renewed"


def test_it_is_recorded_under_both_names_and_announced():
    project = published("Old").project
    owner = owner_of(project)
    jobs.forget()
    renames.rename(project, "renewed", actor=actor(owner), reason="clearer")
    event = AuditEvent.objects.get(action="project.rename")
    assert (event.user, event.reason, event.before["name"]) == (owner, "clearer", "Old")
    entries = JournalEntry.objects.order_by("-serial").values_list("project", "action")[:2]
    assert list(entries) == [
        ("renewed", "rename project from Old"),
        ("old", "rename project to renewed"),
    ]
    assert sorted(jobs.waiting()) == [
        ("packages.letters.tell_people", (event.pk,)),
        ("search.tasks.update", (project.pk,)),
    ]


def test_another_spelling_leaves_no_former_name():
    project = published("Foo_Bar").project
    project = renames.rename(project, "foo-bar", actor=actor(owner_of(project)))
    assert (project.name, project.normalized_name) == ("foo-bar", "foo-bar")
    assert not FormerName.objects.exists()
    assert JournalEntry.objects.latest("serial").action == "rename project from Foo_Bar"


def test_every_name_of_a_chain_leads_to_the_last():
    project = renamed("b")
    renames.rename(project, "c", actor=SYSTEM)
    for name in ("old", "b"):
        with pytest.raises(Moved) as moved:
            access.known_project(name)
        assert moved.value.arguments["name"] == "c"


def test_a_project_takes_its_former_name_back():
    project = renamed("renewed")
    project = renames.rename(project, "old", actor=actor(owner_of(project)))
    assert access.known_project("old") == project
    assert [former.normalized_name for former in project.former_names.all()] == ["renewed"]


def test_the_redirect_is_switched_off_and_on_and_the_name_stays_reserved():
    project = renamed()
    former = project.former_names.get()
    renames.set_redirect(former, actor=actor(owner_of(project)), on=False)
    with pytest.raises(NotFound):
        access.known_project("old")
    with pytest.raises(access.NotYours):
        submit(UserFactory(trusted=True), "old")
    with pytest.raises(projects.NoChange):
        renames.set_redirect(former, actor=SYSTEM, on=False)
    renames.set_redirect(former, actor=SYSTEM, on=True)
    with pytest.raises(Moved):
        access.known_project("old")


def test_a_switched_redirect_is_a_change_of_the_former_name_alone():
    """Whoever keeps the project's page, as caches and the root page do, is told of nothing."""
    project = renamed()
    before = Project.objects.get().serial
    renames.set_redirect(project.former_names.get(), actor=SYSTEM, on=False)
    newest = JournalEntry.objects.latest("serial")
    assert (newest.project, newest.action) == ("old", "stop redirecting old to renewed")
    assert newest.serial > before
    assert Project.objects.get().serial == before


def test_an_upload_under_the_old_name_is_told_the_new_one():
    project = renamed("shiny-renewed")
    with pytest.raises(access.Renamed, match="old is called shiny-renewed now") as refusal:
        submit(owner_of(project), "old", "2.0")
    assert refusal.value.status == 403
    assert "already exists" not in refusal.value.reason  # twine would skip it
    assert submit(owner_of(project), "shiny-renewed", "2.0").result is stages.Result.PUBLISHED


def test_a_stranger_learns_only_that_the_old_name_is_taken():
    renamed("renewed")
    with pytest.raises(access.NotYours, match="The name old belongs to somebody else"):
        submit(UserFactory(trusted=True), "old")
    with pytest.raises(access.NotYours):
        staging.open_session(actor(UserFactory()), "Old", "1.0")


@pytest.mark.parametrize("kind", ["stranger", "maintainer"])
def test_only_owners_rename(kind):
    project, user = published("old").project, UserFactory()
    if kind == "maintainer":
        project.roles.create(user=user, kind="maintainer")
    with pytest.raises(access.NotYours):
        renames.rename(project, "renewed", actor=actor(user))
    former = renames.rename(project, "renewed", actor=SYSTEM).former_names.get()
    with pytest.raises(access.NotYours):
        renames.set_redirect(former, actor=actor(user), on=False)


def test_an_administrator_renames():
    project = published("old").project
    administrator = actor(AdministratorFactory())
    assert (
        renames.rename(project, "renewed", actor=administrator, reason="trademark").name
        == "renewed"
    )


@pytest.mark.parametrize("name", ["", "-x", "a" * 129])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(projects.InvalidName):
        renamed(name)


def test_a_reserved_word_is_refused():
    with pytest.raises(projects.ReservedName):
        renamed("con")


def test_the_policies_for_names_are_asked_as_for_a_registration():
    ProhibitedName.objects.create(name="evil-corp")
    with pytest.raises(RefusedByPolicy, match="evil-corp is prohibited"):
        renamed("Evil_Corp")
    assert Project.objects.filter(normalized_name="old").exists()


@pytest.mark.parametrize("arrange", [published, held], ids=["published", "held"])
def test_a_name_in_use_is_refused(arrange):
    arrange("taken")
    with pytest.raises(projects.NameTaken):
        renamed("taken")


def test_the_former_name_of_another_is_refused():
    renamed("renewed")
    other = published("other").project
    with pytest.raises(projects.NameTaken):
        renames.rename(other, "old", actor=SYSTEM)


def test_a_name_that_was_reserved_and_given_up_can_be_taken():
    user = UserFactory()
    stage = staging.open_session(Actor(user=user), "renewed", "1.0")
    staging.cancel(stage, actor=actor(user))
    assert renamed("renewed").normalized_name == "renewed"


def test_a_name_about_which_a_moderator_decided_is_kept():
    stages.reject(stage := held("renewed"), actor=SYSTEM, reason="malware")
    Project.objects.filter(pk=stage.project_id).update(status="quarantined")
    with pytest.raises(projects.NameTaken):
        renamed("renewed")


def test_a_project_with_something_staged_keeps_its_name_meanwhile():
    project = published("old").project
    staging.open_session(actor(owner_of(project)), "old", "2.0")
    with pytest.raises(renames.SomethingStaged):
        renames.rename(project, "renewed", actor=actor(owner_of(project)))


def test_names_are_not_collected():
    project = renamed("n0")
    owner = actor(owner_of(project))
    for number in range(1, renames.MAX_FORMER_NAMES):
        project = renames.rename(project, f"n{number}", actor=owner)
    with pytest.raises(renames.TooManyNames):
        renames.rename(project, "one-more", actor=owner)
    assert renames.rename(project, "n0", actor=owner).name == "n0"  # back is always possible
    assert renames.rename(project, "one-more", actor=SYSTEM).name == "one-more"


def test_a_project_is_not_renamed_while_moderators_look_at_it():
    project = projects.quarantine(published("old").project, actor=SYSTEM, reason="odd")
    with pytest.raises(access.InQuarantine):
        renames.rename(project, "renewed", actor=actor(owner_of(project)))


def test_a_deleted_project_is_not_renamed():
    project = projects.delete(published("old").project, actor=SYSTEM, reason="over")
    with pytest.raises(Conflict):
        renames.rename(project, "renewed", actor=SYSTEM)


def test_the_name_it_has_already_is_no_change():
    with pytest.raises(projects.NoChange):
        renamed("old")


# -- several processes at once -------------------------------------------------------------------


def _run(call, results):
    connections.close_all()
    try:
        call()
        results.put("done")
    except Exception as error:  # noqa: BLE001 - the parent looks at its name
        results.put(type(error).__name__)
    finally:
        connections.close_all()


def in_processes(*calls):
    """Run the calls in processes of their own at the same time; how each ended."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    children = [context.Process(target=_run, args=(call, results)) for call in calls]
    for child in children:
        child.start()
    ended = sorted(results.get(timeout=PATIENCE) for _ in children)
    for child in children:
        child.join(PATIENCE)
    return ended


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_a_rename_and_a_registration_never_get_the_same_name(attempt):
    project, stranger = published("old").project, UserFactory(trusted=True)
    ended = in_processes(
        lambda: renames.rename(project, "wanted", actor=SYSTEM),
        lambda: projects_claim(stranger, "wanted"),
    )
    assert ended.count("done") == 1
    assert set(ended) - {"done"} <= {"NameTaken", "NotYours"}
    assert Project.objects.filter(normalized_name="wanted").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_a_name_that_is_left_at_this_moment_is_not_registered_by_another(attempt):
    project, stranger = published("old").project, UserFactory(trusted=True)
    ended = in_processes(
        lambda: renames.rename(project, "renewed", actor=SYSTEM),
        lambda: projects_claim(stranger, "old"),
    )
    assert "done" in ended
    assert set(ended) - {"done"} <= {"NameTaken", "NotYours"}
    assert FormerName.objects.get(normalized_name="old").project == project
    assert not Project.objects.filter(normalized_name="old").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_two_projects_that_want_one_name_do_not_both_get_it(attempt):
    first, second = published("first").project, published("second").project
    ended = in_processes(
        lambda: renames.rename(first, "wanted", actor=SYSTEM),
        lambda: renames.rename(second, "wanted", actor=SYSTEM),
    )
    assert ended == ["NameTaken", "done"]


def projects_claim(user, name):
    with transaction.atomic():
        projects.claim(Actor(user=user), name)
