"""A dry run tells what a policy hits as it is set beside what it would hit as proposed."""

from django.db import migrations, models

_COUNT = {"db_default": 0, "default": 0}


class Migration(migrations.Migration):
    dependencies = [("moderation", "0009_figures_by_week")]

    operations = [
        migrations.AddField(
            "dryrun", "proposed", models.JSONField(default=dict, db_default={})
        ),
        migrations.AddField("dryrun", "current", models.JSONField(default=dict, db_default={})),
        migrations.AddField(
            "dryrun",
            "count_now",
            models.PositiveIntegerField(
                **_COUNT, help_text="Publications that are hit as the policy is set."
            ),
        ),
        migrations.AddField(
            "dryrun",
            "differing",
            models.PositiveIntegerField(
                **_COUNT, help_text="Publications with which something else would be done."
            ),
        ),
    ]
