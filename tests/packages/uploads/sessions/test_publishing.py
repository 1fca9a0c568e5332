"""From a session to the public: conflicts, policies, moderators (U2-20 to 24, 33 to 38)."""

from __future__ import annotations

import hashlib

import pytest
from django.test import Client

from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from moderation import decisions
from moderation.models import Decision, ProhibitedName
from packages import files, projects, storage
from packages.models import File, JournalEntry, Project, Release, Stage, StagedFile
from packages.uploads.policies import ALLOW, Submission, Verdict, hold, refuse
from tests.factories.index import held, published
from tests.factories.people import ModeratorFactory, actor
from tests.packages.uploads.sessions.client import (
    Api,
    maintainer,
    newcomer,
    offered,
    page,
    path_of,
    problem,
    sdist,
    staging,
    uploader,
    wheel,
)

pytestmark = pytest.mark.django_db
HERE = "tests.packages.uploads.sessions.test_publishing"
LINUX = "cp312-cp312-manylinux_2_17_x86_64"


def hold_everything(submission: Submission) -> Verdict:
    """A policy for which everybody waits."""
    return hold("we-look-at-everything", "We look at everything here.")


def refuse_big_files(submission: Submission) -> Verdict:
    """A policy that has something against certain files."""
    if submission.file and "sdist" in submission.file.filetype:
        return refuse("no-sources", f"We take no sources such as {submission.file.filename}.")
    return ALLOW


def hold_sources(submission: Submission) -> Verdict:
    """A policy for which certain files wait."""
    if submission.file and "sdist" in submission.file.filetype:
        return hold("sources", f"Somebody reads {submission.file.filename} first.")
    return ALLOW


def explode(submission: Submission) -> Verdict:
    """A policy with a fault of its own."""
    raise RuntimeError("a policy fell over")


def approve(reason: str = "fine") -> Decision:
    return decisions.approve(Stage.objects.held().get(), actor=moderator(), reason=reason)


def reject(reason: str) -> Decision:
    return decisions.reject(Stage.objects.held().get(), actor=moderator(), reason=reason)


def moderator():
    return actor(ModeratorFactory())


def waiting():
    """A session of a newcomer that waits for a moderator."""
    session = newcomer().open()
    session.add(wheel())
    assert session.publish().status_code == 202
    return session


# -- E4 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["pending", "processing", "error"])
def test_u2_20_nothing_is_published_while_a_file_is_not_complete(state):
    session = uploader().open()
    session.add(wheel())
    session.begin(sdist())
    Stage.objects.get().file_sessions.filter(status="pending").update(status=state)
    body = problem(session.publish(), 409, "files-incomplete")
    assert f"{sdist().filename} is {state}" in body["detail"]
    assert [error["message"] for error in body["errors"]] == [f"{sdist().filename} is {state}"]
    assert session.status == "open"
    assert page("demo") is None


def test_u2_20_a_deleted_file_hinders_nobody():
    session = uploader().open()
    session.add(wheel())
    session.begin(sdist()).remove()
    assert session.publish().status_code == 201
    assert offered("demo") == {wheel().filename}


def test_u2_21_a_published_session_is_a_release_with_all_its_files():
    session = uploader().open()
    dists = [wheel(), sdist(), wheel(tag=LINUX)]
    session.add(*dists)
    answer = session.publish()
    assert answer.status_code == 201
    assert answer["Location"] == session.url
    body = answer.json()
    assert body["status"] == session.status == "published"
    assert set(body["links"]) == {"session"}
    assert {file["status"] for file in body["files"].values()} == {"completed"}
    found = page("demo")
    assert found["versions"] == ["1.0"]
    assert {f["filename"]: f["hashes"]["sha256"] for f in found["files"]} == {
        dist.filename: dist.sha256 for dist in dists
    }
    for file in found["files"]:
        content = b"".join(Client().get(file["url"]).streaming_content)
        assert hashlib.sha256(content).hexdigest() == file["hashes"]["sha256"]
        metadata = Client().get(f"{file['url']}.metadata").content
        assert hashlib.sha256(metadata).hexdigest() == file["core-metadata"]["sha256"]
    assert JournalEntry.objects.filter(action="new release").count() == 1
    assert JournalEntry.objects.filter(action__startswith="add").count() == 3


