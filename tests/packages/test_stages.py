"""The one gate: published, held, present or turned away, and what a moderator does then."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM, Actor
from accounts.models import AuditEvent
from packages import projects, storage
from packages.models import File, JournalEntry, Project, Release, Stage, StagedFile
from packages.uploads import policies, stages
from packages.uploads.stages import Result
from pypi_site.lib.problems import Conflict, TooLarge
from tests.factories import jobs
from tests.factories.dists import make_wheel
from tests.factories.index import as_upload, held, published, submit
from tests.factories.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db
HERE = "tests.packages.test_stages"


def nothing_is_left() -> bool:
    """Neither rows nor bytes nor jobs."""
    rows = [Project, Release, File, Stage, StagedFile, JournalEntry]
    return not any(model.objects.exists() for model in rows) and not any(
        storage.batches_of_old_blobs(float("inf"), 10)
    )


# -- published -----------------------------------------------------------------------------------


def test_an_upload_of_somebody_trusted_is_published_at_once():
    user = UserFactory(trusted=True)
    outcome = submit(user, "Demo.Pkg", "1.0", extra_metadata="Summary: A demo")
    assert outcome.result is Result.PUBLISHED
    file = File.objects.get()
    assert file.filename == "demo_pkg-1.0-py3-none-any.whl"
    assert (file.uploaded_by, file.uploaded_with) == (user, "pytest")
    assert (file.release.version, file.release.summary) == ("1.0", "A demo")
    assert file.project.published_at == file.published_at == file.release.published_at
    assert file.metadata["name"] == "Demo.Pkg"


def test_a_published_file_can_be_read_back_with_its_metadata():
    import hashlib

    file = published().files.get()
    with storage.open_blob(file.sha256) as blob:
        data = blob.read()
    assert len(data) == file.size
    assert hashlib.sha256(data).hexdigest() == file.sha256
    assert hashlib.blake2b(data, digest_size=32).hexdigest() == file.blake2b_256
    assert hashlib.md5(data, usedforsecurity=False).hexdigest() == file.md5
    metadata = storage.read_metadata(file.sha256)
    assert hashlib.sha256(metadata).hexdigest() == file.metadata_sha256
    assert metadata.startswith(b"Metadata-Version: 2.1\nName: demo\n")


def test_publishing_is_recorded_journalled_and_announced():
    user = UserFactory(trusted=True)
    project = submit(user).project
    actions = list(JournalEntry.objects.order_by("serial").values_list("action", "actor"))
    assert actions == [
        ("new release", user.username),
        ("add py3 file demo-1.0-py3-none-any.whl", user.username),
    ]
    project.refresh_from_db()
    assert project.serial == JournalEntry.objects.latest("serial").serial
    event = AuditEvent.objects.get(action="file.publish")
    assert (event.user, event.after) == (user, {"sha256": File.objects.get().sha256})
    assert jobs.waiting() == [("search.tasks.update", (project.pk,))]


def test_a_second_file_joins_its_release_and_leaves_the_first_ones_metadata():
    user = UserFactory(trusted=True)
    submit(user, extra_metadata="Summary: first")
    submit(user, sdist=True, extra_metadata="Summary: second")
    release = Release.objects.get()
    assert (release.files.count(), release.summary) == (2, "first")


def test_equal_versions_are_one_release():
    user = UserFactory(trusted=True)
    submit(user, version="1.0")
    submit(user, version="1.0.0", sdist=True)
    assert Release.objects.get().version == "1.0"


@pytest.mark.parametrize(
    ("version", "pre"), [("1.0", False), ("1.0rc1", True), ("1.dev3", True), ("1.post2", False)]
)
def test_a_pre_release_is_known_as_such(version, pre):
    assert published(version=version).is_prerelease is pre


# -- present -------------------------------------------------------------------------------------


def test_identical_bytes_again_are_a_success_without_a_trace():
    user = UserFactory(trusted=True)
    submit(user)
    serial = JournalEntry.objects.latest("serial").serial
    assert submit(user).result is Result.PRESENT
    assert (File.objects.count(), Stage.objects.count()) == (1, 0)
    assert JournalEntry.objects.latest("serial").serial == serial


def test_other_bytes_under_a_used_name_are_refused():
    user = UserFactory(trusted=True)
    submit(user)
    with pytest.raises(
        stages.FileExists, match=r"File already exists: demo-1\.0-py3.* other content"
    ):
        submit(user, description="other")


def test_another_spelling_of_a_used_name_is_refused():
    user = UserFactory(trusted=True)
    submit(user, "demo-pkg")
    with pytest.raises(stages.FileExists, match=r"means the same as demo_pkg-1\.0"):
        submit(user, "demo-pkg", filename="Demo_Pkg-1.0-py3-none-any.whl")


def test_identical_bytes_of_a_held_upload_are_held_still():
    user = UserFactory()
    first, again = submit(user), submit(user)
    assert (first.result, again.result) == (Result.HELD, Result.HELD)
    assert first.holds == again.holds
    assert Stage.objects.count() == 1


def test_other_bytes_under_a_name_that_waits_are_refused():
    user = UserFactory()
    submit(user)
    with pytest.raises(stages.FileExists, match="other content"):
        submit(user, description="other")


# -- one sdist -----------------------------------------------------------------------------------


def test_a_release_has_only_one_sdist():
    user = UserFactory(trusted=True)
    submit(user, version="1.0", sdist=True)
    with pytest.raises(stages.FileExists):
        submit(user, version="1.0", sdist=True, description="other")
    assert File.objects.count() == 1


def test_a_release_that_waits_has_only_one_sdist():
    user = UserFactory()
    submit(user, version="1.0", sdist=True)
    assert submit(user, version="1.0").result is Result.HELD
    with pytest.raises(stages.FileExists):
        submit(user, version="1.0", sdist=True, description="other")


# -- room ----------------------------------------------------------------------------------------


def test_a_project_has_a_limit_for_all_its_files(settings):
    user = UserFactory(trusted=True)
    size = published(uploader=user).files.get().size
    settings.UPLOAD_MAX_PROJECT_SIZE = 2 * size + 50
    assert submit(user, version="2.0").result is Result.PUBLISHED
    with pytest.raises(TooLarge, match="demo would pass its limit"):
        submit(user, version="3.0")
    assert submit(user, "other").result is Result.PUBLISHED


def test_a_file_has_a_limit(settings):
    settings.UPLOAD_MAX_FILE_SIZE = 100
    with pytest.raises(stages.InvalidDistribution, match="at most 100"):
        submit(UserFactory(trusted=True))
    assert nothing_is_left()


# -- turned away ---------------------------------------------------------------------------------


def test_a_form_that_contradicts_its_file_is_refused(tmp_path):
    user = UserFactory(trusted=True)
    upload = as_upload(make_wheel(tmp_path, "demo", "1.0"), "other", "2.0")
    with pytest.raises(stages.InvalidDistribution) as refusal:
        stages.submit(Actor(user=user), upload)
    codes = {error["code"] for error in refusal.value.errors}
    assert codes == {"form-name-mismatch", "form-version-mismatch"}
    assert nothing_is_left()


def test_a_file_that_is_no_archive_leaves_nothing_behind(tmp_path):
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(stages.InvalidDistribution):
        stages.submit(Actor(user=UserFactory(trusted=True)), as_upload(path))
    assert nothing_is_left()


def test_a_warning_lets_the_file_pass_and_is_told():
    user = UserFactory(trusted=True)
    outcome = submit(user, "demo-pkg", filename="Demo_Pkg-1.0-py3-none-any.whl")
    assert outcome.result is Result.PUBLISHED
    assert any("Demo_Pkg-1.0" in warning for warning in outcome.warnings)


# -- policies of this site -----------------------------------------------------------------------


def refuse_everything(submission):
    return policies.refuse("no-thanks", "Nothing is taken today.")


def refuse_once_more(submission):
    return policies.refuse("no-again", "Nor tomorrow.")


def hold_everything(submission):
    return policies.hold("look", "Somebody should look.")


def allow_everything(submission):
    assert submission.project.normalized_name == "demo"
    return policies.ALLOW


@pytest.fixture
def rule(settings):
    def rule(*names: str) -> None:
        settings.UPLOAD_POLICIES = [f"{HERE}.{name}" for name in names]

    return rule


def test_a_site_brings_its_own_policies_by_dotted_path(rule):
    rule("allow_everything")
    assert submit(UserFactory()).result is Result.PUBLISHED


def test_what_a_policy_refuses_leaves_nothing_behind(rule):
    rule("refuse_everything")
    with pytest.raises(stages.RefusedByPolicy, match=r"Nothing is taken today\.") as refusal:
        submit(UserFactory(trusted=True))
    assert refusal.value.status == 400
    assert nothing_is_left()
    assert jobs.waiting() == []


def test_every_policy_is_asked_and_the_gravest_verdict_counts(rule):
    rule("allow_everything", "hold_everything", "refuse_everything", "refuse_once_more")
    with pytest.raises(stages.RefusedByPolicy) as refusal:
        submit(UserFactory(trusted=True))
    assert [error["code"] for error in refusal.value.errors] == ["no-thanks", "no-again"]
    assert nothing_is_left()


def test_a_hold_says_which_policy_wants_it_and_why(rule):
    rule("allow_everything", "hold_everything")
    outcome = submit(UserFactory(trusted=True))
    assert outcome.result is Result.HELD
    assert outcome.holds == (
        {"policy": f"{HERE}.hold_everything", "code": "look", "reason": "Somebody should look."},
    )


def hold_what_it_saw(submission):
    seen = policies.Signal("new-pth", "high", "evil.pth", 1, "import os")
    return policies.hold("new-pth", "There is a new .pth file.", signals=[seen])


def test_a_hold_keeps_the_places_that_fired(rule):
    rule("hold_everything", "hold_what_it_saw")
    plain, fired = submit(UserFactory(trusted=True)).holds
    assert "signals" not in plain
    assert fired["signals"] == [
        {
            "rule": "new-pth",
            "severity": "high",
            "member": "evil.pth",
            "line": 1,
            "excerpt": "import os",
            "file": "demo-1.0-py3-none-any.whl",
        }
    ]


def test_without_policies_everything_is_published(rule):
    rule()
    assert submit(UserFactory(), "re").result is Result.PUBLISHED


# -- held ----------------------------------------------------------------------------------------


def test_a_held_upload_is_nowhere_public():
    stage = held()
    assert not Project.objects.known().exists()
    assert not Project.objects.listed().exists()
    assert not Release.objects.offered().exists()
    assert not File.objects.offered().exists()
    assert not JournalEntry.objects.exists()
    assert list(Stage.objects.held()) == list(Stage.objects.active()) == [stage]
    assert ("moderation.tasks.tell_moderators", (stage.pk,)) in jobs.waiting()
    assert not any(function.startswith("search.") for function, _ in jobs.waiting())


def test_an_approved_upload_is_public_with_its_uploaders_name():
    user = UserFactory()
    stage = stages.approve(
        held(uploader=user), actor=Actor(user=AdministratorFactory()), reason="ok"
    )
    assert (stage.status, File.objects.offered().get().uploaded_by) == ("published", user)
    assert JournalEntry.objects.latest("serial").actor == user.username
    assert AuditEvent.objects.get(action="stage.approve").reason == "ok"
    assert not StagedFile.objects.filter(reserved=True).exists()


@pytest.mark.parametrize("verb", [stages.approve, stages.reject])
def test_what_was_approved_cannot_be_decided_again(verb):
    stage = held()
    stages.approve(stage, actor=SYSTEM, reason="ok")
    with pytest.raises(stages.NotHeld, match="it is published"):
        verb(stage, actor=SYSTEM, reason="again")


@pytest.mark.parametrize("verb", [stages.approve, stages.reject])
def test_what_was_rejected_cannot_be_decided_again(verb):
    stage = held()
    stages.reject(stage, actor=SYSTEM, reason="no")
    with pytest.raises(stages.NotHeld):
        verb(stage, actor=SYSTEM, reason="again")
    assert not File.objects.exists()


@pytest.mark.parametrize(
    ("close", "first"), [(projects.archive, "activate it"), (projects.quarantine, "clear it")]
)
def test_nothing_is_approved_for_a_closed_project(close, first):
    stage = held()
    close(stage.project, actor=SYSTEM, reason="odd")
    with pytest.raises(Conflict, match=f"{first} first"):
        stages.approve(stage, actor=SYSTEM, reason="ok")
    assert not File.objects.exists()
    assert StagedFile.objects.get().reserved


def test_rejecting_frees_the_filename_for_a_better_file():
    user = UserFactory()
    stages.reject(held(uploader=user), actor=SYSTEM, reason="broken")
    assert submit(user, description="better").result is Result.HELD


def test_rejecting_the_first_release_frees_the_name_for_others():
    stages.reject(held(), actor=SYSTEM, reason="squatting")
    other = UserFactory(trusted=True)
    assert submit(other).result is Result.PUBLISHED
    assert Project.objects.get().roles.get().user == other


def test_rejecting_a_later_release_keeps_the_project_with_its_owner(settings):
    release = published()
    owner = release.project.roles.get().user
    settings.UPLOAD_HOLD = "everybody"
    stages.reject(held(uploader=owner, version="2.0"), actor=SYSTEM, reason="broken")
    assert release.project.roles.get().user == owner
    assert Release.objects.offered().get() == release


def test_a_rejected_upload_tells_its_reason():
    stage = stages.reject(held(), actor=SYSTEM, reason="contains a virus")
    assert any("contains a virus" in notice for notice in stage.notices)
    assert AuditEvent.objects.get(action="stage.reject").reason == "contains a virus"


def test_an_upload_outlives_the_account_of_its_uploader():
    stage = held()
    stage.created_by.delete()
    stages.approve(Stage.objects.get(), actor=SYSTEM, reason="still useful")
    file = File.objects.get()
    assert (file.uploaded_by, file.release.published_by) == (None, None)
    assert JournalEntry.objects.latest("serial").actor == "Gatehouse"


def test_a_published_file_outlives_the_account_of_its_uploader():
    release = published()
    release.published_by.delete()
    assert File.objects.offered().get().uploaded_by is None
