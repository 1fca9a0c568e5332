"""People are told once, where they want to be, and always of what is for their safety."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.urls import reverse

from accounts import notices
from accounts.letter_blocks import blocks
from accounts.models import Notice, NoticeChoice
from accounts.notice_kinds import KINDS
from accounts.notices import Channels
from tests.factories.people import AdministratorFactory, UserFactory

TEMPLATE = "packages/email/removed.txt"
NOWHERE = Channels(by_email=False, on_site=False)


class Demo:
    name = "demo"


def tell(user, kind="upload", **options):
    return notices.notify(user, kind, TEMPLATE, {"project": Demo}, **options)


@pytest.mark.django_db
def test_a_message_goes_by_e_mail_and_stands_on_the_site(client, mailoutbox):
    user = UserFactory()
    assert tell(user, link="/project/demo/") is True
    (letter,) = mailoutbox
    assert letter.to == [user.email]
    assert letter.body.startswith(f"Hello {user.username},\n\nYou are neither")
    client.force_login(user)
    page = client.get(reverse("notices")).content.decode()
    assert "You have no role on demo any more" in page
    assert 'href="/project/demo/"' in page
    assert 'class="bell__count">1' in page


@pytest.mark.django_db
def test_an_e_mail_is_text_and_html_with_the_same_words(mailoutbox, settings):
    settings.SITE_URL = "https://index.example.org"
    Demo.name, before = "<b>demo</b>", Demo.name
    try:
        tell(UserFactory(), kind="people")
    finally:
        Demo.name = before
    (letter,) = mailoutbox
    ((html, mime),) = letter.alternatives
    assert letter.message().get_content_type() == "multipart/alternative"
    assert mime == "text/html"
    assert "<b>demo</b>" in letter.body
    assert "&lt;b&gt;demo&lt;/b&gt;" in html
    assert "<b>demo" not in html
    assert '<html lang="en">' in html
    assert 'href="https://index.example.org/accounts/notifications/"' in html
    assert "style=" not in html
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


def test_only_addresses_of_this_site_are_links():
    ours, others = "https://here.example/a/", "https://evil.example/\nhttps://here.example.evil/"
    text = f"Look:\n{ours}\n\n{others}\n  1. x\n  2. y"
    found = [(block.kind, block.lines) for block in blocks(text, "https://here.example")]
    assert found == [
        ("paragraph", ["Look:"]),
        ("link", ["https://here.example/a/"]),
        ("paragraph", ["https://evil.example/", "https://here.example.evil/"]),
        ("list", ["x", "y"]),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("channels", "mails", "shown"),
    [
        (Channels(by_email=True, on_site=False), 1, 0),
        (Channels(by_email=False, on_site=True), 0, 1),
        (NOWHERE, 0, 0),
    ],
)
def test_everybody_is_told_where_he_wants_to_be(mailoutbox, channels, mails, shown):
    user = UserFactory()
    notices.choose(user, {"upload": channels})
    tell(user)
    assert len(mailoutbox) == mails
    assert Notice.objects.of(user).count() == shown


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.values() if kind.fixed])
def test_what_is_for_his_safety_reaches_him_whatever_was_chosen(mailoutbox, kind):
    user = UserFactory()
    notices.choose(user, {kind: NOWHERE})
    NoticeChoice.objects.create(user=user, kind=kind, by_email=False, on_site=False)
    assert tell(user, kind=kind) is True
    assert Notice.objects.of(user).count() == 1


@pytest.mark.django_db
def test_of_one_occasion_he_is_told_once(mailoutbox):
    user, other = UserFactory(), UserFactory()
    assert [tell(user, occasion="a"), tell(user, occasion="a"), tell(other, occasion="a")] == [
        True,
        False,
        True,
    ]
    assert len(mailoutbox) == Notice.objects.count() == 2


@pytest.mark.django_db
def test_who_has_no_verified_address_finds_it_on_the_site(mailoutbox):
    user = UserFactory(verified=False)
    assert tell(user) is False
    assert Notice.objects.of(user).unread().count() == 1
    assert mailoutbox == []


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_the_same_time_send_one_e_mail(mailoutbox):
    user = UserFactory()
    start = threading.Barrier(4)

    def job():
        try:
            start.wait()
            tell(user, occasion="race")
        finally:
            connection.close()

    threads = [threading.Thread(target=job) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mailoutbox) == Notice.objects.count() == 1


@pytest.mark.django_db
def test_choices_are_made_on_a_page(client):
    user = UserFactory()
    client.force_login(user)
    page = client.get(reverse("notifications")).content.decode()
    assert 'name="email" value="account" checked disabled' in page
    assert "Something waits for a decision" not in page
    client.post(reverse("notifications"), {"email": ["project"], "site": ["upload", "account"]})
    chosen = notices.channels_by_kind(user)
    assert chosen["project"] == Channels(by_email=True, on_site=False)
    assert chosen["upload"] == Channels(by_email=False, on_site=True)
    assert chosen["account"] == Channels(by_email=True, on_site=True)
    client.force_login(AdministratorFactory())
    assert "Something waits for a decision" in client.get(reverse("notifications")).content.decode()


@pytest.mark.django_db
def test_nobody_reads_the_messages_of_others(client):
    user, stranger = UserFactory(), UserFactory()
    tell(user)
    tell(user)
    notice = Notice.objects.first()
    client.force_login(stranger)
    client.post(reverse("notice-read", args=[notice.pk]))
    client.post(reverse("notices-read"))
    assert "no role on demo" not in client.get(reverse("notices")).content.decode()
    assert Notice.objects.of(user).unread().count() == 2
    client.force_login(user)
    client.post(reverse("notice-read", args=[notice.pk]))
    assert Notice.objects.of(user).unread().count() == 1
    client.post(reverse("notices-read"))
    assert Notice.objects.of(user).unread().count() == 0
    assert client.get(reverse("notices-read")).status_code == 405


@pytest.mark.django_db
def test_a_page_of_messages_costs_the_same_however_many_there_are(
    client, django_assert_max_num_queries
):
    user = UserFactory()
    client.force_login(user)
    for _ in range(30):
        tell(user)
    with django_assert_max_num_queries(6):
        page = client.get(reverse("notices")).content.decode()
    assert "Page 1 of 2" in page


@pytest.mark.django_db
def test_old_messages_are_forgotten():
    user = UserFactory()
    tell(user)
    Notice.objects.update(created_at="2020-01-01T00:00Z")
    tell(user)
    assert notices.forget() == 1


@pytest.mark.django_db
def test_letters_of_allauth_are_html_too(client, mailoutbox):
    user = UserFactory()
    client.post(reverse("account_reset_password"), {"email": user.email})
    (letter,) = mailoutbox
    ((html, mime),) = letter.alternatives
    assert mime == "text/html"
    link = next(line for line in letter.body.splitlines() if "/password/reset/key/" in line)
    assert link.strip() in html
