"""Downloads: rows for each file and each project, by day and, when they are old, by month.

Only days with downloads have a row.  A row's key is all that is indexed, so that counting up
touches no index.  Rows carry no foreign key in the database: it would lock the file's row for
every row that is written.
"""

from __future__ import annotations

from django.db import models

from packages.models.file import File
from packages.models.project import Project


class _Count(models.Model):
    """`count` downloads on `day` (UTC), or in the month that begins with it."""

    day = models.DateField()
    count = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.count} on {self.day}"


class _FileCount(_Count):
    pk = models.CompositePrimaryKey("file", "day")
    file = models.ForeignKey(
        File, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True


class _ProjectCount(_Count):
    pk = models.CompositePrimaryKey("project", "day")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True


class FileDay(_FileCount):
    """Downloads of a file on a day."""

    class Meta:
        indexes = [models.Index(fields=["day"], name="file_days_by_day")]


class FileMonth(_FileCount):
    """Downloads of a file in a month; `day` is its first."""

    class Meta:
        indexes = [models.Index(fields=["day"], name="file_months_by_month")]


class ProjectDay(_ProjectCount):
    """Downloads of all files of a project on a day."""

    class Meta:
        indexes = [models.Index(fields=["day"], name="project_days_by_day")]


class ProjectMonth(_ProjectCount):
    """Downloads of all files of a project in a month; `day` is its first."""


class CountedLog(models.Model):
    """An access log that was counted, so that it is not counted twice."""

    sha256 = models.CharField(max_length=64, unique=True)
    counted_at = models.DateTimeField(auto_now_add=True)
    downloads = models.BigIntegerField()

    def __str__(self) -> str:
        return self.sha256
