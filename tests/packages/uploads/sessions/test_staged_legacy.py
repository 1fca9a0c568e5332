"""twine and uv get staged releases, too: plain uploads that wait in a session (U2-23, U2-36)."""

from __future__ import annotations

import pytest

from accounts.models import ApiToken
from moderation import decisions
from packages import reach
from packages.models import File, JournalEntry, Project, Stage, StagedFile
from tests.factories.index import published
from tests.factories.people import ModeratorFactory, UserFactory, actor, token_for
from tests.packages.uploads.sessions.client import (
    ROOT,
    Api,
    Session,
    maintainer,
    offered,
    page,
    problem,
    sdist,
    staging,
    uploader,
    wheel,
)

pytestmark = pytest.mark.django_db


def stager() -> Api:
    return staging(UserFactory(trusted=True))


def session_of(api: Api, version: str = "1.0") -> Session:
    """The session as the 2.0 API leads to it: by trying to open it."""
    answer = api.create("demo", version)
    problem(answer, 409, "session-exists")
    return Session(api, api.get(answer["Location"]).json())


def test_a_plain_upload_with_a_staging_token_waits_in_a_session():
    api = stager()
    answer = api.legacy(wheel())
    assert answer.status_code == 202
    assert answer.content.startswith(b"Staged: demo 1.0")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.reason_phrase == "Accepted, staged until you publish it"
    assert page("demo") is None
    session = session_of(api)
    assert session.status == "open"
    assert session.files == {wheel().filename: "completed"}
    assert JournalEntry.objects.count() == File.objects.count() == 0


def test_the_files_of_a_release_gather_in_one_session_and_are_published_at_once():
    api = stager()
    for dist in (wheel(), sdist()):
        assert api.legacy(dist).status_code == 202
    assert Stage.objects.count() == 1
    session = session_of(api)
    assert session.files == {wheel().filename: "completed", sdist().filename: "completed"}
    assert session.publish().status_code == 201
    assert offered("demo") == {wheel().filename, sdist().filename}
    assert api.legacy(wheel()).status_code == 200
    assert api.legacy(wheel(description="other")).status_code == 409


def test_versions_gather_in_sessions_of_their_own():
    api = stager()
    for version in ("1.0", "2.0"):
        assert api.legacy(wheel(version=version)).status_code == 202
    assert session_of(api, "2.0").files == {wheel(version="2.0").filename: "completed"}
    assert Stage.objects.count() == 2


def test_identical_bytes_are_a_success_again_and_no_second_row():
    api = stager()
    for _ in range(3):
        assert api.legacy(wheel()).status_code == 202
    assert StagedFile.objects.count() == Stage.objects.count() == 1
    assert session_of(api).files == {wheel().filename: "completed"}


def test_what_twine_stages_counts_for_the_limit_of_its_owner(settings):
    settings.UPLOAD_MAX_STAGED_SIZE = len(wheel().data) + 10
    api = stager()
    assert api.legacy(wheel()).status_code == 202
    answer = api.legacy(wheel(version="2.0"))
    assert answer.status_code == 413
    assert b"publish or discard" in answer.content
    assert Stage.objects.count() == 1


def test_other_bytes_under_a_staged_name_are_409():
    api = stager()
    api.legacy(wheel())
    answer = api.legacy(wheel(description="other"))
    assert answer.status_code == 409
    assert b"File already exists" in answer.content
    assert StagedFile.objects.get().sha256 == wheel().sha256
    session = session_of(api)
    assert api.delete(session.body["files"][wheel().filename]["link"]).status_code == 204
    assert api.legacy(wheel(description="other")).status_code == 202
    assert StagedFile.objects.get().sha256 == wheel(description="other").sha256


def test_a_project_may_stage_everything_that_comes():
    api = uploader()
    published("demo", "0.1", uploader=api.user)
    Project.objects.update(stages_uploads=True)
    assert api.legacy(wheel()).status_code == 202
    assert page("demo")["versions"] == ["0.1"]
    assert session_of(api).publish().status_code == 201
    assert page("demo")["versions"] == ["0.1", "1.0"]


