"""E-mails to people: one template each, first line the subject; sent as text and as HTML.

`notices.notify` calls this; whoever has an account is written to by way of that, so that he finds
the message on the site, too, and is asked whether he wants it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.letter_blocks import blocks
from accounts.models import User

LAYOUT = "components/letter.{}"


@dataclass(frozen=True)
class Letter:
    """What is said, without the greeting."""

    subject: str
    body: str


def compose(template: str, context: dict[str, Any]) -> Letter:
    """Write a letter: the template's first line is the subject, the rest the body."""
    site = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
    context = site | {"contact": settings.MODERATORS_CONTACT} | context
    subject, _, body = render_to_string(template, context).strip().partition("\n")
    return Letter(subject.strip(), body.strip())


def send(user: User, template: str, context: dict[str, Any]) -> bool:
    """Write to the verified address of `user`; False if he has none.

    Raises `OSError` when the mail server fails, so that the job is tried again.
    """
    return post_to(user, compose(template, {"user": user} | context))


def send_to(address: str, template: str, context: dict[str, Any]) -> None:
    """The same to an address, whose owner may have no account."""
    post(address, compose(template, context))


def post_to(user: User, letter: Letter) -> bool:
    """Send a letter to the verified address of `user`; False if he has none."""
    address = user.verified_email
    if address is None:
        return False
    post(address, letter, user.username)
    return True


def post(address: str, letter: Letter, username: str = "") -> None:
    """Send a letter to an address, as text and as HTML (multipart/alternative)."""
    context = _layout(letter, greeting=f"Hello {username}," if username else "Hello,")
    context["is_member"] = bool(username)
    text, html = (render_to_string(LAYOUT.format(form), context) for form in ("txt", "html"))
    subject = f"[{settings.SITE_NAME}] {letter.subject}"
    mail = EmailMultiAlternatives(
        subject, text.strip() + "\n", None, [address], headers={"Auto-Submitted": "auto-generated"}
    )
    mail.attach_alternative(html, "text/html")
    mail.send()


def html_of(letter: Letter) -> str:
    """A letter that has its own greeting, as HTML."""
    return render_to_string(LAYOUT.format("html"), _layout(letter, greeting=""))


def _layout(letter: Letter, *, greeting: str) -> dict[str, Any]:
    return {
        "letter": letter,
        "blocks": blocks(letter.body, settings.SITE_URL),
        "greeting": greeting,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
