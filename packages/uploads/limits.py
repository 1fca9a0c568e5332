"""How much and how fast: limits of sizes for each project, of pace for each person."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import AuditEvent
from packages.models import FileSession, Project, Stage
from packages.models.stage import ACTIVE
from packages.uploads.rules import Rules
from pypi_site.lib import sql
from pypi_site.lib.problems import Problem, TooLarge

UNPACKED = 10  # times the file limit is what an archive may unpack to, a gigabyte at least


# Asked for every upload, and in SQL because Django takes longer to write it than PostgreSQL to
# answer (docs/performance.md).
_SENT = """
    select count(*) from (
        select 1 from packages_file where uploaded_by_id = %(user)s and uploaded_at > %(since)s
        union all
        select 1 from packages_stagedfile as file
        join packages_stage as stage on stage.id = file.stage_id
        where file.uploaded_by_id = %(user)s and file.uploaded_at > %(since)s
        and stage.status = any(%(active)s)
        limit %(limit)s
    ) as lately
"""
# The same of whatever jobs of one repository send, with as many tokens as they like.
_SENT_BY_CI = """
    with jobs as materialized (
        select id from accounts_ciidentity
        where issuer = %(issuer)s and key = %(key)s and created_at > %(since)s - interval '1 day'
    )
    select count(*) from (
        select 1 from packages_file
        where uploaded_by_ci_id in (select id from jobs) and uploaded_at > %(since)s
        union all
        select 1 from packages_stagedfile as file
        join packages_stage as stage on stage.id = file.stage_id
        where file.uploaded_by_ci_id in (select id from jobs) and file.uploaded_at > %(since)s
        and stage.status = any(%(active)s)
        limit %(limit)s
    ) as lately
"""
_BYTES = """
    select coalesce(sum(size), 0)::bigint from (
        select file.size from packages_file as file
        join packages_release as release on release.id = file.release_id
        where release.project_id = %(project)s and file.purged_at is null
        union all
        select file.size from packages_stagedfile as file
        join packages_stage as stage on stage.id = file.stage_id
        where stage.project_id = %(project)s and file.reserved
    ) as kept
"""


class TooFast(Problem):
    """More in a short time than this index takes from one person."""

    status, code, title = 429, "too-fast", "Too many requests"


class ReadOnly(Problem):
    """Somebody moves or mends something; installs go on (UPL-18)."""

    status, code, title = 503, "read-only", "Uploads are paused"


def require_open() -> None:
    """Refuse every upload while the site is read-only."""
    if settings.READ_ONLY:
        raise ReadOnly(
            "This index takes no uploads at the moment; try again later.",
            headers={"Retry-After": "300"},
        )


def require_pace(actor: Actor) -> None:
    """Refuse whoever uploads faster than the site allows; counted in the database, for all
    processes together."""
    limit = settings.UPLOADS_PER_MINUTE
    facts = {
        "user": actor.user and actor.user.pk,
        "issuer": actor.ci and actor.ci.issuer,
        "key": actor.ci and actor.ci.key,
        "since": timezone.now() - timedelta(minutes=1),
        "active": [str(status) for status in ACTIVE],
        "limit": limit,
    }
    if sql.scalar(_SENT_BY_CI if actor.ci else _SENT, facts) >= limit:
        raise TooFast(
            f"You have uploaded {settings.UPLOADS_PER_MINUTE} files in a minute; wait a little.",
            headers={"Retry-After": "60"},
        )


def require_pace_of_names(actor: Actor, project: Project) -> None:
    """Refuse whoever registers names by the dozen; `project` is what is being claimed.

    Pending publishers have a limit of their own.
    """
    if project.published_at is not None or actor.ci:
        return
    since = timezone.now() - timedelta(hours=1)
    events = AuditEvent.objects.filter(user=actor.user, action="project.register", at__gt=since)
    if events.count() > settings.NEW_PROJECTS_PER_HOUR:  # the one at hand is among them
        raise TooFast(
            f"You registered {settings.NEW_PROJECTS_PER_HOUR} names within an hour; wait a little.",
            headers={"Retry-After": "3600"},
        )


def rules(project: Project | None = None) -> Rules:
    """The limits and licences of this site, as far as the project has none of its own."""
    own = project or Project()
    file_size = own.max_file_size or settings.UPLOAD_MAX_FILE_SIZE
    return Rules(
        file_size=file_size,
        uncompressed_size=max(Rules.uncompressed_size, UNPACKED * file_size),
        members=own.max_members or settings.UPLOAD_MAX_MEMBERS,
        metadata_size=own.max_metadata_size or settings.UPLOAD_MAX_METADATA_SIZE,
        allow_local_versions=settings.UPLOAD_ALLOW_LOCAL_VERSIONS,
        allow_direct_references=settings.UPLOAD_ALLOW_DIRECT_REFERENCES,
        extra_classifiers=settings.UPLOAD_EXTRA_CLASSIFIERS,
    )


def largest_file(length: int) -> int:
    """Bytes that a file may have in a body of `length`: all that is known before it is read.

    Some projects may send more than others; only a body so large makes us ask for the largest.
    """
    if length <= settings.UPLOAD_MAX_FILE_SIZE:
        return int(settings.UPLOAD_MAX_FILE_SIZE)
    largest = Project.objects.aggregate(largest=Max("max_file_size"))["largest"] or 0
    return int(max(largest, settings.UPLOAD_MAX_FILE_SIZE))


def require_room(project: Project, size: int) -> None:
    """Refuse what would take the project over its limit of bytes.

    What lies in the bin counts, or deleting would be a way to unlimited storage.
    """
    limit = project.max_project_size or settings.UPLOAD_MAX_PROJECT_SIZE
    if sql.scalar(_BYTES, {"project": project.pk}) + size > limit:
        raise TooLarge(
            f"{project.name} would pass its limit of {limit} bytes in all, those in the bin and"
            " those held for review included; ask an administrator for more."
        )


def require_staging_room(stage: Stage, size: int) -> None:
    """Refuse what would take the stages of one person over the limit of bytes: whatever is
    announced counts, in whichever project (U2-36).  For a CI job those of
    its project count."""
    whose = {"created_by": stage.created_by} if stage.created_by else {"project": stage.project}
    staged = FileSession.objects.live().filter(
        stage__in=Stage.objects.sessions().active().filter(**whose)
    )
    total = staged.aggregate(sum=Sum("size"))["sum"] or 0
    if total + size > settings.UPLOAD_MAX_STAGED_SIZE:
        raise TooLarge(
            f"Your stages would hold more than {settings.UPLOAD_MAX_STAGED_SIZE} bytes; publish or"
            " discard one of them first."
        )
