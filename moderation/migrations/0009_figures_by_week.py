"""The figures of the desk ask for the cases and decisions of the last weeks."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while moderators work

    dependencies = [("moderation", "0008_appeals")]

    operations = [
        AddIndexConcurrently(
            "case", models.Index(fields=["opened_at", "stage"], name="cases_by_opening")
        ),
        AddIndexConcurrently(
            "case", models.Index(fields=["looked_at", "opened_at"], name="cases_by_first_look")
        ),
        AddIndexConcurrently(
            "case", models.Index(fields=["decided_at", "opened_at"], name="cases_by_decision")
        ),
        AddIndexConcurrently(
            "decision", models.Index(fields=["decided_at"], name="decisions_by_moment")
        ),
    ]
