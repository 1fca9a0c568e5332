"""An account that its owner cannot get into comes back to him, and to nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Permission
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts import people, recoveries, tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent, Recovery, User
from pypi_site.lib.problems import Conflict, NotFound, Refused
from tests.factories import jobs
from tests.factories.people import AdministratorFactory, UserFactory, actor, token_for
from tests.packages.concurrency import at_once

pytestmark = pytest.mark.django_db
PASSWORD, BETTER = "a long sentence 4 gates", "another sentence 4 gates"
NEW = "ann@new.example"


@pytest.fixture
def ann():
    ann = UserFactory(username="ann")
    ann.set_password(PASSWORD)
    ann.save()
    return ann


@pytest.fixture
def helper():
    """Staff who may recover accounts."""
    return make_helper()


def make_helper():
    helper = UserFactory(is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="recover_user"))
    return helper


def begin(user, by, email=NEW):
    return recoveries.begin(user, email=email, actor=actor(by), reason="Showed his repository")


def finish(user, by):
    return recoveries.finish(user, actor=actor(by), reason="Ticket 7")


def letters(mailoutbox):
    jobs.run_all()
    sent = [(message.to[0], message.subject, message.body) for message in mailoutbox]
    mailoutbox.clear()
    return sent


def sign_in(client, login="ann", password=PASSWORD):
    return client.post("/accounts/login/", {"login": login, "password": password})


def is_signed_in(client):
    return client.get("/accounts/tokens/").status_code == 200


def test_beginning_changes_nothing_and_tells_every_address(ann, helper, mailoutbox):
    EmailAddress.objects.create(user=ann, email="old@example.org")
    begin(ann, helper)
    told = letters(mailoutbox)
    assert {to for to, _, _ in told} == {ann.email, "old@example.org"}
    assert all("sign in: that cancels it" in body for _, _, body in told)
    ann = User.objects.get(pk=ann.pk)
    assert ann.check_password(PASSWORD)
    assert ann.verified_email == ann.email != NEW


def test_somebody_without_a_verified_address_is_told_at_those_that_he_has(helper, mailoutbox):
    bob = UserFactory(verified=False)
    EmailAddress.objects.create(user=bob, email="bob@example.org")
    begin(bob, helper)
    assert [to for to, _, _ in letters(mailoutbox)] == ["bob@example.org"]


def test_one_alone_waits_until_the_owner_has_had_time(ann, helper):
    begin(ann, helper)
    with pytest.raises(recoveries.TooEarly, match="may object until"):
        finish(ann, helper)
    Recovery.objects.update(begun_at=timezone.now() - timedelta(hours=73))
    assert finish(ann, helper).finished_by == helper


def test_a_second_one_finishes_at_once(ann, helper):
    begin(ann, helper)
    other = make_helper()
    row = finish(ann, other)
    assert (row.begun_by, row.finished_by) == (helper, other)
    with pytest.raises(NotFound):
        finish(ann, other)


def test_how_long_is_a_setting(ann, helper, settings):
    settings.RECOVERY_HOURS = 0
    begin(ann, helper)
    assert finish(ann, helper).finished_at


def test_every_way_in_ends_but_the_new_address(ann, helper, client, mailoutbox):
    sign_in(client)
    token = token_for(ann)
    Authenticator.objects.create(user=ann, type=Authenticator.Type.TOTP, data={"secret": "x"})
    SocialAccount.objects.create(user=ann, provider="github", uid="7")
    former = ann.email
    jobs.run_all()
    mailoutbox.clear()
    begin(ann, helper)
    jobs.forget()
    finish(ann, make_helper())
    assert not is_signed_in(client)
    assert tokens.verify(token) is None
    assert not Authenticator.objects.filter(user=ann).exists()
    assert not SocialAccount.objects.filter(user=ann).exists()
    addresses = EmailAddress.objects.filter(user=ann)
    assert list(addresses.values_list("email", "verified", "primary")) == [(NEW, True, True)]
    assert not User.objects.get(pk=ann.pk).has_usable_password()
    event = AuditEvent.objects.get(action="user.recover")
    assert event.before == {
        "factors": ["totp"],
        "connected": ["github"],
        "addresses": [former],
        "sessions": 1,
        "tokens": 1,
    }
    assert (event.after, event.reason, event.person) == ({"email": NEW}, "Ticket 7", ann)
    told = letters(mailoutbox)
    assert sorted(to for to, subject, _ in told if "recovered" in subject) == sorted([former, NEW])
    assert [to for to, subject, _ in told if "yours again" in subject] == [NEW]


def test_the_way_back_leads_to_a_password_once(ann, helper, client, mailoutbox):
    begin(ann, helper)
    finish(ann, make_helper())
    (body,) = (body for _, subject, body in letters(mailoutbox) if "yours again" in subject)
    (link,) = (line for line in body.splitlines() if "/reset/key/" in line)
    page = client.get(link.strip().removeprefix("http://localhost:8000"), follow=True)
    form = {"password1": BETTER, "password2": BETTER}
    client.post(page.redirect_chain[-1][0], form)
    assert sign_in(client, password=BETTER)["Location"] == "/"
    again = Client().get(link.strip().removeprefix("http://localhost:8000"), follow=True)
    assert 'name="password1"' not in again.content.decode()


def test_the_old_password_and_a_reset_at_the_old_address_open_nothing(ann, helper, client):
    former = ann.email
    begin(ann, helper)
    finish(ann, make_helper())
    jobs.run_all()
    from django.core import mail

    mail.outbox.clear()
    assert sign_in(client).status_code == 200
    client.post("/accounts/password/reset/", {"email": former})
    assert all("/reset/key/" not in letter.body for letter in mail.outbox)


def test_signing_in_objects(ann, helper, client, mailoutbox):
    begin(ann, helper)
    sign_in(client)
    row = Recovery.objects.get()
    assert row.cancelled_at
    assert AuditEvent.objects.get(action="user.recover_cancel").user == ann
    with pytest.raises(NotFound):
        finish(ann, make_helper())


def test_staff_cancels(ann, helper):
    begin(ann, helper)
    recoveries.cancel(ann, actor=actor(make_helper()), reason="It was not he")
    begin(ann, helper)  # another may wait now


def test_an_account_is_recovered_once_at_a_time(ann, helper):
    begin(ann, helper)
    with pytest.raises(Conflict, match="waits already"):
        begin(ann, make_helper())
    with pytest.raises(IntegrityError, match="an_account_is_recovered_once_at_a_time"):
        Recovery.objects.create(user=ann, email=NEW, reason="again")


def test_a_frozen_account_stays_frozen(ann, helper, client):
    people.freeze(ann, actor=SYSTEM, reason="stolen")
    begin(ann, helper)
    finish(ann, make_helper())
    assert not User.objects.get(pk=ann.pk).is_active


def test_an_address_of_somebody_else_is_refused(ann, helper):
    other = UserFactory()
    with pytest.raises(Conflict, match="Another account"):
        begin(ann, helper, other.email)
    with pytest.raises(people.InvalidPerson):
        begin(ann, helper, "nowhere")
    assert not Recovery.objects.exists()


def test_nobody_recovers_himself_or_whoever_may_more(helper):
    scanner = UserFactory()
    scanner.user_permissions.add(Permission.objects.get(codename="report_by_program"))
    for user in (helper, make_helper(), AdministratorFactory(), scanner):
        with pytest.raises(Refused):
            begin(user, helper)
    begin(scanner, AdministratorFactory())
    with pytest.raises(Refused):
        finish(scanner, helper)


def test_a_token_of_staff_recovers_nobody(ann):
    boss = AdministratorFactory()
    with_token = tokens.mint(boss, actor=SYSTEM, name="x")[0]
    from accounts.actors import Actor

    with pytest.raises(Refused):
        recoveries.begin(ann, email=NEW, actor=Actor(boss, with_token), reason="by program")


def test_tokens_that_end_are_told_of_in_one_letter(ann, helper, mailoutbox):
    for _ in range(3):
        token_for(ann)
    jobs.forget()
    tokens.revoke_all(ann, actor=actor(helper), reason="found on a disk")
    assert ApiToken.objects.usable().count() == 0
    assert AuditEvent.objects.filter(action="token.revoke").count() == 3
    assert AuditEvent.objects.get(action="token.revoke_all").after == {"count": 3}
    assert len(letters(mailoutbox)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_finish_at_once_one_does():
    """The lock of the account: the other finds nothing that waits."""
    ann, first, second = UserFactory(username="ann"), AdministratorFactory(), AdministratorFactory()
    begin(ann, AdministratorFactory())
    results = at_once(lambda: finish(ann, first), lambda: finish(ann, second))
    assert sum(isinstance(each, NotFound) for each in results) == 1
    assert AuditEvent.objects.filter(action="user.recover").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_begin_at_once_one_does():
    ann, first, second = UserFactory(username="ann"), AdministratorFactory(), AdministratorFactory()
    results = at_once(lambda: begin(ann, first), lambda: begin(ann, second))
    assert sum(isinstance(each, Conflict) for each in results) == 1
    assert Recovery.objects.count() == 1
