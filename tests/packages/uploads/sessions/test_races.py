"""Many clients at once, each with its own connection, end as if they had queued (U2-21, U2-23)."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from moderation import decisions
from packages import storage, tasks
from packages.models import File, JournalEntry, Release, Role, Stage, StagedFile
from tests.factories.index import published
from tests.factories.people import ModeratorFactory, UserFactory, actor
from tests.packages.concurrency import PATIENCE, at_once, meanwhile
from tests.packages.uploads.sessions.client import (
    SIMPLE_JSON,
    Api,
    maintainer,
    newcomer,
    offered,
    page,
    path_of,
    sdist,
    staging,
    uploader,
    wheel,
)

pytestmark = pytest.mark.django_db(transaction=True)


def again(api: Api) -> Api:
    """The same person and token in another process."""
    return Api(api.user, api.token)


def statuses(answers) -> Counter[int]:
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return Counter(answer.status_code for answer in answers)


# -- plain uploads -----------------------------------------------------------------------------


def test_u2_23_of_sixteen_uploads_of_one_filename_with_different_bytes_one_wins():
    api = uploader()
    dists = [wheel(description=f"variant {n}") for n in range(16)]
    answers = at_once(*(partial(again(api).legacy, dist) for dist in dists))
    assert statuses(answers) == {200: 1, 409: 15}
    assert all(b"File already exists" in a.content for a in answers if a.status_code == 409)
    winner = dists[[answer.status_code for answer in answers].index(200)]
    file = File.objects.get()
    assert file.sha256 == winner.sha256
    with storage.open_blob(file.sha256) as blob:
        assert blob.read() == winner.data


def test_u2_23_sixteen_uploads_of_identical_bytes_all_succeed_and_leave_one_trace():
    api = uploader()
    answers = at_once(*(partial(again(api).legacy, wheel()) for _ in range(16)))
    assert statuses(answers) == {200: 16}
    assert File.objects.count() == Release.objects.count() == Role.objects.count() == 1
    assert JournalEntry.objects.filter(action__startswith="add").count() == 1
    assert JournalEntry.objects.count() == 2


def test_u2_8_of_two_first_uploads_of_a_name_one_makes_the_owner():
    one, two = uploader(), uploader()
    answers = at_once(partial(one.legacy, wheel()), partial(two.legacy, wheel(version="2.0")))
    assert statuses(answers) == {200: 1, 403: 1}
    winner = (one, two)[[answer.status_code for answer in answers].index(200)]
    assert Role.objects.get().user == winner.user
    assert File.objects.get().uploaded_by == winner.user


@pytest.mark.parametrize("same", [True, False], ids=["identical bytes", "different bytes"])
def test_u2_23_eight_staged_uploads_of_one_filename_leave_one_file_in_one_session(same):
    api = staging(UserFactory(trusted=True))
    dists = [wheel(description="" if same else f"variant {n}") for n in range(8)]
    answers = at_once(*(partial(again(api).legacy, dist) for dist in dists))
    assert statuses(answers) == ({202: 8} if same else {202: 1, 409: 7})
    assert Stage.objects.count() == StagedFile.objects.count() == 1
    assert page("demo") is None


# -- sessions ----------------------------------------------------------------------------------


def test_u2_8_of_two_first_sessions_of_a_name_one_reserves_it():
    people = [uploader(), uploader(), uploader()]
    calls = [
        partial(people[0].create),
        partial(people[1].create),
        partial(people[2].legacy, wheel()),
    ]
    answers = at_once(*calls)
    codes = [answer.status_code for answer in answers]
    assert Counter(codes) in (Counter({201: 1, 403: 2}), Counter({200: 1, 403: 2}))
    winner = people[codes.index(min(codes))]
    assert Role.objects.get().user == winner.user
    assert Stage.objects.get().created_by == winner.user


def test_u2_6_of_two_who_open_the_session_of_one_version_the_second_is_led_to_the_first():
    api = uploader()
    published("demo", "0.1", uploader=api.user)
    answers = at_once(*(person.create for person in (api, maintainer("demo"), again(api))))
    assert statuses(answers) == {201: 1, 409: 2}
    assert len({answer["Location"] for answer in answers}) == 1
    assert Stage.objects.active().count() == 1


def test_u2_19_of_two_announcements_of_one_file_one_is_taken():
    session = uploader().open()
    one, two = session.by(again(session.api)), session.by(again(session.api))
    answers = at_once(partial(one.announce, wheel()), partial(two.announce, wheel()))
    assert statuses(answers) == {202: 1, 409: 1}
    assert session.files == {wheel().filename: "pending"}


def test_u2_39_of_two_who_send_the_bytes_one_is_taken_and_of_two_completions_one():
    session = uploader().open()
    file = session.begin(wheel())
    answers = at_once(*(file.by(again(session.api)).send for _ in range(4)))
    assert statuses(answers) == {204: 1, 409: 3}
    answers = at_once(*(file.by(again(session.api)).complete for _ in range(4)))
    assert statuses(answers) == {201: 1, 409: 3}
    assert StagedFile.objects.count() == 1


@pytest.mark.parametrize("turn", range(4))
def test_u2_23_of_a_session_and_a_plain_upload_of_one_filename_one_is_published(turn):
    api = uploader()
    session = api.open()
    session.add(wheel(), sdist())
    rival = wheel(description="rival")
    answers = at_once(session.publish, partial(again(api).legacy, rival))
    codes = [answer.status_code for answer in answers]
    assert codes in ([201, 409], [409, 200])
    file = File.objects.get(filename=rival.filename)
    if codes[0] == 201:
        assert file.sha256 == wheel().sha256
        assert offered("demo") == {wheel().filename, sdist().filename}
    else:
        assert file.sha256 == rival.sha256
        assert offered("demo") == {rival.filename}
        assert wheel().filename in answers[0].json()["detail"]
        assert session.status == "open"


def test_u2_38_of_four_publications_of_one_session_one_happens():
    session = uploader().open()
    session.add(wheel())
    answers = at_once(*(session.by(again(session.api)).publish for _ in range(4)))
    assert statuses(answers) == {201: 1, 409: 3}
    assert {answer["Location"] for answer in answers} == {session.url}
    assert File.objects.count() == 1


@pytest.mark.parametrize("turn", range(3))
def test_66_publishing_while_a_file_is_deleted_ends_one_way_or_the_other(turn):
    session = uploader().open()
    _, doomed = session.add(wheel(), sdist())
    publication, removal = at_once(session.publish, doomed.by(again(session.api)).remove)
    assert publication.status_code == 201
    assert removal.status_code in (204, 409)
    deleted = removal.status_code == 204
    assert offered("demo") == {wheel().filename} | (set() if deleted else {sdist().filename})


@pytest.mark.parametrize("turn", range(3))
def test_66_publishing_while_a_file_is_announced_ends_one_way_or_the_other(turn):
    session = uploader().open()
    session.add(wheel())
    other = session.by(again(session.api))
    publication, announcement = at_once(session.publish, partial(other.announce, sdist()))
    codes = (publication.status_code, announcement.status_code)
    assert codes in ((201, 409), (409, 202))
    assert (session.status == "published") == (codes[0] == 201)
    assert offered("demo") == ({wheel().filename} if codes[0] == 201 else set())


@pytest.mark.parametrize("turn", range(3))
def test_u2_25_publishing_while_it_is_cancelled_ends_one_way_or_the_other(turn):
    session = uploader().open()
    session.add(wheel())
    publication, cancellation = at_once(session.publish, session.by(again(session.api)).cancel)
    codes = (publication.status_code, cancellation.status_code)
    assert codes in ((201, 409), (409, 204), (404, 204), (403, 204))
    if codes[0] == 201:
        assert offered("demo") == {wheel().filename}
    else:
        assert page("demo") is None
        assert not Role.objects.exists()


def test_u2_36_publishing_while_its_time_runs_out_ends_one_way_or_the_other():
    session = uploader().open()
    session.add(wheel())
    Stage.objects.update(expires_at=timezone.now())
    publication, expired = at_once(session.publish, tasks.expire_sessions)
    assert (publication.status_code == 201) == (expired == 0)
    assert session.status == ("canceled" if expired else "published")
    assert offered("demo") == (set() if expired else {wheel().filename})


def test_u2_24_a_plain_upload_queues_behind_a_moderator_and_finds_the_name_taken():
    session = newcomer().open()
    session.add(wheel())
    assert session.publish().status_code == 202
    stage, moderator = Stage.objects.held().get(), ModeratorFactory()
    rival = partial(again(session.api).legacy, wheel(description="rival"))
    with transaction.atomic():
        decisions.approve(stage, actor=actor(moderator), reason="fine")
        with meanwhile(rival) as upload:
            assert page("demo")  # we see our own change, nobody else does
            transaction.get_connection().connection.commit()
            assert upload.result(PATIENCE).status_code == 409
    assert File.objects.get().sha256 == wheel().sha256


@pytest.mark.parametrize("turn", range(3))
def test_u2_24_a_name_that_a_moderator_frees_goes_to_one(turn):
    session = newcomer().open()
    session.add(wheel())
    assert session.publish().status_code == 202
    stage, moderator = Stage.objects.held().get(), actor(ModeratorFactory())
    rival = maintainer("demo")  # trusted
    rejection, upload = at_once(
        partial(decisions.reject, stage, actor=moderator, reason="no"),
        partial(rival.legacy, wheel(description="rival")),
    )
    assert not isinstance(rejection, Exception)
    assert upload.status_code in (200, 409)
    assert File.objects.count() == (1 if upload.status_code == 200 else 0)
    assert session.status == "error"


def test_u2_36_nobody_opens_more_sessions_by_opening_them_at_once(settings):
    settings.UPLOAD_MAX_OPEN_SESSIONS = 3
    api = uploader()
    published("demo", "0.1", uploader=api.user)
    calls = [partial(again(api).create, "demo", f"{n}.0") for n in range(1, 9)]
    assert statuses(at_once(*calls)) == {201: 3, 429: 5}
    assert Stage.objects.active().count() == 3


@pytest.mark.parametrize("turn", range(3))
def test_u2_21_whoever_polls_sees_nothing_or_everything(turn):
    api = uploader()
    session = api.open()
    tags = ["py3-none-any", "cp311-cp311-win32", "cp312-cp312-win32", "cp313-cp313-win32"]
    dists = [*(wheel(tag=tag) for tag in tags), sdist()]
    session.add(*dists)
    everything = frozenset(dist.filename for dist in dists)
    stage = f"{path_of(session.links['stage'])}demo/"
    done = threading.Event()

    def publish():
        try:
            return session.publish()
        finally:
            done.set()

    def poll(address: str) -> list[frozenset[str]]:
        seen, client = [], Client()
        while True:
            last = done.is_set()
            answer = client.get(address, headers={"Accept": SIMPLE_JSON})
            assert answer.status_code in (200, 404)
            body = answer.json() if answer.status_code == 200 else {"files": []}
            seen.append(frozenset(file["filename"] for file in body["files"]))
            if last:
                return seen

    answer, public, preview = at_once(publish, partial(poll, "/simple/demo/"), partial(poll, stage))
    assert answer.status_code == 201
    assert set(public) <= {frozenset(), everything}
    assert public[-1] == everything
    assert public == sorted(public, key=len)
    assert set(preview) <= {frozenset(), everything}
    assert preview[-1] == frozenset()
