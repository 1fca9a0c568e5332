"""How fast somebody uploads is counted in files: a plain upload has no staged file any more."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("packages", "0011_releases_by_classifier")]
    operations = [
        AddIndexConcurrently(
            model_name="file",
            index=models.Index(fields=["uploaded_by", "uploaded_at"], name="files_by_uploader"),
        ),
    ]
