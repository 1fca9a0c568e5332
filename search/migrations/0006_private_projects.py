"""Rows of private projects, which only some people find."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("search", "0005_covering_indexes")]

    operations = [
        migrations.AddField(
            "searchdocument",
            "private",
            models.BooleanField(default=False, db_default=False),
        ),
    ]