def test_u2_21_files_are_added_to_a_published_version():
    api = uploader()
    published(uploader=api.user)
    session = api.open()
    session.add(wheel(tag=LINUX), sdist())
    assert session.publish().status_code == 201
    assert offered("demo") == {wheel().filename, wheel(tag=LINUX).filename, sdist().filename}
    assert Release.objects.count() == 1


def test_u2_38_a_lost_answer_is_found_again():
    session = uploader().open()
    session.add(wheel())
    session.publish()
    answer = session.publish()
    assert "published" in problem(answer, 409, "session-closed")["detail"]
    assert answer["Location"] == session.url
    assert session.status == "published"
    assert File.objects.count() == 1


def test_u2_38_publishing_what_waits_already_is_409():
    session = waiting()
    answer = session.publish()
    assert "processing" in problem(answer, 409, "session-closed")["detail"]
    assert answer["Location"] == session.url


def test_u2_33_publishing_nothing_publishes_the_name():
    session = uploader().open("fresh")
    assert page("fresh") is None
    answer = session.publish()
    assert (answer.status_code, answer.json()["status"]) == (201, "published")
    found = page("fresh")
    assert (found["versions"], found["files"]) == ([], [])
    assert Client().get("/search/?q=fresh").status_code == 200
    assert Client().get("/api/v1/projects/fresh/").json()["releases"] == []
    assert JournalEntry.objects.get().action == "create"
    problem(uploader().create("fresh"), 403)


def test_u2_33_publishing_nothing_for_a_known_project_changes_nothing():
    api = uploader()
    published(uploader=api.user)
    serials = JournalEntry.objects.count()
    assert api.open("demo", "2.0").publish().status_code == 201
    assert page("demo")["versions"] == ["1.0"]
    assert JournalEntry.objects.count() == serials


def test_u2_33_a_newcomers_empty_name_waits_for_a_moderator():
    session = newcomer().open("fresh")
    assert session.publish().status_code == 202
    assert page("fresh") is None
    approve()
    assert page("fresh")["files"] == []


# -- conflicts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("same", [True, False], ids=["identical bytes", "other bytes"])
def test_u2_23_a_plain_upload_overtakes_a_session(same):
    api = uploader()
    session = api.open()
    session.add(wheel(), sdist())
    plain = wheel() if same else wheel(description="other")
    assert api.legacy(plain).status_code == 200
    body = problem(session.publish(), 409, "file-exists")
    assert wheel().filename in body["detail"]
    assert session.status == "open"
    assert offered("demo") == {wheel().filename}
    assert api.delete(session.body["files"][wheel().filename]["link"]).status_code == 204
    assert session.publish().status_code == 201
    assert offered("demo") == {wheel().filename, sdist().filename}


def test_u2_23_a_session_overtakes_a_plain_upload():
    session = uploader().open()
    session.add(wheel())
    assert session.publish().status_code == 201
    assert session.api.legacy(wheel(description="other")).status_code == 409
    assert session.api.legacy(wheel()).status_code == 200
    assert File.objects.count() == 1


def test_u2_23_a_deleted_file_keeps_its_name():
    api = uploader()
    session = api.open()
    session.add(wheel())
    assert api.legacy(wheel()).status_code == 200
    files.delete(File.objects.get(), actor=SYSTEM, reason="oops")
    assert "deleted" in problem(session.publish(), 409, "file-exists")["detail"]
    assert offered("demo") == set()


def test_u2_23_a_release_has_one_sdist_whoever_brings_it():
    api = uploader()
    session = api.open()
    session.add(sdist(), wheel())
    second = sdist(filename="demo-1.0.0.tar.gz", top="demo-1.0.0")
    problem(session.announce(second), 409)
    assert api.legacy(sdist()).status_code == 200
    problem(session.publish(), 409, "file-exists")
    assert offered("demo") == {sdist().filename}


def test_u2_24_what_waits_keeps_its_names_and_gives_them_back():
    session = waiting()
    api = session.api
    other_bytes = wheel(description="other")
    refused = api.legacy(other_bytes)
    assert refused.status_code == 409
    assert b"File already exists" in refused.content
    assert api.legacy(wheel()).status_code == 202  # the very bytes that wait
    assert page("demo") is None
    assert StagedFile.objects.filter(reserved=True).count() == 1
    reject("Rename it, please.")
    assert not StagedFile.objects.filter(reserved=True).exists()
    user = api.user
    user.trusted_at = session_start()
    user.save()
    assert api.legacy(other_bytes).status_code == 200
    assert offered("demo") == {wheel().filename}
    problem(session.publish(), 409, "file-exists")


