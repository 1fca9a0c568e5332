"""Invitations to teams and transfers; a team has owners and members."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("packages", "0017_private_projects_and_teams"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="team", name="a_team_name_is_like_a_project_name"),
        migrations.RemoveConstraint(model_name="teammember", name="a_membership_is_known"),
        # No verb has ever made one; somebody may have by hand.
        migrations.RunSQL(
            "update packages_teammember set kind = 'owner' where kind = 'maintainer'",
            "update packages_teammember set kind = 'maintainer' where kind = 'owner'",
        ),
        migrations.RunSQL("update packages_team set name = lower(name) where name <> lower(name)", ""),
        migrations.AddField(
            model_name="invitation",
            name="hands_over",
            field=models.CharField(blank=True, choices=[("leave", "Leave"), ("maintainer", "Maintainer")], db_default="", default="", max_length=12),
        ),
        migrations.AddField(
            model_name="invitation",
            name="team",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="packages.team"),
        ),
        migrations.AlterField(
            model_name="invitation", name="kind", field=models.CharField(max_length=12)
        ),
        migrations.AlterField(
            model_name="invitation",
            name="project",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="packages.project"),
        ),
        migrations.AlterField(
            model_name="teammember",
            name="kind",
            field=models.CharField(choices=[("owner", "Owner"), ("member", "Member")], max_length=12),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(condition=models.Q(("answer", "")), fields=("team", "recipient"), name="one_open_invitation_to_a_team_for_each_person"),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(condition=models.Q(models.Q(("project__isnull", False), ("team", None)), models.Q(("project", None), ("team__isnull", False)), _connector="OR"), name="an_invitation_is_to_a_project_or_to_a_team"),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(condition=models.Q(("hands_over", ""), models.Q(("hands_over__in", ("leave", "maintainer")), ("kind", "owner"), ("project__isnull", False)), _connector="OR"), name="a_transfer_makes_an_owner"),
        ),
        migrations.AddConstraint(
            model_name="team",
            constraint=models.CheckConstraint(condition=models.Q(("name__regex", "^[a-z0-9]+(-[a-z0-9]+)*$")), name="a_team_name_is_like_a_project_name"),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", ("owner", "member"))), name="a_membership_is_known"),
        ),
    ]