def test_only_the_token_that_stages_stages():
    api = stager()
    plain = Api(api.user)
    assert ApiToken.objects.filter(stages_uploads=True).count() == 1
    assert api.legacy(wheel(version="1.0")).status_code == 202
    assert plain.legacy(wheel(version="2.0")).status_code == 200
    assert page("demo")["versions"] == ["2.0"]


def test_what_is_public_already_is_not_staged():
    api = stager()
    published(uploader=api.user)
    assert api.legacy(wheel()).status_code == 200
    assert api.legacy(wheel(description="other")).status_code == 409
    assert not Stage.objects.active().exists()


def test_a_plain_upload_joins_a_session_that_somebody_else_opened():
    session = uploader().open()
    session.add(sdist())
    other = maintainer("demo")
    ApiToken.objects.filter(user=other.user).update(stages_uploads=True)
    assert other.legacy(wheel()).status_code == 202
    assert session.files == {wheel().filename: "completed", sdist().filename: "completed"}
    assert session.publish().status_code == 201
    assert File.objects.get(filename=wheel().filename).uploaded_by == other.user


@pytest.mark.parametrize("state", ["pending", "error"])
def test_a_whole_file_takes_the_place_of_one_that_never_came(state):
    api = stager()
    session = api.open()
    file = session.begin(wheel())
    if state == "error":
        problem(file.complete(), 400)
    assert api.legacy(wheel()).status_code == 202
    assert session.files == {wheel().filename: "completed"}
    assert file.status == "canceled"
    problem(file.send(), 409, "file-state")
    assert session.publish().status_code == 201


def test_a_staged_upload_that_the_checks_refuse_stages_nothing():
    api = stager()
    broken = wheel(replace={"*/WHEEL": None})
    assert api.legacy(broken).status_code == 400
    assert not Stage.objects.exists()
    assert not Project.objects.exists()


def test_a_staged_name_is_reserved_and_given_back():
    api, other = stager(), uploader()
    api.legacy(wheel())
    assert other.legacy(wheel()).status_code == 403
    session = session_of(api)
    assert session.cancel().status_code == 204
    assert other.legacy(wheel()).status_code == 200


def test_sessions_that_uploads_open_are_limited_like_all(settings):
    settings.UPLOAD_MAX_OPEN_SESSIONS = 1
    api = stager()
    assert api.legacy(wheel(version="1.0")).status_code == 202
    assert api.legacy(sdist(version="1.0")).status_code == 202
    refused = api.legacy(wheel(version="2.0"))
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert Stage.objects.count() == 1


def test_a_staged_session_of_a_newcomer_waits_for_a_moderator_like_any_other():
    api = staging(UserFactory())
    api.legacy(wheel())
    session = session_of(api)
    assert session.publish().status_code == 202
    assert api.legacy(wheel()).status_code == 202  # it waits already
    assert api.legacy(sdist()).status_code == 409
    stage = Stage.objects.held().get()
    decisions.reject(stage, actor=actor(ModeratorFactory()), reason="No sdist.")
    assert api.legacy(sdist()).status_code == 202
    assert session.publish().status_code == 202
    decisions.approve(stage, actor=actor(ModeratorFactory()), reason="Fine.")
    assert offered("demo") == {wheel().filename, sdist().filename}


def test_a_limited_token_stages_for_its_projects_only():
    user = UserFactory(trusted=True)
    project = published("demo", "0.1", uploader=user).project
    api = Api(user, token_for(user, limited=True))
    ApiToken.objects.update(stages_uploads=True)
    reach.limit_token(ApiToken.objects.get(), [project])
    assert api.legacy(wheel()).status_code == 202
    assert api.legacy(wheel("fresh")).status_code == 403
    assert api.post(ROOT, {"name": "fresh", "version": "1"}).status_code == 403
    assert Stage.objects.active().count() == 1


def test_two_sdists_of_one_release_meet_at_publication():
    api = stager()
    published("demo", sdist=True, uploader=api.user)
    assert api.legacy(wheel()).status_code == 202
    session = session_of(api)
    assert api.legacy(sdist(description="other")).status_code == 409
    assert session.publish().status_code == 201
    assert offered("demo") == {wheel().filename, sdist().filename}
