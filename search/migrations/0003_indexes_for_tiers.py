import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # indexes are built while searches go on

    dependencies = [
        ('search', '0002_documents_with_filters'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('tier__lte', 1)), fields=['vector'], name='search_vector_1'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('tier__lte', 0)), fields=['vector'], name='search_vector_0'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(fields=['head'], name='search_head'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('tier__lte', 1)), fields=['head'], name='search_head_1'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('tier__lte', 0)), fields=['head'], name='search_head_0'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(django.contrib.postgres.indexes.OpClass('key', name='text_pattern_ops'), name='search_key'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(django.contrib.postgres.indexes.OpClass('key', name='text_pattern_ops'), condition=models.Q(('tier__lte', 1)), name='search_key_1'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(django.contrib.postgres.indexes.OpClass('key', name='text_pattern_ops'), condition=models.Q(('tier__lte', 0)), name='search_key_0'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('key', name='gin_trgm_ops'), name='search_trigrams'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('key', name='gin_trgm_ops'), condition=models.Q(('tier__lte', 1)), name='search_trigrams_1'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(fields=['normalized_name'], name='search_name'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(fields=['-updated_at', '-project'], name='search_updated'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(fields=['-downloads', '-project'], name='search_downloads'),
        ),
        AddIndexConcurrently(
            model_name='searchdocument',
            index=models.Index(fields=['-prior', '-project'], name='search_prior'),
        ),
        RemoveIndexConcurrently(
            model_name='searchdocument',
            name='search_name_prefix',
        ),
    ]
