"""The page of a project's stages: who sees it, what it says, and what its buttons do."""

from __future__ import annotations

import hashlib
import html
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import ApiToken, AuditEvent, User
from packages import access, projects
from packages.models import File, FileSession, FileStatus, Project, Role, Stage, StageStatus
from packages.uploads import stages, staging
from tests.factories.dists import make_wheel
from tests.factories.index import as_upload, held, published, submit
from tests.factories.people import UserFactory, actor

pytestmark = pytest.mark.django_db

PAGE = "/project/gate-keeper/stages/"


@pytest.fixture
def ada():
    return UserFactory(username="ada", trusted=True)


@pytest.fixture
def signed_in(client, ada):
    client.force_login(ada)
    return client


@pytest.fixture
def stage(ada, tmp_path):
    return staged(ada, tmp_path)


def staged(user: User, folder: Path, version: str = "1.0", name: str = "Gate.Keeper") -> Stage:
    """A session with one complete wheel, as twine leaves it with a staging token."""
    token = ApiToken(user=user, name="staging", stages_uploads=True)
    path = make_wheel(folder, name, version)
    outcome = stages.submit(Actor(user=user, token=token), as_upload(path, name, version))
    assert outcome.result is stages.Result.STAGED
    return outcome.stage


def text_of(response) -> str:
    return html.unescape(str(response.content, "utf-8"))


def post(client, stage: Stage, action: str, **data):
    address = reverse(f"project-stage-{action}", args=["gate-keeper", stage.identifier])
    return client.post(address, data, follow=True)


# Who sees it


def test_a_visitor_signs_in_first_whether_the_project_exists_or_not(client, stage):
    for address in (PAGE, "/project/nothing/stages/"):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"] == f"/accounts/login/?next={address}"


def test_without_a_role_there_is_nothing_to_find(client, stage):
    published("public")
    client.force_login(UserFactory(trusted=True))
    for name in ("gate-keeper", "public", "nothing"):
        assert client.get(f"/project/{name}/stages/").status_code == 404
        assert client.post(f"/project/{name}/stages/switch/", {"on": "yes"}).status_code == 404
    assert post(client, stage, "publish").status_code == 404
    assert post(client, stage, "discard").status_code == 404
    stage.refresh_from_db()
    assert stage.status == StageStatus.OPEN


@pytest.mark.parametrize("kind", access.UPLOADERS)
def test_owners_and_maintainers_see_what_is_staged(client, stage, kind):
    user = UserFactory()
    Role.objects.create(project=stage.project, user=user, kind=kind)
    client.force_login(user)
    assert "gate_keeper-1.0-py3-none-any.whl" in text_of(client.get(PAGE))


def test_any_spelling_of_the_name_leads_there(signed_in, stage):
    assert signed_in.get("/project/Gate.Keeper/stages/").status_code == 200
    assert signed_in.get("/project/gate-keeper/stages")["Location"] == PAGE


def test_no_cache_keeps_the_page(signed_in, stage):
    header = signed_in.get(PAGE)["Cache-Control"]
    assert "private" in header
    assert "no-store" in header


# What it says


def test_a_stage_is_shown_with_its_files_and_how_to_try_it(signed_in, stage):
    page = text_of(signed_in.get(PAGE))
    file = stage.files.get()
    assert file.sha256 in page
    assert "completed" in page
    preview = f"http://testserver/stages/{stage.session_token}/"
    assert f"pip install --extra-index-url {preview} --trusted-host testserver" in page
    assert "Gate.Keeper==1.0" in page
    assert f"uv pip install --index {preview} --allow-insecure-host testserver" in page
    assert "the name is reserved" in page
    assert "data-copies" in page


def test_what_waits_for_a_moderator_says_so_and_has_no_buttons(client, tmp_path):
    newcomer = UserFactory()
    stage = staged(newcomer, tmp_path)
    staging.publish(stage, actor=actor(newcomer))
    client.force_login(newcomer)
    page = text_of(client.get(PAGE))
    assert "A moderator looks at Gate.Keeper 1.0" in page
    assert "Held for review: It is the first release" in page
    assert "Publish 1.0" not in page
    assert "Discard 1.0" not in page


