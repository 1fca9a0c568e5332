"""Administrators, verified addresses, trust."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from accounts import people, tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent, User
from pypi_site.lib.problems import Conflict
from tests.factories.people import AdministratorFactory, UserFactory, actor

PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db


def test_bootstrap_makes_an_administrator_with_a_verified_address():
    user, created = people.bootstrap("boss", "boss@example.org", PASSWORD)
    assert created
    assert user.is_active
    assert user.is_staff
    assert user.is_superuser
    assert user.check_password(PASSWORD)
    assert user.verified_email == "boss@example.org"
    assert AuditEvent.objects.get().after == {"email": "boss@example.org", "created": True}


def test_bootstrap_repeated_keeps_the_account_and_its_password():
    first, _ = people.bootstrap("boss", "boss@example.org", PASSWORD)
    again, created = people.bootstrap("BOSS", "Boss@Example.org", "another password altogether")
    assert not created
    assert again == first
    assert again.check_password(PASSWORD)
    assert AuditEvent.objects.count() == 1
    assert EmailAddress.objects.filter(verified=True).count() == 1


def test_bootstrap_makes_somebody_who_has_an_account_an_administrator():
    user = UserFactory(username="boss", is_active=False)
    again, created = people.bootstrap("boss", user.email, None)
    assert not created
    assert again.is_superuser
    assert again.is_active
    assert AuditEvent.objects.get().after["created"] is False


def test_bootstrap_moves_an_account_to_an_address_that_it_had_not_verified():
    user = UserFactory(username="boss")
    EmailAddress.objects.create(user=user, email="new@example.org", verified=False)
    people.bootstrap("boss", "new@example.org", None)
    user.refresh_from_db()
    assert user.verified_email == "new@example.org"
    assert user.email == "new@example.org"


@pytest.mark.parametrize(
    ("username", "email", "password", "sentence"),
    [
        ("boss", "boss@example.org", "12345", "too short"),
        ("boss", "boss@example.org", "boss@example.org", "too similar"),
        ("boss", "boss@example.org", None, "too short"),
        ("boss", "no address", PASSWORD, "valid email"),
        ("-boss", "boss@example.org", PASSWORD, "letters, digits"),
        ("boss\n", "boss@example.org", PASSWORD, "letters, digits"),
        ("b" * 51, "boss@example.org", PASSWORD, "1 to 50"),
    ],
)
def test_bootstrap_refuses_what_no_account_may_have(username, email, password, sentence):
    with pytest.raises(people.InvalidPerson, match=sentence):
        people.bootstrap(username, email, password)
    assert not User.objects.exists()


def test_bootstrap_takes_no_broken_address_for_an_old_account_either():
    UserFactory(username="boss")
    with pytest.raises(people.InvalidPerson, match="valid email"):
        people.bootstrap("boss", "no address", None)
    assert not User.objects.get(username="boss").is_superuser


def test_bootstrap_refuses_an_address_that_somebody_else_has_verified():
    other = UserFactory()
    with pytest.raises(Conflict, match="Another account has verified"):
        people.bootstrap("boss", other.email.upper(), PASSWORD)
    assert list(User.objects.all()) == [other]


def test_an_address_that_somebody_else_only_claimed_can_be_verified():
    claimant = UserFactory(verified=False)
    EmailAddress.objects.create(user=claimant, email="boss@example.org", verified=False)
    user, _ = people.bootstrap("boss", "boss@example.org", PASSWORD)
    assert user.verified_email == "boss@example.org"
    assert claimant.verified_email is None


def test_we_write_to_the_primary_address_first():
    user = UserFactory()
    EmailAddress.objects.create(user=user, email="aaa@example.org", verified=True)
    EmailAddress.objects.create(user=user, email="bbb@example.org", verified=False)
    assert user.verified_email == user.email


def test_user_names_are_unique_in_any_case():
    UserFactory(username="alice")
    with pytest.raises(IntegrityError, match="a_user_name_is_unique_in_any_case"):
        UserFactory(username="ALICE")


def test_people_are_found_by_their_name_in_any_case():
    user = UserFactory(username="alice")
    assert get_user_model().objects.get_by_natural_key("Alice") == user


# -- trust ---------------------------------------------------------------------------------------


def test_trust_is_given_once_and_says_why():
    user, administrator = UserFactory(), AdministratorFactory()
    first = people.trust(user, actor=actor(administrator), reason="I know her").trusted_at
    assert first is not None
    assert people.trust(user, actor=SYSTEM, reason="again").trusted_at == first
    event = AuditEvent.objects.get(action="user.trust")
    assert (event.user, event.reason) == (administrator, "I know her")


def test_trust_is_taken_back_once_and_says_why():
    user = UserFactory(trusted=True)
    assert people.distrust(user, actor=SYSTEM, reason="spam").trusted_at is None
    people.distrust(user, actor=SYSTEM, reason="again")
    assert AuditEvent.objects.get(action="user.distrust").reason == "spam"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [people.trust, people.distrust])
def test_trust_brings_its_own_transaction(verb):
    verb(UserFactory(trusted=verb is people.distrust), actor=SYSTEM, reason="why not")
    assert AuditEvent.objects.count() == 1


# -- the command ---------------------------------------------------------------------------------


def bootstrap(capsys, username="boss", email="boss@example.org"):
    call_command("bootstrap", username=username, email=email)
    return capsys.readouterr()


@pytest.fixture
def _password(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_BOOTSTRAP_PASSWORD", PASSWORD)


@pytest.mark.usefixtures("_password")
def test_the_command_prints_a_token_that_works_and_nothing_else_on_stdout(capsys):
    printed = bootstrap(capsys)
    token = tokens.verify(printed.out.strip())
    assert token.user.username == "boss"
    assert token.user.check_password(PASSWORD)
    assert PASSWORD not in printed.out + printed.err


@pytest.mark.usefixtures("_password")
def test_the_command_repeated_prints_no_second_token(capsys):
    bootstrap(capsys)
    again = bootstrap(capsys)
    assert again.out == ""
    assert "bin/manage create_token boss" in again.err
    assert ApiToken.objects.count() == 1


@pytest.mark.usefixtures("_password")
def test_the_command_prints_another_token_when_the_first_was_revoked(capsys):
    bootstrap(capsys)
    tokens.revoke(ApiToken.objects.get(), actor=SYSTEM)
    assert tokens.verify(bootstrap(capsys).out.strip())


def test_the_command_needs_no_password_for_an_account_that_exists(capsys, monkeypatch):
    monkeypatch.delenv("GATEHOUSE_BOOTSTRAP_PASSWORD", raising=False)
    user = UserFactory(username="boss")
    printed = bootstrap(capsys, email=user.email)
    assert "was an account already" in printed.err
    assert User.objects.get().is_superuser


def test_the_command_says_where_the_password_belongs_when_nobody_can_be_asked(monkeypatch):
    import io

    monkeypatch.delenv("GATEHOUSE_BOOTSTRAP_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="GATEHOUSE_BOOTSTRAP_PASSWORD"):
        call_command("bootstrap", username="boss", email="boss@example.org")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("environment", "email", "sentence"),
    [("12345", "boss@example.org", "too short"), (PASSWORD, "no address", "valid email")],
)
def test_the_command_refuses_in_one_sentence(monkeypatch, environment, email, sentence):
    monkeypatch.setenv("GATEHOUSE_BOOTSTRAP_PASSWORD", environment)
    with pytest.raises(CommandError, match=sentence):
        call_command("bootstrap", username="boss", email=email)
    assert not User.objects.exists()


@pytest.fixture
def terminal(monkeypatch):
    """Somebody at a terminal, who types these answers; what he was asked is kept."""
    asked: list[str] = []

    def sit_down(*answers: str) -> list[str]:
        typed = iter(answers)

        def read(prompt: str) -> str:
            asked.append(prompt)
            return next(typed)

        monkeypatch.delenv("GATEHOUSE_BOOTSTRAP_PASSWORD", raising=False)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr("getpass.getpass", read)
        return asked

    return sit_down


def test_the_command_asks_for_the_password_twice_at_a_terminal(terminal, capsys):
    asked = terminal(PASSWORD, PASSWORD)
    bootstrap(capsys)
    assert asked == ["Password for boss: ", "The same again: "]
    assert User.objects.get().check_password(PASSWORD)


def test_the_command_refuses_two_passwords_that_differ(terminal):
    terminal(PASSWORD, "another one entirely")
    with pytest.raises(CommandError, match="The two passwords differ"):
        call_command("bootstrap", username="boss", email="boss@example.org")
    assert not User.objects.exists()
