"""Telling people: the one home of messages, by e-mail and on the site, as each of them chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import emails
from accounts.emails import Letter
from accounts.models import Notice, NoticeChoice, User
from accounts.notice_kinds import KINDS, Kind

KEPT_DAYS = 365
_LONGEST_TITLE = Notice._meta.get_field("title").max_length


@dataclass(frozen=True)
class Channels:
    """Where somebody is told of one kind."""

    by_email: bool
    on_site: bool


def notify(
    user: User,
    kind: str,
    template: str,
    context: dict[str, Any],
    *,
    link: str = "",
    occasion: str = "",
) -> bool:
    """Tell `user` what `template` says (first line the title); whether an e-mail went just now.

    For jobs: of one `occasion` he is told once, and a job that a failing mail server stopped
    (`OSError`) can be repeated.  `kind` is one of `notice_kinds.KINDS`, `link` a path of this site.
    """
    channels = channels_of(user, KINDS[kind])
    if not user.is_active and not KINDS[kind].for_frozen:
        channels = Channels(by_email=False, on_site=channels.on_site)
    if not (channels.by_email or channels.on_site):
        return False
    letter = emails.compose(template, {"user": user} | context)
    notice = _note(user, kind, letter, link, occasion, shown=channels.on_site)
    return channels.by_email and _mail(notice, letter)


def _note(
    user: User, kind: str, letter: Letter, link: str, occasion: str, *, shown: bool
) -> Notice:
    title = letter.subject[:_LONGEST_TITLE]
    facts = {"title": title, "text": letter.body, "link": link, "kind": kind, "shown": shown}
    if not occasion:
        return Notice.objects.create(user=user, **facts)
    return Notice.objects.get_or_create(user=user, occasion=occasion, defaults=facts)[0]


@transaction.atomic
def _mail(notice: Notice, letter: Letter) -> bool:
    """Send it unless that is done; the lock keeps two jobs from doing it at the same time."""
    notice = Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if notice.mailed_at or not emails.post_to(notice.user, letter):
        return False
    notice.mailed_at = timezone.now()
    notice.save(update_fields=["mailed_at"])
    return True


def channels_of(user: User, kind: Kind) -> Channels:
    """How somebody is told of one kind."""
    chosen = user.notice_choices.filter(kind=kind.name).first()
    return _channels(kind, chosen)


def channels_by_kind(user: User) -> dict[str, Channels]:
    """How somebody is told of every kind."""
    chosen = {choice.kind: choice for choice in user.notice_choices.all()}
    return {name: _channels(kind, chosen.get(name)) for name, kind in KINDS.items()}


def _channels(kind: Kind, chosen: NoticeChoice | None) -> Channels:
    """As he chose, but for what is for his safety."""
    if chosen is None or kind.fixed:
        return Channels(kind.by_email, kind.on_site)
    return Channels(chosen.by_email, chosen.on_site)


@transaction.atomic
def choose(user: User, wanted: Mapping[str, Channels]) -> None:
    """Remember how somebody wants to be told; what is for his safety stays as it is."""
    for name, channels in wanted.items():
        if name in KINDS and not KINDS[name].fixed:
            values = {"by_email": channels.by_email, "on_site": channels.on_site}
            NoticeChoice.objects.update_or_create(user=user, kind=name, defaults=values)


def read(user: User, pk: int | None = None) -> int:
    """Note that somebody has read one message, or all; returns how many were new."""
    unread = Notice.objects.of(user).unread()
    chosen = unread if pk is None else unread.filter(pk=pk)
    return chosen.update(read_at=timezone.now())


def forget(days: int = KEPT_DAYS) -> int:
    """Forget messages that are so old; returns how many."""
    old = Notice.objects.filter(created_at__lt=timezone.now() - timedelta(days=days))
    return old.delete()[0]
