"""The trail of a person and of a project, found without reading the whole."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0008_whom_events_concern")]
    operations = [
        AddIndexConcurrently(
            "auditevent", models.Index(fields=["person", "-id"], name="audit_of_person")
        ),
        AddIndexConcurrently(
            "auditevent", models.Index(fields=["project", "-id"], name="audit_of_project")
        ),
    ]
