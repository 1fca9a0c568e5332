"""Publishing sessions from their opening to their end (PEP 694; U2-1 to U2-9, U2-25 to U2-27)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent
from moderation.models import ProhibitedName
from packages import projects, reach, tasks
from packages.models import Project, Role, Stage, StageStatus
from packages.uploads.staging import expire
from tests.factories.index import held, published
from tests.factories.people import UserFactory, token_for
from tests.packages.uploads.sessions.client import (
    META,
    ROOT,
    V2,
    Api,
    maintainer,
    newcomer,
    offered,
    page,
    path_of,
    problem,
    sdist,
    uploader,
    wheel,
)

pytestmark = pytest.mark.django_db
HELD = "tests.packages.uploads.sessions.test_publishing.hold_everything"


def instant(body) -> datetime:
    text = body["expires-at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
    return datetime.fromisoformat(text)


# -- E1 ----------------------------------------------------------------------------------------


def test_u2_1_a_new_session_is_open_and_says_all_that_a_client_needs():
    answer = uploader().create()
    body = answer.json()
    assert answer.status_code == 201
    assert answer["Content-Type"] == V2
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Location"] == body["links"]["session"]
    assert body["meta"]["api-version"] == "2.0"
    assert (body["name"], body["version"]) == ("demo", "1.0")
    assert (body["status"], body["files"]) == ("open", {})
    assert "http-post-bytes" in body["mechanisms"]
    assert instant(body) > timezone.now()
    assert set(body["links"]) == {"session", "upload", "publish", "extend", "stage"}
    assert len({path_of(link) for link in body["links"].values()}) == 5
    assert "notices" not in body


def test_u2_1_the_session_says_the_same_to_get_and_nothing_but_headers_to_head():
    session = uploader().open()
    assert session.body == session.born
    head = session.api.call("HEAD", session.url)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "invalid-session-request"),
        (" demo", "invalid-session-request"),
        ("demo\n", "invalid-session-request"),
        ("de\0mo", "invalid-session-request"),
        (5, "invalid-session-request"),
        (None, "invalid-session-request"),
        (["demo"], "invalid-session-request"),
        ("-demo", "invalid-name"),
        ("démo", "invalid-name"),
        ("demo/../x", "invalid-name"),
        ("\ud800", "invalid-name"),
        ("d" * 129, "invalid-name"),
        ("con", "reserved-name"),
    ],
)
def test_u2_4_what_is_no_name_is_refused_and_reserves_nothing(name, code):
    problem(uploader().create(name), 400, code)
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    "version",
    ["", "one", "1.0 ", "1.0-", "1" * 65, "9" * 5000, "１.0", "\ud800", 1.0, None, "1.0+local"],  # noqa: RUF001
)
def test_u2_4_what_is_no_version_is_refused_and_reserves_nothing(version):
    body = problem(uploader().create(version=version), 400, "invalid-session-request")
    assert "ersion" in body["detail"]
    assert not Project.objects.exists()


def test_u2_4_a_local_version_is_taken_where_the_site_takes_them(settings):
    settings.UPLOAD_ALLOW_LOCAL_VERSIONS = True
    assert uploader().create(version="1.0+cu12").json()["version"] == "1.0+cu12"


def test_u2_4_a_name_keeps_its_spelling_and_is_normalized_wherever_it_is_looked_up():
    session = uploader().open("Foo.Bar")
    assert session.born["name"] == "Foo.Bar"
    problem(session.api.create("foo_bar"), 409, "session-exists")
    session.add(wheel("Foo.Bar"))
    assert session.publish().status_code == 201
    assert offered("foo-bar") == {"foo_bar-1.0-py3-none-any.whl"}


@pytest.mark.parametrize("again", ["01.0", "1.0.0", "v1", "1"])
def test_u2_4_two_spellings_of_a_version_are_one_session(again):
    session = uploader().open(version="1.0")
    answer = session.api.create(version=again)
    problem(answer, 409, "session-exists")
    assert answer["Location"] == session.url


def test_u2_1_other_versions_have_sessions_of_their_own():
    api = uploader()
    one, two = api.open(version="1.0"), api.open(version="2.0")
    assert one.url != two.url
    assert one.born["session-token"] != two.born["session-token"]


# -- who may -----------------------------------------------------------------------------------


def every_request(session, file):
    """E1 to E12, as (method, address, body, content type)."""
    yield "POST", ROOT, {"name": "demo", "version": "1.0"}, V2
    yield "GET", session.url, None, V2
    yield "POST", session.links["publish"], {}, V2
    yield "POST", session.links["extend"], {"extend-for": 60}, V2
    yield "POST", session.links["upload"], {}, V2
    yield "GET", file.url, None, V2
    yield "POST", file.bytes_url, b"bytes", "application/octet-stream"
    yield "POST", file.links["complete"], {}, V2
    yield "POST", file.links["extend"], {"extend-for": 60}, V2
    yield "DELETE", file.url, None, V2
    yield "DELETE", session.url, None, V2


def answers_to_all(api, session, file):
    for method, url, body, content_type in every_request(session, file):
        yield api.call(method, url, body, content_type=content_type)


def test_u2_5_without_credentials_every_request_is_401_and_says_how():
    session = uploader().open()
    file = session.begin(wheel())
    for answer in answers_to_all(Api(), session, file):
        problem(answer, 401, "credentials-needed")
        assert "realm=" in answer["WWW-Authenticate"]
    assert session.files == {wheel().filename: "pending"}


@pytest.mark.parametrize("useless", ["unknown", "revoked", "expired", "inactive"])
def test_u2_5_a_useless_token_is_401_and_says_how(useless):
    user = UserFactory(trusted=True)
    api = Api(user)
    token = ApiToken.objects.get()
    if useless == "unknown":
        api.token = api.token[:-1] + ("A" if api.token[-1] != "A" else "B")
    elif useless == "revoked":
        tokens.revoke(token, actor=SYSTEM)
    elif useless == "expired":
        past = timezone.now() - timedelta(seconds=1)
        ApiToken.objects.update(created_at=past - timedelta(days=1), expires_at=past)
    else:
        user.is_active = False
        user.save()
    answer = api.create()
    problem(answer, 401)
    assert "realm=" in answer["WWW-Authenticate"]
    assert not Project.objects.exists()


def test_u2_5_basic_credentials_work_as_for_twine():
    api = uploader()
    answer = Client().post(
        ROOT,
        {"meta": META, "name": "demo", "version": "1.0"},
        content_type=V2,
        headers={"Authorization": basic("__token__", api.token)},
    )
    assert answer.status_code == 201
    refused = Client().post(
        ROOT, {}, content_type=V2, headers={"Authorization": basic("me", "password")}
    )
    problem(refused, 401)


def basic(name: str, password: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_u2_5_a_signed_in_browser_has_no_credentials_here():
    api = Api()
    api.client.force_login(UserFactory(trusted=True))
    problem(api.create(), 401)


def test_u2_5_a_stranger_learns_nothing_of_sessions_from_a_refusal():
    owner, stranger = uploader(), uploader()
    published(uploader=owner.user)
    before = stranger.create("demo", "2.0")
    session = owner.open("demo", "2.0")
    after = stranger.create("demo", "2.0")
    assert problem(before, 403, "not-your-project") == problem(after, 403)
    assert before.headers == after.headers
    for answer in answers_to_all(stranger, session, session.begin(wheel(version="2.0"))):
        assert problem(answer, 403, "not-your-project")["detail"] == before.json()["detail"]


def test_u2_5_whoever_cannot_be_written_to_opens_no_session():
    api = Api(UserFactory(trusted=True, verified=False))
    problem(api.create(), 403, "email-not-verified")
    assert not Project.objects.exists()


def test_u2_6_another_maintainer_is_led_to_the_session_and_may_do_everything():
    session = uploader().open()
    other = maintainer("demo")
    answer = other.create()
    problem(answer, 409, "session-exists")
    assert answer["Location"] == session.url
    theirs = session.by(other)
    theirs.add(wheel())
    assert theirs.status == "open"
    assert theirs.extend(60).status_code == 200
    assert theirs.publish().status_code == 201
    second = session.api.open(version="2.0")
    assert second.by(other).cancel().status_code == 204


def test_u2_6_the_trail_names_who_published():
    session = uploader().open()
    other = maintainer("demo")
    session.add(wheel())
    assert session.by(other).publish().status_code == 201
    event = AuditEvent.objects.get(action="stage.publish")
    assert event.user == other.user
    assert event.after == {"status": "published"}


def test_u2_9_permission_is_asked_at_every_request_and_its_loss_is_not_for_ever():
    session = uploader().open()
    maintainer("demo")  # the project stays somebody's
    file = session.begin(wheel())
    role = Role.objects.get(user=session.api.user)
    role.delete()
    for answer in answers_to_all(session.api, session, file):
        problem(answer, 403, "not-your-project")
    role.pk = None
    role.save()
    assert file.send().status_code == 204
    assert file.complete().status_code == 201
    assert session.publish().status_code == 201


@pytest.mark.parametrize("limited_to", ["another project", "nothing"])
def test_u2_9_a_token_for_other_projects_opens_no_door_of_the_session(limited_to):
    session = uploader().open()
    file = session.begin(wheel())
    narrow = Api(session.api.user, token_for(session.api.user, limited=True))
    if limited_to == "another project":
        other = published("other", uploader=session.api.user).project
        reach.limit_token(ApiToken.objects.get(limited=True), [other])
    for answer in answers_to_all(narrow, session, file):
        problem(answer, 403, "token-too-narrow")


def test_u2_9_a_token_for_this_project_does_everything_but_a_new_name():
    user = UserFactory(trusted=True)
    project = published(uploader=user).project
    narrow = Api(user, token_for(user, limited=True))
    reach.limit_token(ApiToken.objects.get(limited=True), [project])
    session = narrow.open("demo", "2.0")
    session.add(wheel(version="2.0"))
    assert session.publish().status_code == 201
    problem(narrow.create("fresh"), 403, "token-too-narrow")
    assert not Project.objects.filter(normalized_name="fresh").exists()


def test_u2_9_a_revoked_token_ends_the_session_for_its_holder_only():
    session = uploader().open()
    tokens.revoke(ApiToken.objects.get(user=session.api.user), actor=SYSTEM)
    problem(session.api.get(session.url), 401)
    assert session.by(Api(session.api.user)).status == "open"


# -- a first release ---------------------------------------------------------------------------


def test_u2_8_a_name_in_preparation_is_nowhere_to_be_seen():
    session = uploader().open("fresh")
    session.add(wheel("fresh"))
    public = Client()
    for address in ("/simple/fresh/", "/project/fresh/", "/project/fresh/1.0/"):
        assert public.get(address).status_code == 404
    assert public.get("/api/v1/projects/fresh/").status_code == 404
    for address in ("/", "/simple/", "/search/?q=fresh", "/api/v1/projects/"):
        answer = public.get(address)
        assert answer.status_code == 200
        assert b"/fresh/" not in answer.content
        assert b'"name":"fresh"' not in answer.content


def test_u2_8_a_name_in_preparation_is_nobody_elses():
    session = uploader().open("fresh")
    other = uploader()
    problem(other.create("Fresh", "9.9"), 403, "not-your-project")
    assert other.legacy(wheel("fresh")).status_code == 403
    session.add(wheel("fresh"))
    assert session.publish().status_code == 201
    assert Role.objects.get().user == session.api.user
    assert other.create("fresh", "2.0").status_code == 403


def test_u2_8_a_cancelled_name_is_free_and_the_old_session_stays_its_makers():
    session = uploader().open("fresh")
    session.add(wheel("fresh"))
    assert session.cancel().status_code == 204
    other = uploader()
    theirs = other.open("fRESH")
    assert theirs.born["name"] == "fRESH"
    theirs.add(wheel("fresh", description="quite another"))
    assert theirs.publish().status_code == 201
    assert Role.objects.get().user == other.user
    assert len(offered("fresh")) == 1
    assert session.by(other).status == "canceled"
    problem(session.api.get(session.url), 403)


def test_u2_8_a_cancelled_name_with_another_version_in_preparation_is_not_free():
    one = uploader().open("fresh", "1.0")
    two = one.api.open("fresh", "2.0")
    assert one.cancel().status_code == 204
    problem(uploader().create("fresh"), 403)
    assert two.cancel().status_code == 204
    assert uploader().create("fresh").status_code == 201


def test_u2_8_a_name_whose_upload_waits_for_a_moderator_is_not_freed_by_a_cancelled_session():
    stage = held("fresh")
    session = Api(stage.created_by).open("fresh", "2.0")
    assert session.cancel().status_code == 204
    problem(uploader().create("fresh"), 403)


def test_u2_7_after_the_end_there_is_a_new_session_with_new_addresses():
    api = uploader()
    first = api.open()
    first.add(wheel())
    assert first.publish().status_code == 201
    second = api.open()
    assert second.cancel().status_code == 204
    third = api.open()
    for member in ("session", "stage", "upload", "publish", "extend"):
        assert len({session.links[member] for session in (first, second, third)}) == 3
    assert len({session.born["session-token"] for session in (first, second, third)}) == 3


# -- policies and states of the project --------------------------------------------------------


def test_u2_34_a_policy_refuses_a_name_before_it_is_reserved():
    ProhibitedName.objects.create(name="bad-name", reason="abuse")
    body = problem(uploader().create("Bad_Name"), 400, "refused-by-policy")
    assert body["errors"] == [
        {"source": "prohibited-name", "message": body["detail"]},
    ]
    assert not Project.objects.exists()
    assert not Role.objects.exists()
    assert not Stage.objects.exists()


def test_u2_34_a_policy_that_would_hold_lets_a_name_be_reserved(settings):
    settings.UPLOAD_POLICIES = [HELD]
    assert newcomer().create().status_code == 201


@pytest.mark.parametrize("verb", [projects.archive, projects.quarantine])
def test_u2_34_a_closed_project_takes_no_session(verb):
    api = uploader()
    project = published(uploader=api.user).project
    session = api.open(version="2.0")
    file = session.begin(wheel(version="2.0"))
    verb(project, actor=SYSTEM, reason="over")
    for answer in answers_to_all(api, session, file):
        assert "over" in problem(answer, 403, "project-takes-no-uploads")["detail"]
    projects.activate(project, actor=SYSTEM)
    assert session.files == {file.dist.filename: "pending"}


def test_u2_34_a_deprecated_project_takes_releases():
    api = uploader()
    projects.deprecate(published(uploader=api.user).project, actor=SYSTEM, reason="use demo2")
    session = api.open(version="2.0")
    session.add(wheel(version="2.0"))
    assert session.publish().status_code == 201


# -- limits ------------------------------------------------------------------------------------


def test_u2_36_open_sessions_of_a_person_are_limited(settings):
    settings.UPLOAD_MAX_OPEN_SESSIONS = 2
    api = uploader()
    first = api.open("one")
    api.open("two")
    answer = api.create("three")
    assert "2" in problem(answer, 429, "too-many-sessions")["detail"]
    assert int(answer["Retry-After"]) > 0
    assert not Project.objects.filter(name="three").exists()
    assert first.cancel().status_code == 204
    assert api.create("three").status_code == 201


def test_u2_36_open_sessions_of_a_project_are_limited(settings):
    settings.UPLOAD_MAX_OPEN_SESSIONS = 2
    api = uploader()
    api.open(version="1.0")
    other = maintainer("demo")
    other.open(version="2.0")
    problem(other.create(version="3.0"), 429, "too-many-sessions")
    answer = other.create(version="2.0")
    problem(answer, 409, "session-exists")


# -- E3 ----------------------------------------------------------------------------------------


def test_u2_25_a_cancelled_session_is_a_memory():
    session = uploader().open()
    [done] = session.add(wheel())
    pending = session.begin(sdist())
    answer = session.cancel()
    assert (answer.status_code, answer.content) == (204, b"")
    body = session.body
    assert (body["status"], body["files"]) == ("canceled", {})
    assert set(body["links"]) == {"session"}
    problem(session.announce(wheel()), 404)
    problem(session.publish(), 404)
    problem(session.extend(60), 404)
    for file in (done, pending):
        problem(file.api.get(file.url), 404)
        problem(file.send(), 404)
        problem(file.complete(), 404)
        problem(file.extend(60), 404)
        problem(file.remove(), 404)
    assert Client().get(path_of(session.links["stage"])).status_code == 404
    problem(session.cancel(), 409, "session-closed")


def test_u2_25_a_session_in_error_can_be_cancelled():
    session = uploader().open()
    Stage.objects.update(status=StageStatus.ERROR)
    assert session.status == "error"
    assert session.cancel().status_code == 204
    assert session.status == "canceled"


def test_u2_25_a_session_is_cancelled_while_a_file_is_processed():
    session = uploader().open()
    session.begin(wheel())
    Stage.objects.get().file_sessions.update(status="processing")
    assert session.cancel().status_code == 204
    assert session.status == "canceled"


def test_u2_25_a_session_that_waits_for_a_moderator_cannot_be_cancelled():
    session = newcomer().open()
    session.add(wheel())
    assert session.publish().status_code == 202
    problem(session.cancel(), 409, "session-closed")
    assert session.status == "processing"


def test_u2_25_a_published_session_cannot_be_cancelled():
    session = uploader().open()
    session.add(wheel())
    session.publish()
    problem(session.cancel(), 409, "session-closed")
    assert offered("demo") == {wheel().filename}


@pytest.mark.parametrize("end", ["published", "canceled"])
def test_u2_26_an_ended_session_is_remembered_for_a_while_then_forgotten(end, settings):
    session = uploader().open()
    if end == "published":
        session.add(wheel())
        session.publish()
    else:
        session.cancel()
    kept = timedelta(seconds=settings.UPLOAD_SESSION_RETENTION_SECONDS)
    Stage.objects.update(closed_at=timezone.now() - kept + timedelta(minutes=1))
    assert session.status == end
    Stage.objects.update(closed_at=timezone.now() - kept - timedelta(minutes=1))
    problem(session.api.get(session.url), 404)
    assert offered("demo") == ({wheel().filename} if end == "published" else set())


def test_u2_26_what_was_never_a_session_is_not_found():
    api = uploader()
    known = api.open().url
    unknown = re.sub(r"[0-9a-f]{8}-", "00000000-", known, count=1)
    problem(api.get(unknown), 404)
    problem(Api(UserFactory()).get(unknown), 404)


def test_u2_26_a_plain_upload_that_waits_is_no_session():
    stage = held()
    api = Api(stage.created_by)
    problem(api.get(f"{ROOT}sessions/{stage.identifier}/"), 404)


# -- E5 and expiry -----------------------------------------------------------------------------


def test_u2_27_an_extension_never_shortens():
    session = uploader().open()
    before = instant(session.born)
    assert instant(session.extend(3600).json()) == before  # a week stands already
    longer = session.extend(14 * 86_400)
    assert longer.status_code == 200
    assert instant(longer.json()) > before
    assert instant(session.extend(60).json()) == instant(longer.json())
    assert instant(session.body) == instant(longer.json())


@pytest.mark.parametrize("asked", [10**12, 10**400])
def test_u2_27_an_extension_is_capped(asked, settings):
    session = uploader().open()
    cap = Stage.objects.get().created_at + timedelta(seconds=settings.UPLOAD_SESSION_MAX_SECONDS)
    for _ in range(3):
        answer = session.extend(asked)
        assert answer.status_code == 200
        assert cap - timedelta(seconds=2) <= instant(answer.json()) <= cap


def test_u2_27_a_refused_extension_is_a_success_without_effect(settings):
    session = uploader().open()
    Stage.objects.update(created_at=timezone.now() - timedelta(days=60))
    before = instant(session.body)
    answer = session.extend(30 * 86_400)
    assert (answer.status_code, instant(answer.json())) == (200, before)


@pytest.mark.parametrize("asked", [None, -1, 0, "3600", 1.5, True, [60]])
def test_u2_27_an_extension_is_a_number_of_seconds(asked):
    session = uploader().open()
    problem(session.extend(asked), 400, "invalid-session-request")
    problem(session.api.post(session.links["extend"]), 400, "invalid-session-request")
    assert instant(session.body) == instant(session.born)


def test_u2_27_a_file_is_extended_with_its_session():
    session = uploader().open()
    file = session.begin(wheel())
    answer = file.extend(14 * 86_400)
    assert answer.status_code == 200
    assert answer.json()["links"] == file.born["links"]
    assert instant(answer.json()) == instant(session.body) > instant(file.born)
    problem(file.extend("60"), 400, "invalid-session-request")


def test_u2_27_what_is_over_is_not_extended():
    session = newcomer().open()
    [file] = session.add(wheel())
    session.publish()
    problem(session.extend(60), 409, "session-closed")
    problem(file.extend(60), 409, "session-closed")


def test_u2_36_the_job_cancels_what_has_expired_and_nothing_else():
    api = uploader()
    late, due = api.open("late"), api.open("due")
    late.add(wheel("late"))
    waiting = newcomer().open("waiting")
    waiting.add(wheel("waiting"))
    waiting.publish()
    in_error = api.open("in-error")
    past = timezone.now() - timedelta(seconds=1)
    Stage.objects.filter(project__name="in-error").update(status=StageStatus.ERROR)
    Stage.objects.exclude(project__name="due").update(expires_at=past)
    assert tasks.expire_sessions() == 2
    assert expire() == 0
    assert [s.status for s in (late, due, waiting, in_error)] == [
        "canceled",
        "open",
        "processing",
        "canceled",
    ]
    assert page("late") is None
    event = AuditEvent.objects.filter(action="stage.cancel").first()
    assert (event.user, event.reason) == (None, "Its time was over.")
    assert uploader().create("late").status_code == 201
    problem(uploader().create("waiting"), 403)


def test_u2_36_a_session_lives_at_least_the_recommended_week():
    assert site.UPLOAD_SESSION_SECONDS >= 7 * 86_400
    left = instant(uploader().open().born) - timezone.now()
    assert left > timedelta(days=7) - timedelta(minutes=1)
