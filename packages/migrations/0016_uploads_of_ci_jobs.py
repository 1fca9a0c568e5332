"""What CI jobs uploaded is found by index: how fast they upload, and which identities are unused."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def _index(model: str, field: str, *more: str, name: str) -> AddIndexConcurrently:
    condition = models.Q((f"{field}__isnull", False))
    index = models.Index(condition=condition, fields=[field, *more], name=name)
    return AddIndexConcurrently(model_name=model, index=index)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("packages", "0015_trusted_publishing")]
    operations = [
        _index("file", "uploaded_by_ci", "uploaded_at", name="files_by_ci"),
        _index("stagedfile", "uploaded_by_ci", "uploaded_at", name="staged_files_by_ci"),
        _index("release", "published_by_ci", name="releases_by_ci"),
    ]
