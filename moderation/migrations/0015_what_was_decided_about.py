"""Figures go on saying what they said when a decision is taken back, or a session held anew."""

from django.db import migrations, models

_BEFORE = "update moderation_case set settled_at = decided_at where decided_at is not null"


class Migration(migrations.Migration):
    dependencies = [("moderation", "0014_decisions_not_in_force")]

    operations = [
        migrations.AddField("case", "settled_at", models.DateTimeField(null=True)),
        migrations.AddField("case", "held_by", models.JSONField(null=True)),
        migrations.RunSQL(_BEFORE, migrations.RunSQL.noop),
    ]
