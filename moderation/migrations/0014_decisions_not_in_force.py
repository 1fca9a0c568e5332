from django.db import migrations, models
from django.db.models import Q


def lift(apps, schema_editor):
    """Former versions left decisions in force that a later step had ended."""
    Decision = apps.get_model('moderation', 'Decision')
    ProhibitedName = apps.get_model('moderation', 'ProhibitedName')
    quarantined = Q(kind='quarantined') & (
        Q(file__isnull=False, file__quarantined_at=None)
        | Q(release__isnull=False, release__quarantined_at=None)
        | Q(project__isnull=False) & ~Q(project__status='quarantined')
    )
    removed = Q(kind='removed') & (
        Q(file__isnull=False, file__deleted_at=None)
        | Q(project__isnull=False, project__deleted_at=None)
    )
    free = ~Q(details__name__in=list(ProhibitedName.objects.values_list('name', flat=True)))
    ended = quarantined | removed | Q(kind='frozen', person__is_active=True)
    ended |= Q(kind='prohibited', details__has_key='name') & free
    ended |= Q(kind='rejected', stage__status='published')
    over = Decision.objects.filter(ended, state='done').values_list('pk', flat=True)
    Decision.objects.filter(pk__in=list(over)).update(state='lifted')


class Migration(migrations.Migration):

    dependencies = [
        ('moderation', '0013_twins_of_prohibited_and_former_names'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='decision',
            name='a_decision_state_is_known',
        ),
        migrations.AlterField(
            model_name='decision',
            name='state',
            field=models.CharField(choices=[('done', 'Done'), ('proposed', 'Proposed'), ('withdrawn', 'Withdrawn'), ('undone', 'Undone'), ('lifted', 'not in force any more')], db_default='done', default='done', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['done', 'proposed', 'withdrawn', 'undone', 'lifted'])), name='a_decision_state_is_known'),
        ),
        migrations.RunPython(lift, migrations.RunPython.noop),
    ]