def session_start():
    return Stage.objects.latest("created_at").created_at


def test_u2_24_a_plain_upload_that_waits_keeps_its_name_from_a_session():
    stage = held()
    api = Api(stage.created_by)
    session = api.open()
    session.add(sdist())
    assert session.publish().status_code == 202
    assert Stage.objects.held().count() == 2


def test_u2_24_a_session_with_a_name_that_came_to_wait_meanwhile_is_refused():
    api = newcomer()
    session = api.open()
    session.add(wheel())
    assert api.legacy(wheel(description="other")).status_code == 202
    body = problem(session.publish(), 409, "file-exists")
    assert wheel().filename in body["detail"]
    assert session.status == "open"
    reject("No.")
    assert session.publish().status_code == 202


def test_u2_24_a_staged_upload_to_a_session_that_waits_is_409():
    session = waiting()
    stager = staging(session.api.user)
    assert stager.legacy(sdist()).status_code == 409
    assert session.files == {wheel().filename: "completed"}


# -- policies ----------------------------------------------------------------------------------


def test_u2_34_what_a_policy_refuses_at_e4_is_named_and_can_be_mended(settings):
    settings.UPLOAD_POLICIES = [f"{HERE}.refuse_big_files"]
    session = uploader().open()
    session.add(wheel(), sdist())
    body = problem(session.publish(), 400, "refused-by-policy")
    message = f"We take no sources such as {sdist().filename}."
    assert body["detail"] == message
    assert body["errors"] == [{"source": "no-sources", "message": message}]
    assert session.status == "open"
    assert page("demo") is None
    assert not StagedFile.objects.filter(reserved=True).exists()
    assert session.api.delete(session.body["files"][sdist().filename]["link"]).status_code == 204
    assert session.publish().status_code == 201


def test_u2_34_a_name_that_was_prohibited_meanwhile_is_not_published():
    session = uploader().open()
    session.add(wheel())
    ProhibitedName.objects.create(name="demo", reason="abuse")
    body = problem(session.publish(), 400, "refused-by-policy")
    assert body["errors"][0]["source"] == "prohibited-name"
    assert session.status == "open"
    assert page("demo") is None


@pytest.mark.parametrize("verb", [projects.archive, projects.quarantine])
def test_u2_34_a_project_that_was_closed_meanwhile_publishes_nothing(verb):
    """STA-7."""
    session = uploader().open()
    session.add(wheel())
    project = Project.objects.get()
    verb(project, actor=SYSTEM, reason="over")
    problem(session.publish(), 403, "project-takes-no-uploads")
    assert not File.objects.exists()
    projects.activate(project, actor=SYSTEM)
    assert session.publish().status_code == 201


def test_u2_34_a_policy_that_falls_over_leaves_the_session_as_it_was(settings):
    session = uploader().open()
    session.add(wheel())
    settings.UPLOAD_POLICIES = [f"{HERE}.explode"]
    with pytest.raises(RuntimeError, match="fell over"):
        session.publish()
    settings.UPLOAD_POLICIES = []
    assert (session.status, session.files) == ("open", {wheel().filename: "completed"})
    assert session.publish().status_code == 201


def test_u2_36_a_project_that_would_grow_too_large_is_413_and_stays(settings):
    session = uploader().open()
    session.add(wheel())
    settings.UPLOAD_MAX_PROJECT_SIZE = 100
    problem(session.publish(), 413, "too-large")
    assert session.status == "open"


# -- moderators --------------------------------------------------------------------------------


def test_u2_37_a_held_session_is_processing_and_says_why():
    session = newcomer().open()
    session.add(wheel())
    answer = session.publish()
    assert answer.status_code == 202
    assert answer["Location"] == session.url
    body = session.body
    assert answer.json() == body
    assert body["status"] == "processing"
    assert len(body["notices"]) == 1
    assert body["notices"][0].startswith("Held for review: It is the first release")
    assert set(body["links"]) == {"session", "stage"}
    assert page("demo") is None
    assert Client().get("/project/demo/").status_code == 404


def test_u2_37_one_file_that_a_policy_holds_holds_the_whole_session(settings):
    settings.UPLOAD_POLICIES = [f"{HERE}.hold_sources", f"{HERE}.hold_everything"]
    session = uploader().open()
    session.add(wheel(), sdist())
    assert session.publish().status_code == 202
    assert sorted(session.body["notices"]) == [
        f"Held for review: Somebody reads {sdist().filename} first.",
        "Held for review: We look at everything here.",
    ]
    assert page("demo") is None
    approve()
    assert offered("demo") == {wheel().filename, sdist().filename}


