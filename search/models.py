"""One row for each project that can be found."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Replace

from packages.models import Project

POPULAR, KNOWN = Q(tier__lte=0), Q(tier__lte=1)
# Always true, and said by whoever looks for names or dates alone: the planner would else list a
# whole tier by a small index of these, and unpack the vector of every row.
NAMED, DATED = ~Q(key=""), Q(prior__gte=0)
_CARRIED = ["prior", "project", "tier"]
_BEGINNINGS: dict[str, Any] = {
    "fields": ["key"],
    "opclasses": ["text_pattern_ops"],
    "include": _CARRIED,
}
_DATES: dict[str, Any] = {"fields": ["updated_at"], "include": _CARRIED}


class SearchDocument(models.Model):
    """What is searched and what a result shows, so that a search reads this table only.

    `head` holds the words of name, summary and keywords, `vector` those of everything, and a
    lexeme ``field:value`` for each filter.  `prior` (0 to 1) is what the project is worth before
    anything is asked.  A broad word is looked up in the popular tiers first, each of which has
    small indexes of its own: 0 is the most popular, 2 is the rest.
    """

    project = models.OneToOneField(Project, primary_key=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=128)
    normalized_name = models.CharField(max_length=128)
    key = models.GeneratedField(
        expression=Replace(F("normalized_name"), Value("-")),
        output_field=models.CharField(max_length=128),
        db_persist=True,
    )
    version = models.CharField(max_length=64)
    summary = models.CharField(max_length=512)
    updated_at = models.DateTimeField()
    private = models.BooleanField(default=False, db_default=False)
    status = models.CharField(max_length=16, db_default="active", help_text="Or yanked.")
    standing = models.FloatField(db_default=1.0)
    downloads = models.BigIntegerField(db_default=0, help_text="In the last 30 days.")
    prior = models.FloatField(db_default=0.0)
    tier = models.SmallIntegerField(db_default=0)
    facets = ArrayField(models.IntegerField(), null=True, help_text="Keys of classifiers.")
    imports = ArrayField(models.TextField(), null=True)
    imports_from = models.CharField(max_length=64, db_default="", help_text="SHA-256 of a wheel.")
    revision = models.SmallIntegerField(db_default=0)
    head = SearchVectorField(null=True)
    vector = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(fields=["vector"], name="search_vector"),
            GinIndex(fields=["vector"], name="search_vector_1", condition=KNOWN),
            GinIndex(fields=["vector"], name="search_vector_0", condition=POPULAR),
            GinIndex(fields=["head"], name="search_head"),
            GinIndex(fields=["head"], name="search_head_1", condition=KNOWN),
            GinIndex(fields=["head"], name="search_head_0", condition=POPULAR),
            # The C-like operator class serves prefixes whatever the database's collation; with
            # what they carry, the best of many beginnings are found in the index alone.
            models.Index(name="search_begin", **_BEGINNINGS),
            models.Index(name="search_begin_1", condition=KNOWN & NAMED, **_BEGINNINGS),
            models.Index(name="search_begin_0", condition=POPULAR & NAMED, **_BEGINNINGS),
            GinIndex(OpClass("key", name="gin_trgm_ops"), name="search_trigrams"),
            GinIndex(
                OpClass("key", name="gin_trgm_ops"), name="search_trigrams_1", condition=KNOWN
            ),
            models.Index(fields=["normalized_name"], name="search_name"),
            models.Index(fields=["project"], name="search_private", condition=Q(private=True)),
            models.Index(fields=["-updated_at", "-project"], name="search_updated"),
            models.Index(name="search_updated_1", condition=KNOWN & DATED, **_DATES),
            models.Index(name="search_updated_0", condition=POPULAR & DATED, **_DATES),
            models.Index(fields=["-downloads", "-project"], name="search_downloads"),
            models.Index(fields=["-prior", "-project"], name="search_prior"),
        ]

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    """A value that filters offer by name: a classifier (each of its parents, too) or a licence."""

    field = models.CharField(max_length=12)
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "value"], name="a_label_is_known_once")
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.value}"


class Scale(models.Model):
    """The only row: what popularity is measured by, and where the tiers begin."""

    most_downloads = models.BigIntegerField(default=0)
    floor_0 = models.FloatField(default=0.0, help_text="Least prior in tier 0.")
    floor_1 = models.FloatField(default=0.0, help_text="Least prior in tier 1.")

    def __str__(self) -> str:
        return f"Tiers from {self.floor_0:.2f} and {self.floor_1:.2f}"
