"""Files: one sdist or wheel each, whose name is used once, ever."""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.functional import cached_property

from accounts.models import CiIdentity
from packages.models.project import Project, ProjectStatus
from packages.models.reader import ANYBODY, Reader
from packages.models.release import (
    QUARANTINED_WITH_REASON,
    YANK_REASON_LENGTH,
    YANKED_WITH_REASON,
    Release,
)

FILENAME_LENGTH = 240  # bytes of a file name on disk are 255, ".metadata" included


# Where bytes and metadata are, below the host.
ADDRESS = re.compile(
    r"/files/(?P<sha256>[0-9a-f]{64})/"
    r"(?P<filename>[A-Za-z0-9][A-Za-z0-9._+!-]{0,235}(?:\.whl|\.tar\.gz))(?P<metadata>\.metadata)?"
)


class FileType(models.TextChoices):
    """As the upload API and PyPI's JSON call them."""

    SDIST = "sdist", "source distribution"
    WHEEL = "bdist_wheel", "wheel"


class Artifact(models.Model):
    """What is known of a distribution, published or staged; read from the artifact itself.

    `identity` is the canonical spelling of the filename: two names that mean the same
    artifact share it.  Digests are lower-case hex; sizes are bytes.
    """

    filename = models.CharField(max_length=FILENAME_LENGTH)
    identity = models.CharField(max_length=FILENAME_LENGTH)
    filetype = models.CharField(max_length=12, choices=FileType)
    python_tag = models.CharField(max_length=FILENAME_LENGTH)
    tags = ArrayField(models.CharField(max_length=150), default=list)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    blake2b_256 = models.CharField(max_length=64)
    md5 = models.CharField(max_length=32)
    metadata_sha256 = models.CharField(max_length=64, help_text="Of the metadata file (PEP 658).")
    requires_python = models.TextField(blank=True)
    metadata = models.JSONField(default=dict)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    uploaded_by_ci = models.ForeignKey(
        CiIdentity,
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="+",
        help_text="The CI job that uploaded it, if no person did (trusted publishing).",
    )
    uploaded_with = models.CharField(max_length=300, blank=True, help_text="The User-Agent.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.filename

    @cached_property
    def metadata_version(self) -> str | None:
        """As declared; `FileQuerySet.without_metadata` reads it and no more."""
        version: str | None = self.metadata.get("metadata_version")
        return version

    @property
    def offers_metadata(self) -> bool:
        """Whether installers may trust the metadata file alone (PEP 658; MDF-4).

        Always for a wheel; for an sdist only from metadata 2.2 on (PEP 643).
        """
        if self.filetype == FileType.WHEEL:
            return True
        version = self.metadata_version or "1.0"
        return tuple(int(part) for part in version.split(".")) >= (2, 2)


class FileQuerySet(models.QuerySet["File"]):
    """Which files may be seen, and by whom; by anybody unless a `Reader` is named."""

    def offered(self, to: Reader = ANYBODY) -> FileQuerySet:
        """Neither deleted nor in quarantine (itself, its release, its project).

        A yanked file is offered still.
        """
        return self.standing().filter(to.condition("release__project__"))

    def standing(self) -> FileQuerySet:
        """The same for whoever was let in to the project."""
        return (
            self.left()
            .filter(release__quarantined_at__isnull=True)
            .exclude(release__project__status=ProjectStatus.QUARANTINED)
        )

    def left(self) -> FileQuerySet:
        """Neither deleted nor in quarantine itself: the files of a release that is offered."""
        return self.filter(deleted_at__isnull=True, quarantined_at__isnull=True)

    def in_bin(self) -> FileQuerySet:
        """Deleted, and still to be restored."""
        return self.filter(deleted_at__isnull=False, purged_at__isnull=True)

    def without_metadata(self) -> FileQuerySet:
        """All that lists of files need: metadata is most of a row, but for its version."""
        return self.defer("metadata").annotate(metadata_version=KT("metadata__metadata_version"))

    def in_order(self) -> FileQuerySet:
        """Version ascending, then filename: pages do not churn (JSN-16)."""
        return self.order_by("release__sort_key", "filename")


class File(Artifact):
    """A published file.  It never changes and its row never goes (a trigger sees to both)."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="files")
    published_at = models.DateTimeField()
    yanked_at = models.DateTimeField(null=True, blank=True)
    yanked_reason = models.CharField(max_length=YANK_REASON_LENGTH, blank=True)
    quarantined_at = models.DateTimeField(null=True, blank=True)
    quarantined_reason = models.TextField(blank=True, default="", db_default="")
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_reason = models.TextField(blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Until then a deleted file lies in the bin and can be restored.
    purged_at = models.DateTimeField(null=True, blank=True)

    objects = FileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["filename"], name="a_filename_is_used_once_ever"),
            models.UniqueConstraint(fields=["identity"], name="an_artifact_is_published_once_ever"),
            models.UniqueConstraint(
                fields=["release"],
                condition=Q(filetype=FileType.SDIST, deleted_at=None),
                name="one_sdist_for_a_release",
            ),
            models.CheckConstraint(
                condition=YANKED_WITH_REASON, name="a_reason_only_when_a_file_is_yanked"
            ),
            models.CheckConstraint(
                condition=QUARANTINED_WITH_REASON,
                name="a_reason_only_when_a_file_is_quarantined",
            ),
            models.CheckConstraint(
                condition=Q(purged_at=None) | Q(deleted_at__isnull=False),
                name="only_a_deleted_file_is_purged",
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="files_by_sha256"),
            # How fast does somebody upload?
            models.Index(fields=["uploaded_by", "uploaded_at"], name="files_by_uploader"),
            models.Index(
                fields=["uploaded_by_ci", "uploaded_at"],
                condition=Q(uploaded_by_ci__isnull=False),
                name="files_by_ci",
            ),
        ]

    @property
    def project(self) -> Project:
        return self.release.project

    @property
    def quarantined(self) -> bool:
        return self.quarantined_at is not None

    def get_absolute_url(self) -> str:
        """Where the bytes are: the digest makes the address immutable (SIM-18).

        A whole URL when files have a host of their own, else a path.  That host asks nobody who
        he is, so private files stay on the site's.
        """
        own_host = settings.FILES_ORIGIN and not settings.PRIVATE and not self.project.private
        return f"{settings.FILES_ORIGIN if own_host else ''}{self.path}"

    @property
    def path(self) -> str:
        """The address without the host."""
        return reverse("file", args=[self.sha256, self.filename])

    @property
    def yank(self) -> str | bool:
        """PEP 691's value: the reason, True without one, False when not yanked."""
        for yankable in (self, self.release):
            if yankable.yanked_at:
                return yankable.yanked_reason or True
        return False
