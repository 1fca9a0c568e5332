"""One row for each project that can be found."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from packages.models import Project


class SearchDocument(models.Model):
    """What is searched and what a result shows, so that a search reads this table only."""

    project = models.OneToOneField(Project, primary_key=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=128)
    normalized_name = models.CharField(max_length=128)
    version = models.CharField(max_length=64)
    summary = models.CharField(max_length=512)
    updated_at = models.DateTimeField()
    vector = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(fields=["vector"], name="search_vector"),
            # The C-like operator class serves prefixes whatever the database's collation.
            models.Index(
                OpClass("normalized_name", name="text_pattern_ops"), name="search_name_prefix"
            ),
        ]

    def __str__(self) -> str:
        return self.name
