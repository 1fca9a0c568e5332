"""Tokens that read private projects; those that are there keep what they may."""

import django.contrib.postgres.fields
from django.db import migrations, models

import accounts.models.tokens

CHOICES = [
    ("upload", "upload and publish releases"),
    ("yank", "yank releases and files, and undo it"),
    ("read", "read private projects"),
    ("manage", "delete, restore, archive and whatever else owners may"),
]
ACTIONS = ["upload", "yank", "read", "manage"]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_notices")]

    operations = [
        migrations.RemoveConstraint("apitoken", "a_token_does_what_is_known"),
        migrations.AlterField(
            "apitoken",
            "actions",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=12, choices=CHOICES),
                default=accounts.models.tokens.every_action,
                db_default=ACTIONS,
            ),
        ),
        migrations.AddConstraint(
            "apitoken",
            models.CheckConstraint(
                condition=models.Q(actions__contained_by=ACTIONS) & ~models.Q(actions=[]),
                name="a_token_does_what_is_known",
            ),
        ),
    ]
