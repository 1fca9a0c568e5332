from django.db import migrations


class Migration(migrations.Migration):
    """Twins of a name are found by index: `moderation.protected.twin_of` has the expression."""

    atomic = False

    dependencies = [
        ("moderation", "0002_look_alikes_and_released_names"),
        ("packages", "0013_purges"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS projects_by_ultranormalized_name"
            " ON packages_project (translate(normalized_name, 'ilo-', '110'))",
            "DROP INDEX CONCURRENTLY IF EXISTS projects_by_ultranormalized_name",
        )
    ]
