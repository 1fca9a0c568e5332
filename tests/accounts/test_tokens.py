"""API tokens: shown once, kept as digests, useless once they ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.forms import model_to_dict
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import ApiToken, AuditEvent, TokenPlace
from tests.factories.people import UserFactory, actor, token_for

pytestmark = pytest.mark.django_db


def test_a_minted_token_verifies_as_its_owners():
    user = UserFactory()
    token, text = tokens.mint(user, actor=SYSTEM, name="laptop")
    assert tokens.verify(text) == token
    assert tokens.verify(text).user == user


def test_a_token_can_be_recognized_by_secret_scanners():
    _, text = tokens.mint(UserFactory(), actor=SYSTEM, name="laptop")
    assert text.startswith("gate-")
    assert len(text) == 60


def test_nothing_in_the_database_tells_the_secret():
    token, text = tokens.mint(UserFactory(), actor=SYSTEM, name="laptop")
    secret = text.removeprefix(f"gate-{token.identifier}")
    row = ApiToken.objects.values().get(pk=token.pk)
    assert len(secret) == 43
    assert all(secret not in str(value) for value in row.values())
    events = AuditEvent.objects.values()
    assert all(secret not in str(value) for event in events for value in event.values())


def test_minting_is_in_the_trail():
    user = UserFactory()
    token, _ = tokens.mint(
        user, actor=actor(user), name="laptop", limited=True, actions=["yank", "upload"]
    )
    event = AuditEvent.objects.get(action="token.mint")
    assert (event.user, event.subject) == (user, str(token))
    assert event.after == {
        "user": user.username,
        "limited": True,
        "actions": ["upload", "yank"],
    }


def test_two_tokens_never_look_alike():
    user = UserFactory()
    assert len({token_for(user) for _ in range(20)}) == 20


def test_a_token_of_another_spelling_is_none():
    text = token_for(UserFactory())
    last = "b" if text[-1] == "a" else "a"
    near_misses = [
        text[:-1] + last,
        text[:-1],
        text + "a",
        f" {text}",
        f"{text}\n",
        text.upper(),
        text.replace("gate-", "pypi-"),
        text.replace("gate-", ""),
        text[:20] + "\0" + text[21:],
        text[:-1] + "é",
        text[:-1] + "٣",
        "gate-",
        "",
        "x" * 100_000,
    ]
    assert [near for near in near_misses if tokens.verify(near)] == []


def test_the_secret_of_one_token_does_not_open_another():
    one, other = token_for(UserFactory()), token_for(UserFactory())
    assert tokens.verify(one[:17] + other[17:]) is None


def test_an_expired_token_is_useless():
    text = token_for(UserFactory(), expires_at=timezone.now() + timedelta(hours=1))
    assert tokens.verify(text)
    past = timezone.now() - timedelta(seconds=1)
    ApiToken.objects.update(created_at=past - timedelta(days=1), expires_at=past)
    assert tokens.verify(text) is None


def test_a_token_cannot_expire_before_it_is_made():
    with pytest.raises(tokens.InvalidExpiry):
        token_for(UserFactory(), expires_at=timezone.now() - timedelta(seconds=1))
    assert not ApiToken.objects.exists()


def test_the_database_refuses_a_token_that_ended_before_it_was_made():
    token_for(UserFactory())
    with pytest.raises(IntegrityError, match="a_token_expires_after_it_was_made"):
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(days=1))


def test_a_revoked_token_is_useless_and_the_trail_says_why():
    user = UserFactory()
    token, text = tokens.mint(user, actor=SYSTEM, name="laptop")
    tokens.revoke(token, actor=actor(user), reason="lost the laptop")
    assert tokens.verify(text) is None
    assert AuditEvent.objects.get(action="token.revoke").reason == "lost the laptop"


def test_revoking_twice_changes_nothing():
    token, _ = tokens.mint(UserFactory(), actor=SYSTEM, name="laptop")
    first = tokens.revoke(token, actor=SYSTEM)
    again = tokens.revoke(token, actor=SYSTEM)
    assert model_to_dict(first) == model_to_dict(again)
    assert AuditEvent.objects.filter(action="token.revoke").count() == 1


def test_the_token_of_an_inactive_person_is_useless():
    user = UserFactory()
    text = token_for(user)
    user.is_active = False
    user.save()
    assert tokens.verify(text) is None


def use(text: str, address: str = "192.0.2.1", client: str = "twine/7") -> ApiToken:
    token = tokens.verify(text)
    tokens.note_use(token, address, client)
    return ApiToken.objects.get(pk=token.pk)


def test_the_first_use_of_a_token_is_noted_and_a_second_soon_after_is_not():
    text = token_for(UserFactory())
    first = use(text)
    assert (first.last_used_from, first.last_used_with) == ("192.0.2.1", "twine/7")
    assert use(text, client="uv").last_used_at == first.last_used_at


def test_a_later_use_of_a_token_is_noted():
    text = token_for(UserFactory())
    long_ago = timezone.now() - timedelta(hours=1)
    ApiToken.objects.update(last_used_at=long_ago)
    assert use(text).last_used_at > long_ago


def test_a_new_place_of_a_token_is_in_the_trail_but_not_its_first():
    """INC-7."""
    text = token_for(UserFactory())
    use(text)
    assert not AuditEvent.objects.filter(action="token.new_place").exists()
    for _ in range(2):
        token = use(text, "198.51.100.7", "curl")
    event = AuditEvent.objects.get(action="token.new_place")
    assert (event.address, event.client, event.subject) == ("198.51.100.7", "curl", str(token))
    assert token.places.count() == 2


def test_places_where_no_token_has_been_for_a_year_are_forgotten():
    text = token_for(UserFactory())
    use(text)
    TokenPlace.objects.update(last_at=timezone.now() - timedelta(days=400))
    use(text, "198.51.100.7")
    assert tokens.forget_places() == 1
    assert TokenPlace.objects.get().address == "198.51.100.7"


def test_a_token_may_be_bound_to_networks():
    token, _ = tokens.mint(
        UserFactory(), actor=SYSTEM, name="ci", networks=["192.0.2.0/24", "2001:db8::1"]
    )
    assert [
        tokens.may_come_from(token, address)
        for address in ("192.0.2.200", "2001:db8::1", "192.0.3.1", "2001:db8::2", None)
    ] == [True, True, False, False, False]


def test_networks_that_are_none_are_refused():
    with pytest.raises(tokens.InvalidNetworks, match="such as"):
        token_for(UserFactory(), networks=["example.org"])


def test_a_token_that_may_do_nothing_is_refused_by_us_and_by_the_database():
    with pytest.raises(tokens.NothingAllowed):
        token_for(UserFactory(), actions=["fly"])
    token_for(UserFactory())
    with pytest.raises(IntegrityError, match="a_token_does_what_is_known"):
        ApiToken.objects.update(actions=["fly"])


def test_usable_tokens_are_alive_and_of_active_people():
    now = timezone.now()
    alive, _ = tokens.mint(UserFactory(), actor=SYSTEM, name="alive")
    later, _ = tokens.mint(UserFactory(), actor=SYSTEM, name="later", expires_at=now + timedelta(1))
    revoked, _ = tokens.mint(UserFactory(), actor=SYSTEM, name="revoked")
    tokens.revoke(revoked, actor=SYSTEM)
    tokens.mint(UserFactory(is_active=False), actor=SYSTEM, name="of somebody who left")
    assert set(ApiToken.objects.usable()) == {alive, later}


def test_a_token_never_carries_its_owners_powers():
    administrator = UserFactory(is_staff=True, is_superuser=True)
    token, _ = tokens.mint(administrator, actor=SYSTEM, name="laptop")
    assert Actor(user=administrator).may("moderation.decide_heldupload")
    assert not Actor(user=administrator, token=token).may("moderation.decide_heldupload")
    assert not SYSTEM.may("moderation.decide_heldupload")
