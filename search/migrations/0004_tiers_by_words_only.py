import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # indexes are built while searches go on

    dependencies = [
        ('search', '0003_indexes_for_tiers'),
    ]

    operations = [
        RemoveIndexConcurrently(model_name='searchdocument', name='search_key_1'),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(django.contrib.postgres.indexes.OpClass('key', name='text_pattern_ops'), condition=models.Q(('tier__lte', 1), models.Q(('key', ''), _negated=True)), name='search_key_1'),
        ),
        RemoveIndexConcurrently(model_name='searchdocument', name='search_key_0'),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(django.contrib.postgres.indexes.OpClass('key', name='text_pattern_ops'), condition=models.Q(('tier__lte', 0), models.Q(('key', ''), _negated=True)), name='search_key_0'),
        ),
    ]
