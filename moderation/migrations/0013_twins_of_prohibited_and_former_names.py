from django.db import migrations


class Migration(migrations.Migration):
    """Twins of names that nobody may take are found by index: see `moderation.protected`."""

    atomic = False

    dependencies = [
        ("moderation", "0012_words_for_every_step"),
        ("packages", "0006_quarantine_deletion_former_names"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS prohibited_names_by_ultranormalized_name"
            " ON moderation_prohibitedname (translate(name, 'ilo-', '110'))",
            "DROP INDEX CONCURRENTLY IF EXISTS prohibited_names_by_ultranormalized_name",
        ),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS former_names_by_ultranormalized_name"
            " ON packages_formername (translate(normalized_name, 'ilo-', '110'))",
            "DROP INDEX CONCURRENTLY IF EXISTS former_names_by_ultranormalized_name",
        ),
    ]
