"""Pending publishers: the first upload registers the name that somebody prepared for a CI job.

They reserve nothing: whoever publishes the name first has it, and who waits for it is told.
Every function here but `expire` is called with the project's row locked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.actors import SYSTEM, Actor
from accounts.models import User
from packages.models import Project, Publisher
from packages.models.publisher import PublisherQuerySet
from pypi_site.lib import jobs
from pypi_site.lib.problems import Refused


class NobodyBehind(Refused):
    """Whoever prepared the publisher cannot own a project at the moment."""

    code, title = "nobody-behind", "Nobody answers for the publisher"


def fulfil(actor: Actor, project: Project) -> User:
    """Whoever is to own the project that `actor` registers, his pending publishers made real.

    For a person that is he himself; for a CI job the person who prepared its publisher.
    Raises `Refused`.
    """
    waiting = Publisher.objects.pending().filter(normalized_name=project.normalized_name)
    owner = actor.user or _person_behind(actor, waiting)
    make_real(owner, project, actor=actor)
    return owner


def make_real(owner: User, project: Project, *, actor: Actor) -> None:
    """Let the project trust what its owner prepared for its name."""
    waiting = Publisher.objects.pending().filter(normalized_name=project.normalized_name)
    mine = waiting.select_for_update(of=("self",)).filter(waits_for=owner)
    for publisher in mine.order_by("pk"):
        _make_real(publisher, project, actor)


def _person_behind(actor: Actor, waiting: PublisherQuerySet) -> User:
    """The one person whose pending publisher the minted token stands for."""
    if actor.ci is None:
        raise Refused("Only people with an account register projects; use an API token.")
    mine = waiting.filter(minted__token=actor.token)
    people = list(User.objects.filter(pk__in=mine.values("waits_for"), is_active=True)[:2])
    if len(people) != 1 or people[0].verified_email is None:
        raise NobodyBehind(
            "Whoever prepared the pending publisher is to own the project and cannot: let one"
            " person with a verified e-mail address prepare it, then run the job again."
        )
    return people[0]


def _make_real(publisher: Publisher, project: Project, actor: Actor) -> None:
    publisher.project, publisher.waits_for, publisher.expires_at = project, None, None
    publisher.pending_name = publisher.normalized_name = ""
    publisher.save()
    after = {"issuer": publisher.issuer, **publisher.facts}
    audit.record(actor, "publisher.fulfil", project, after=after)


def wait_again(project: Project) -> None:
    """A name that is given up trusts nobody any more: what was pending is pending again."""
    for publisher in project.publishers.select_related("added_by"):
        again = Publisher.objects.filter(
            waits_for=publisher.added_by,
            normalized_name=project.normalized_name,
            issuer=publisher.issuer,
            fingerprint=publisher.fingerprint,
        )
        if publisher.added_by is None or again.exists():
            publisher.delete()
            continue
        publisher.project, publisher.waits_for = None, publisher.added_by
        publisher.pending_name = project.name
        publisher.normalized_name = project.normalized_name
        publisher.expires_at = end_of_wait()
        publisher.save()


def end_of_wait() -> datetime:
    return timezone.now() + timedelta(days=settings.PENDING_PUBLISHER_DAYS)


def expire() -> int:
    """Forget the publishers that waited too long, or whose name somebody else has.

    Whoever prepared one is told by e-mail.  Returns how many were forgotten.
    """
    known = Project.objects.filter(published_at__isnull=False)
    taken = Publisher.objects.pending().filter(normalized_name__in=known.values("normalized_name"))
    late = Publisher.objects.filter(project__isnull=True, expires_at__lte=timezone.now())
    return sum(_end(each, "taken") for each in taken) + sum(_end(each, "late") for each in late)


@transaction.atomic
def _end(publisher: Publisher, why: str) -> bool:
    """False if it was used or taken back this moment."""
    gone, _ = Publisher.objects.filter(pk=publisher.pk, project__isnull=True).delete()
    if not gone:
        return False
    after = {"name": publisher.pending_name, "issuer": publisher.issuer, **publisher.facts}
    audit.record(SYSTEM, "publisher.expire", publisher, reason=why, after=after)
    jobs.enqueue(
        "packages.publisher_letters.tell_ended",
        publisher.waits_for_id,
        publisher.pending_name,
        why,
    )
    return True