def test_u2_37_what_a_moderator_approves_is_published():
    session = waiting()
    approve()
    assert session.status == "published"
    assert offered("demo") == {wheel().filename}
    assert session.api.open("another").publish().status_code == 201  # trusted from now on


def test_u2_37_another_person_may_publish_while_the_maker_is_unknown():
    session = newcomer().open()
    other = maintainer("demo")
    session.add(wheel())
    assert session.by(other).publish().status_code == 201


def test_the_trail_and_the_journal_name_whoever_publishes_not_whoever_opened_the_session():
    opener = uploader()
    session = opener.open()
    other = maintainer("demo")
    session.add(wheel())
    assert session.by(other).publish().status_code == 201
    assert AuditEvent.objects.get(action="file.publish").user == other.user
    assert {entry.actor for entry in JournalEntry.objects.all()} == {other.user.username}
    assert Release.objects.get().published_by == other.user
    assert File.objects.get().uploaded_by == opener.user


def test_what_was_held_is_published_in_the_name_of_its_uploader_and_approved_by_the_moderator():
    session = waiting()
    moderator = ModeratorFactory()
    decisions.approve(Stage.objects.get(), actor=actor(moderator), reason="fine")
    assert AuditEvent.objects.get(action="file.publish").user == session.api.user
    assert AuditEvent.objects.get(action="stage.approve").user == moderator
    assert {entry.actor for entry in JournalEntry.objects.all()} == {session.api.user.username}


def test_u2_22_what_a_moderator_rejects_is_mended_and_published():
    session = waiting()
    reject("The description is empty; describe it.")
    body = session.body
    assert body["status"] == "error"
    assert body["notices"][-1] == (
        "Rejected by a moderator: The description is empty; describe it."
    )
    assert set(body["links"]) == {"session", "upload", "publish", "extend", "stage"}
    assert body["files"][wheel().filename]["status"] == "completed"
    assert page("demo") is None
    better = wheel(description="It demonstrates.")
    assert session.api.delete(body["files"][wheel().filename]["link"]).status_code == 204
    assert session.status == "error"
    session.add(better, sdist())
    assert session.status == "error"
    assert session.publish().status_code == 202
    body = session.body
    assert body["status"] == "processing"
    assert not any("Rejected" in notice for notice in body["notices"])
    approve()
    assert session.status == "published"
    assert offered("demo") == {better.filename, sdist().filename}
    assert sorted(Decision.objects.values_list("kind", flat=True)) == ["approved", "rejected"]


def test_u2_22_a_session_in_error_is_refused_and_published_as_an_open_one():
    session = waiting()
    reject("No.")
    pending = session.begin(sdist())
    problem(session.publish(), 409, "files-incomplete")
    assert session.status == "error"
    problem(session.api.create(), 409, "session-exists")
    pending.remove()
    session.api.user.trusted_at = session_start()
    session.api.user.save()
    assert session.publish().status_code == 201
    assert session.status == "published"


def test_u2_22_an_identical_second_publication_waits_again():
    session = waiting()
    reject("No.")
    assert session.publish().status_code == 202
    reject("Still no.")
    assert session.status == "error"
    assert session.body["notices"][-1].endswith("Still no.")
    assert Decision.objects.count() == 2


def test_u2_25_a_rejected_session_is_given_up_with_its_name():
    session = waiting()
    reject("No.")
    assert session.cancel().status_code == 204
    assert uploader().create().status_code == 201


def test_u2_37_nobody_publishes_what_was_archived_while_it_waited():
    session = waiting()
    projects.archive(Project.objects.get(), actor=SYSTEM)
    with pytest.raises(Exception, match="takes no files"):
        approve()
    projects.activate(Project.objects.get(), actor=SYSTEM)
    assert session.status == "processing"
    approve()
    assert offered("demo") == {wheel().filename}


def test_u2_21_the_stage_is_gone_and_the_files_are_where_files_are():
    session = uploader().open()
    session.add(wheel())
    stage = path_of(session.links["stage"])
    assert Client().get(f"{stage}demo/").status_code == 200
    session.publish()
    assert Client().get(f"{stage}demo/").status_code == 404
    with storage.open_blob(wheel().sha256) as blob:
        assert blob.read() == wheel().data
