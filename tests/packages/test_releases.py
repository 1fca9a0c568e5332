"""Yanking, and deleting files."""

from __future__ import annotations

import pytest

from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from packages import files, releases
from packages.models import File, JournalEntry, Release
from packages.uploads import stages
from tests.factories import jobs
from tests.factories.index import published, published_file, submit
from tests.factories.people import UserFactory, actor

pytestmark = pytest.mark.django_db


def told(event, project_pk, *others):
    """Whether the search and the people of the project are told of what stands in the trail."""
    jobs_of_change = [
        *((other, (event.pk,)) for other in others),
        ("packages.letters.tell_people", (event.pk,)),
        ("search.tasks.update", (project_pk,)),
    ]
    return sorted(jobs.waiting()) == jobs_of_change


def test_a_yanked_release_is_offered_with_its_reason():
    release = releases.yank(published(), actor=SYSTEM, reason="broken\n  on   Windows ")
    assert release.yanked_reason == "broken on Windows"
    assert release in Release.objects.offered()
    assert release.files.get().yank == "broken on Windows"


def test_a_release_yanked_without_a_reason_is_just_yanked():
    release = releases.yank(published(), actor=SYSTEM)
    assert release.files.get().yank is True


def test_yanking_is_recorded_and_announced():
    """YNK-6."""
    release = published()
    user = release.project.roles.get().user
    jobs.forget()
    release = releases.yank(release, actor=actor(user), reason="broken")
    event = AuditEvent.objects.get(action="release.yank")
    assert (event.user, event.subject, event.reason) == (user, "demo 1.0", "broken")
    entry = JournalEntry.objects.latest("serial")
    assert (entry.action, entry.version) == ("yank release", "1.0")
    assert release.project.serial == entry.serial
    assert told(event, release.project_id)


def test_yanking_twice_is_refused_and_tells_since_when():
    release = releases.yank(published(), actor=SYSTEM)
    with pytest.raises(releases.AlreadyYanked, match=f"{release.yanked_at:%d %B %Y}"):
        releases.yank(release, actor=SYSTEM)


def test_unyanking_offers_the_release_again_and_keeps_what_it_said_in_the_trail():
    release = releases.yank(published(), actor=SYSTEM, reason="broken")
    jobs.forget()
    release = releases.unyank(release, actor=SYSTEM, reason="was a mistake")
    assert (release.yanked_at, release.yanked_reason) == (None, "")
    assert release.files.get().yank is False
    event = AuditEvent.objects.get(action="release.unyank")
    assert (event.reason, event.before["reason"]) == ("was a mistake", "broken")
    assert JournalEntry.objects.latest("serial").action == "unyank release"
    assert told(event, release.project_id)


def test_what_is_not_yanked_cannot_be_unyanked():
    with pytest.raises(releases.NotYanked):
        releases.unyank(published(), actor=SYSTEM)


@pytest.mark.parametrize("reason", ["x" * 1001, "a\0b", "a\x1b[31mb", "a\u202eb", "\u200b"])
def test_a_reason_that_terminals_would_stumble_over_is_refused(reason):
    """YNK-5."""
    release = published()
    with pytest.raises(releases.InvalidReason):
        releases.yank(release, actor=SYSTEM, reason=reason)
    release.refresh_from_db()
    assert release.yanked_at is None


@pytest.mark.parametrize("reason", ["x" * 1000, "brôken 😀", "<b>&amp;", ""])
def test_a_reason_of_plain_text_is_kept_as_it_is(reason):
    assert releases.yank(published(), actor=SYSTEM, reason=reason).yanked_reason == reason


# -- files ---------------------------------------------------------------------------------------


def test_a_deleted_file_is_not_offered_and_its_row_stays():
    file = files.delete(published_file(), actor=SYSTEM, reason="malware")
    assert file not in File.objects.offered()
    assert File.objects.get().deleted_reason == "malware"


def test_deleting_is_recorded_and_announced():
    file = published_file()
    user = file.uploaded_by
    jobs.forget()
    file = files.delete(file, actor=actor(user), reason="malware")
    event = AuditEvent.objects.get(action="file.delete")
    assert (event.user, event.subject, event.reason) == (user, file.filename, "malware")
    entry = JournalEntry.objects.latest("serial")
    assert entry.action == f"remove file {file.filename}"
    file.project.refresh_from_db()
    assert file.project.serial == entry.serial
    assert told(event, file.project.pk, "moderation.elsewhere.note")


def test_a_file_is_deleted_only_once():
    file = files.delete(published_file(), actor=SYSTEM, reason="malware")
    with pytest.raises(files.AlreadyDeleted, match=f"{file.deleted_at:%d %B %Y}"):
        files.delete(file, actor=SYSTEM, reason="again")


def test_the_name_of_a_deleted_file_is_never_free_again():
    owner = UserFactory(trusted=True)
    files.delete(published_file(uploader=owner), actor=SYSTEM, reason="malware")
    for description in ("", "other bytes"):
        with pytest.raises(stages.FileExists, match="no filename is used twice"):
            submit(owner, description=description)


def test_a_release_whose_sdist_was_deleted_may_have_another_under_another_name():
    """Only an older spelling of the name can differ, and that means the same artifact."""
    owner = UserFactory(trusted=True)
    files.delete(published_file(uploader=owner, sdist=True), actor=SYSTEM, reason="malware")
    with pytest.raises(stages.FileExists, match="has been deleted"):
        submit(owner, sdist=True, description="other bytes")
    assert submit(owner).result is stages.Result.PUBLISHED
