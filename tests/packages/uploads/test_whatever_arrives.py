"""A property of the whole upload path: any bytes, a 2xx or a 4xx with a problem, and all agrees."""

from __future__ import annotations

import pytest
from django.conf import settings as site
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages import verification
from packages.models import File, Stage, StagedFile
from tests.factories.people import UserFactory, token_for
from tests.packages.uploads.adversarial import attempts
from tests.packages.uploads.adversarial.attempts import BOUNDARY, PROBLEM, SDIST, WHEEL, Attempt

RELAXED = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EXCHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=0, max_size=6)), max_size=4
)


@pytest.fixture
def token(db) -> str:
    return token_for(UserFactory(trusted=True))


def spoilt(data: bytes, changes: list[tuple[float, bytes]]) -> bytes:
    """The same bytes with some exchanged, wherever they are."""
    for place, piece in changes:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + len(piece) :]
    return data


def expect_an_answer(attempt: Attempt, token: str) -> None:
    answer = attempt.send(Client(raise_request_exception=True), token, PROBLEM)
    assert 200 <= answer.status_code < 500
    if answer.status_code >= 400:
        assert answer["Content-Type"] == PROBLEM
        assert answer.json()["code"]
        assert answer.json()["status"] == answer.status_code
    expect_agreement()


def expect_agreement() -> None:
    """What is there has its bytes and its metadata, and nothing is half there."""
    assert list(verification.verify(verification.everything())) == []
    assert not StagedFile.objects.filter(stage__in=Stage.objects.active()).exists()
    assert not File.objects.filter(release__project__published_at=None).exists()
    assert not list(site.INCOMING_DIR.glob("*"))


@RELAXED
@given(changes=EXCHANGES, filename=st.sampled_from([WHEEL, SDIST]))
def test_a_request_with_any_bytes_exchanged(token, changes, filename):
    attempt = attempts.good(filename).changed(framing=lambda body: spoilt(body, changes))
    expect_an_answer(attempt, token)


@RELAXED
@given(changes=EXCHANGES, filename=st.sampled_from([WHEEL, SDIST]))
def test_a_file_with_any_bytes_exchanged_and_the_right_digest(token, changes, filename):
    attempt = attempts.good(filename)
    expect_an_answer(attempts.attempt(filename, spoilt(attempt.data, changes)), token)


@RELAXED
@given(body=st.binary(max_size=2000))
def test_a_body_of_any_bytes(token, body):
    framed = f"--{BOUNDARY}\r\n".encode() + body
    expect_an_answer(attempts.good(WHEEL).changed(framing=lambda _: framed), token)
