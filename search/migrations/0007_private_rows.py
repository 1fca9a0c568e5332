"""Whether there are private rows at all is asked with every search."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while searches go on

    dependencies = [("search", "0006_private_projects")]

    operations = [
        AddIndexConcurrently(
            "searchdocument",
            models.Index(
                fields=["project"],
                name="search_private",
                condition=models.Q(private=True),
            ),
        ),
    ]
