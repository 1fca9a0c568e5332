from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):

    atomic = False  # the index is built while others write

    dependencies = [('packages', '0009_downloads')]

    operations = [
        AddIndexConcurrently(
            model_name='journalentry',
            index=BrinIndex(autosummarize=True, fields=['at'], name='journal_by_time'),
        ),
    ]
