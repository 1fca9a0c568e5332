"""Private projects, readers, and teams."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("packages", "0016_uploads_of_ci_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("description", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("maintainer", "Maintainer"), ("member", "Member")], max_length=12)),
            ],
        ),
        migrations.CreateModel(
            name="TeamRole",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("owner", "Owner"), ("maintainer", "Maintainer"), ("reader", "Reader")], max_length=12)),
            ],
        ),
        migrations.AlterModelOptions(
            name="project",
            options={"permissions": [("read_private", "Can read private projects")]},
        ),
        migrations.RemoveConstraint(
            model_name="role",
            name="a_role_is_known",
        ),
        migrations.AddField(
            model_name="project",
            name="private",
            field=models.BooleanField(db_default=False, default=False, help_text="Only people with a role see it."),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="kind",
            field=models.CharField(choices=[("owner", "Owner"), ("maintainer", "Maintainer"), ("reader", "Reader")], max_length=12),
        ),
        migrations.AlterField(
            model_name="role",
            name="kind",
            field=models.CharField(choices=[("owner", "Owner"), ("maintainer", "Maintainer"), ("reader", "Reader")], max_length=12),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", ("owner", "maintainer", "reader"))), name="a_role_is_known"),
        ),
        migrations.AddConstraint(
            model_name="team",
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower("name"), name="a_team_name_is_unique_in_any_case"),
        ),
        migrations.AddConstraint(
            model_name="team",
            constraint=models.CheckConstraint(condition=models.Q(("name__iregex", "^[a-z0-9]+(-[a-z0-9]+)*$")), name="a_team_name_is_like_a_project_name"),
        ),
        migrations.AddField(
            model_name="teammember",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="members", to="packages.team"),
        ),
        migrations.AddField(
            model_name="teammember",
            name="user",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="team_memberships", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="teamrole",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="team_roles", to="packages.project"),
        ),
        migrations.AddField(
            model_name="teamrole",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="packages.team"),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.UniqueConstraint(fields=("team", "user"), name="a_team_lists_a_person_once"),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", ("maintainer", "member"))), name="a_membership_is_known"),
        ),
        migrations.AddConstraint(
            model_name="teamrole",
            constraint=models.UniqueConstraint(fields=("team", "project"), name="one_role_for_each_team"),
        ),
        migrations.AddConstraint(
            model_name="teamrole",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", ("owner", "maintainer", "reader"))), name="a_role_of_a_team_is_known"),
        ),
    ]