def test_what_a_moderator_turned_away_shows_his_sentence_and_can_be_published_again(
    client, tmp_path
):
    newcomer, moderator = UserFactory(), UserFactory()
    stage = staging.publish(staged(newcomer, tmp_path), actor=actor(newcomer))
    stages.reject(stage, actor=actor(moderator), reason="Its README is empty.")
    client.force_login(newcomer)
    page = text_of(client.get(PAGE))
    assert "Rejected by a moderator: Its README is empty." in page
    assert "Publish 1.0" in page


def test_unfinished_files_are_named_instead_of_a_button(signed_in, stage):
    FileSession.objects.create(
        stage=stage,
        filename="gate_keeper-1.0.tar.gz",
        identity="gate-keeper-1.0.tar.gz",
        size=100,
        hashes={"sha512": "0" * 128},
        status=FileStatus.ERROR,
        notices=["The archive is no gzip file."],
    )
    page = text_of(signed_in.get(PAGE))
    assert "when these files are complete or deleted: gate_keeper-1.0.tar.gz" in page
    assert "The archive is no gzip file." in page
    assert "Publish 1.0" not in page


def test_nothing_staged_tells_how_to_stage(signed_in, ada):
    published("Gate.Keeper", uploader=ada)
    page = text_of(signed_in.get(PAGE))
    assert "Nothing is staged" in page
    assert "bin/stage --url http://testserver/upload/2.0/ dist/" in page


def test_the_page_costs_the_same_however_much_is_staged(
    signed_in, ada, stage, tmp_path, django_assert_num_queries
):
    signed_in.get(PAGE)
    # session, person, project, role, stages, files, what is held, what the bell counts
    with django_assert_num_queries(8):
        signed_in.get(PAGE)
    for number in range(5):
        staged(ada, tmp_path, f"2.{number}")
    with django_assert_num_queries(8):
        signed_in.get(PAGE)


# Its buttons


def test_publishing_makes_it_public_and_says_so(signed_in, ada, stage):
    response = post(signed_in, stage, "publish", reason="Tested.")
    assert response.redirect_chain == [(PAGE, 302)]
    assert "Gate.Keeper 1.0 is public now." in text_of(response)
    assert File.objects.offered().count() == 1
    event = AuditEvent.objects.get(action="stage.publish")
    assert (event.user, event.reason, event.after) == (ada, "Tested.", {"status": "published"})


def test_publishing_may_mean_to_wait(client, tmp_path):
    newcomer = UserFactory()
    stage = staged(newcomer, tmp_path)
    client.force_login(newcomer)
    assert "Gate.Keeper 1.0 waits for a moderator." in text_of(post(client, stage, "publish"))
    assert not File.objects.exists()


def test_what_cannot_be_published_is_explained(signed_in, ada, stage):
    projects.archive(stage.project, actor=actor(ada), reason="Done.")
    response = post(signed_in, stage, "publish")
    assert "gate-keeper is archived (Done.) and takes no uploads" in text_of(response)
    assert not File.objects.exists()


def test_nothing_happens_twice(signed_in, stage):
    post(signed_in, stage, "publish")
    assert "takes no changes" in text_of(post(signed_in, stage, "publish"))
    assert "takes no changes" in text_of(post(signed_in, stage, "discard"))
    assert File.objects.offered().count() == 1


def test_discarding_the_first_stage_gives_up_the_name(signed_in, ada, stage):
    response = post(signed_in, stage, "discard", reason="A mistake.")
    assert response.redirect_chain == [("/", 302)]
    assert "Gate.Keeper 1.0 was discarded." in text_of(response)
    assert not Role.objects.exists()
    assert AuditEvent.objects.get(action="stage.cancel").reason == "A mistake."


def test_discarding_of_a_public_project_stays_on_its_page(signed_in, ada, tmp_path):
    published("Gate.Keeper", uploader=ada)
    response = post(signed_in, staged(ada, tmp_path, "2.0"), "discard")
    assert response.redirect_chain == [(PAGE, 302)]
    assert "Nothing is staged" in text_of(response)


@pytest.mark.parametrize("reason", ["x" * 501, "a\0b"])
def test_a_reason_that_cannot_be_kept_is_refused(signed_in, stage, reason):
    assert "Write a reason of at most 500" in text_of(
        post(signed_in, stage, "discard", reason=reason)
    )
    stage.refresh_from_db()
    assert stage.status == StageStatus.OPEN


def test_a_stage_of_another_project_is_not_found(signed_in, ada, stage, tmp_path):
    other = staged(ada, tmp_path, name="other")
    assert post(signed_in, other, "publish").status_code == 404


