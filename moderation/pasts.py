"""What a project was like before a publication: one statement for all policies that ask."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from accounts.actors import Actor
from packages.uploads.policies import Submission
from pypi_site.lib import sql

MOST_UPLOADS = 200

# Almost every upload asks: what came last, how often, by whom and how large.  What is in quarantine
# makes no way of uploading a known one.
_PAST = f"""
    with lately as (
        select file.published_at, file.size, file.filetype, file.uploaded_by_id as person,
               file.uploaded_by_ci_id as job
        from packages_file as file
        join packages_release as release on release.id = file.release_id
        where release.project_id = %(project)s and file.published_at < %(at)s
        and file.quarantined_at is null and release.quarantined_at is null
        order by file.published_at desc limit {MOST_UPLOADS}
    )
    select jsonb_build_object(
        'last', (select max(published_at) from lately),
        'releases', (select count(*) from (
            select 1 from packages_release
            where project_id = %(project)s and published_at < %(at)s limit {MOST_UPLOADS}
        ) as earlier),
        'size', (select max(size) from (
            select size from lately where filetype = %(filetype)s
            order by published_at desc limit 20
        ) as alike),
        'ways', (select jsonb_agg(jsonb_build_array(lately.person, jobs.issuer, jobs.key)
                                  order by published_at desc)
                 from lately left join accounts_ciidentity as jobs on jobs.id = lately.job)
    )
"""  # noqa: S608 - of our own words


@dataclass(frozen=True)
class Way:
    """How a file came: by a person, or by a CI job of a trusted publisher.

    Each job has an identity token of its own; what stays the same are the issuer and the
    repository.  Another workflow of that repository is no other way: whoever writes it may write
    the first one, too.
    """

    person: int | None
    issuer: str | None = None
    key: str | None = None

    @property
    def by_publisher(self) -> bool:
        return self.issuer is not None

    @property
    def told(self) -> str:
        """For people; a person is not named."""
        where = (self.issuer or "").removeprefix("https://")
        return f"{self.key} of {where}" if self.by_publisher else "a person's token or session"


@dataclass(frozen=True)
class Past:
    """When a project published last, how many releases it had, how large files of the same kind
    were (bytes, of the last 20), and how its last files came, the newest first."""

    last: datetime | None
    releases: int
    size: int | None
    ways: tuple[Way, ...]


# Policies are asked one after the other about the same submission.
_asked: WeakKeyDictionary[Submission, Past] = WeakKeyDictionary()


def way_of(actor: Actor) -> Way:
    """How the actor uploads."""
    if actor.ci is not None:
        return Way(None, actor.ci.issuer, actor.ci.key)
    return Way(actor.user.pk if actor.user else None, None)


def of(submission: Submission) -> Past:
    """The past of a project that has one; asked of the database once for each submission."""
    if submission not in _asked:
        _asked[submission] = _ask(submission)
    return _asked[submission]


def _ask(submission: Submission) -> Past:
    assert submission.file
    facts = {
        "project": submission.project.pk,
        "at": submission.moment,
        "filetype": submission.file.filetype,
    }
    found = json.loads(sql.scalar(_PAST, facts))
    last = datetime.fromisoformat(found["last"]) if found["last"] else None
    ways = tuple(Way(*each) for each in found["ways"] or ())
    return Past(last, found["releases"], found["size"], ways)
