"""A token that is found in public is revoked, and its owner told."""

from __future__ import annotations

import pytest

from accounts import leaks, tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent
from tests.factories.jobs import run_all
from tests.factories.people import UserFactory, token_for

pytestmark = pytest.mark.django_db
ADDRESS = "/_/leaked-tokens/"
FOUND = "https://git.example.org/alice/dotfiles"


def report(client, body, **headers):
    return client.post(ADDRESS, body, content_type="application/json", headers=headers)


def test_a_leaked_token_is_revoked_and_its_owner_told(client, mailoutbox):
    """INC-6."""
    user = UserFactory()
    token, text = tokens.mint(user, actor=SYSTEM, name="laptop")
    answer = report(client, [{"token": text, "type": "gatehouse", "url": FOUND}])
    assert answer.json() == [{"token_raw": text, "token_type": "gate", "label": "true_positive"}]
    assert tokens.verify(text) is None
    event = AuditEvent.objects.get(action="token.revoke")
    assert (event.reason, event.address) == (f"Found in public: {FOUND}", "127.0.0.1")
    run_all()
    (letter,) = mailoutbox
    assert letter.to == [user.email]
    assert FOUND in letter.body
    assert token.identifier in letter.body
    assert text not in letter.body


def test_what_is_no_token_of_ours_changes_nothing(client, mailoutbox):
    text = token_for(UserFactory())
    last = "b" if text[-1] == "a" else "a"
    answer = report(client, [{"token": text[:-1] + last}, {"token": "pypi-xyz"}, {"token": ""}])
    assert {row["label"] for row in answer.json()} == {"false_positive"}
    assert ApiToken.objects.get().revoked_at is None
    assert not mailoutbox


def test_reporting_twice_changes_nothing(client):
    text = token_for(UserFactory())
    labels = [report(client, [{"token": text}]).json()[0]["label"] for _ in range(2)]
    assert labels == ["true_positive", "false_positive"]
    assert AuditEvent.objects.filter(action="token.revoke").count() == 1


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "{}",
        "[1]",
        '["gate-x"]',
        '[{"url": "x"}]',
        '[{"token": 7}]',
        "[{}]",
        "\udcff",
        "[" * 90_000,
        '[{"token": "x", "token": "y"}]',
    ],
)
def test_a_report_that_is_none_is_refused_with_a_sentence(client, body):
    answer = client.generic(
        "POST", ADDRESS, body.encode("utf-8", "surrogateescape"), content_type="application/json"
    )
    assert answer.status_code == 400
    assert "token" in answer.content.decode()


def test_a_report_of_too_much_is_refused(client):
    assert report(client, [{"token": "x"}] * 101).status_code == 400
    assert report(client, [{"token": "x" * 300_000}]).status_code == 413


def test_who_reports_too_often_waits(client, monkeypatch):
    monkeypatch.setattr("accounts.limits.time.time", lambda: 1_800_000_000.0)  # one minute
    answers = [report(client, []).status_code for _ in range(leaks.PER_MINUTE + 1)]
    assert answers == [200] * leaks.PER_MINUTE + [429]


def test_reports_are_posted(client):
    assert client.get(ADDRESS).status_code == 405
