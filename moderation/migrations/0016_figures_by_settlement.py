"""The figures of the desk ask when a case was first decided."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while moderators work

    dependencies = [("moderation", "0015_what_was_decided_about")]

    operations = [
        AddIndexConcurrently(
            "case", models.Index(fields=["settled_at", "opened_at"], name="cases_by_settlement")
        ),
        RemoveIndexConcurrently("case", "cases_by_decision"),
    ]
