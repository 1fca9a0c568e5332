"""E-mails go to verified addresses, subject first."""

from __future__ import annotations

import socket

import pytest

from accounts import emails
from tests.factories.index import held
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
TEMPLATE = "moderation/email/held.txt"


def context():
    stage = held()
    return {"stage": stage, "files": stage.files.all(), "path": "/admin/"}


def test_the_first_line_of_the_template_is_the_subject(mailoutbox):
    user = UserFactory()
    assert emails.send(user, TEMPLATE, context()) is True
    (mail,) = mailoutbox
    assert mail.to == [user.email]
    assert mail.subject == "[Gatehouse] demo 1.0 waits for review"
    assert mail.body.startswith(f"Hello {user.username},\n")
    assert "demo-1.0-py3-none-any.whl" in mail.body


def test_the_site_is_named_as_it_calls_itself(mailoutbox, settings):
    settings.SITE_NAME, settings.SITE_URL = "Cheese Shop", "https://cheese.example.org"
    emails.send(UserFactory(), TEMPLATE, context())
    assert mailoutbox[0].subject.startswith("[Cheese Shop] ")
    assert "https://cheese.example.org/admin/" in mailoutbox[0].body


def test_nobody_without_a_verified_address_is_written_to(mailoutbox):
    assert emails.send(UserFactory(verified=False), TEMPLATE, context()) is False
    assert mailoutbox == []


def test_a_mail_server_that_does_not_answer_is_an_error_so_that_the_job_is_tried_again(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    user = UserFactory()
    mail = context()
    with pytest.raises(OSError, match="refused"):
        emails.send(user, TEMPLATE, mail)
