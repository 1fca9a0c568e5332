from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('moderation', '0016_figures_by_settlement'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='told',
            field=models.JSONField(blank=True, db_default=[], default=list, help_text='Which letters about its upload went.'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='answered_at',
            field=models.DateTimeField(help_text='The moment of the decision, or of the undoing, that answered it.', null=True),
        ),
    ]