def test_buttons_are_posted_with_a_token(stage, ada):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    assert strict.get(PAGE).content.count(b"csrfmiddlewaretoken") == 3
    assert post(strict, stage, "publish").status_code == 403
    address = reverse("project-stage-publish", args=["gate-keeper", stage.identifier])
    assert strict.get(address).status_code == 405


# The switch


def test_an_owner_stages_every_upload(signed_in, ada, stage):
    response = signed_in.post(f"{PAGE}switch/", {"on": "yes"}, follow=True)
    assert "Every upload to Gate.Keeper waits here now" in text_of(response)
    assert Project.objects.get().stages_uploads
    event = AuditEvent.objects.get(action="project.set_staging")
    assert (event.user, event.after) == (ada, {"stages_uploads": True})
    again = signed_in.post(f"{PAGE}switch/", {"on": "yes"}, follow=True)
    assert "Gate.Keeper stages every upload already." in text_of(again)
    off = signed_in.post(f"{PAGE}switch/", {"on": "no"}, follow=True)
    assert "Uploads to Gate.Keeper are published at once now." in text_of(off)


def test_then_a_plain_upload_waits(ada):
    project = published("Gate.Keeper", uploader=ada).project
    projects.set_staging(project, actor=actor(ada), on=True)
    assert submit(ada, "Gate.Keeper", "2.0").result is stages.Result.STAGED
    projects.set_staging(project, actor=actor(ada), on=False)
    assert submit(ada, "Gate.Keeper", "3.0").result is stages.Result.PUBLISHED


def test_the_trail_knows_which_tokens_stage(ada):
    token, _ = tokens.mint(ada, actor=SYSTEM, name="ci", stages_uploads=True)
    assert token.stages_uploads
    assert AuditEvent.objects.get(action="token.mint").after["stages_uploads"] is True


def test_a_maintainer_sees_the_switch_and_leaves_it(client, stage):
    user = UserFactory()
    Role.objects.create(project=stage.project, user=user, kind=Role.Kind.MAINTAINER)
    client.force_login(user)
    assert "An owner of Gate.Keeper can change this." in text_of(client.get(PAGE))
    response = client.post(f"{PAGE}switch/", {"on": "yes"}, follow=True)
    assert "Only owners of Gate.Keeper may do this" in text_of(response)
    assert not Project.objects.get().stages_uploads


# The way there


def test_the_project_s_page_leads_there_for_its_people_only(client, signed_in, ada):
    release = published("Gate.Keeper", uploader=ada)
    manage = "/project/gate-keeper/releases/"
    assert f'href="{manage}"' in text_of(signed_in.get(release.project.get_absolute_url()))
    assert f'href="{PAGE}"' in text_of(signed_in.get(manage))
    client.force_login(UserFactory())
    assert manage not in text_of(client.get(release.project.get_absolute_url()))


def test_the_link_costs_nothing(client, ada):
    address = published("Gate.Keeper", uploader=ada).get_absolute_url()
    stranger = queries_of(client, address)
    assert client.get(address)["Cache-Control"].startswith("public, max-age=60")
    client.force_login(ada)
    mine = queries_of(client, address)
    assert len(mine) == len(stranger) + 3  # the session, who she is, what the bell counts
    columns = '(SELECT "packages_role"."kind"'  # with those of teams, in one question
    assert len([sql for sql in mine if sql.startswith(columns)]) == 1


def queries_of(client, address: str) -> list[str]:
    client.get(address)
    with CaptureQueriesContext(connection) as context:
        client.get(address)
    return [query["sql"] for query in context.captured_queries]


def test_a_file_s_digest_is_the_received_one(signed_in, stage):
    digest = hashlib.sha256(b"announced").hexdigest()
    FileSession.objects.update(received="", hashes={"sha256": digest})
    assert digest in text_of(signed_in.get(PAGE))


def test_a_held_upload_is_shown_to_its_people_with_why_it_waits(client):
    uploader = UserFactory()
    stage = held("gate-keeper", uploader=uploader)
    client.force_login(uploader)
    page = text_of(client.get(PAGE))
    assert "A moderator looks at gate-keeper 1.0" in page
    assert stage.holds[0]["reason"] in page
    assert stage.files.get().filename in page
    assert "Nothing is staged" not in page
    client.force_login(UserFactory())
    assert client.get(PAGE).status_code == 404
