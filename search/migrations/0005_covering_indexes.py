from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

POPULAR, KNOWN = models.Q(tier__lte=0), models.Q(tier__lte=1)
NAMED, DATED = ~models.Q(key=''), models.Q(prior__gte=0)
CARRIED = ['prior', 'project', 'tier']


def begin(name, **options):
    return models.Index(
        name=name, fields=['key'], opclasses=['text_pattern_ops'], include=CARRIED, **options
    )


def updated(name, condition):
    return models.Index(name=name, fields=['updated_at'], include=CARRIED, condition=condition)


class Migration(migrations.Migration):

    atomic = False  # indexes are built while searches go on

    dependencies = [
        ('search', '0004_tiers_by_words_only'),
    ]

    operations = [
        AddIndexConcurrently('searchdocument', begin('search_begin')),
        AddIndexConcurrently('searchdocument', begin('search_begin_1', condition=KNOWN & NAMED)),
        AddIndexConcurrently('searchdocument', begin('search_begin_0', condition=POPULAR & NAMED)),
        AddIndexConcurrently('searchdocument', updated('search_updated_1', KNOWN & DATED)),
        AddIndexConcurrently('searchdocument', updated('search_updated_0', POPULAR & DATED)),
        RemoveIndexConcurrently('searchdocument', 'search_key'),
        RemoveIndexConcurrently('searchdocument', 'search_key_1'),
        RemoveIndexConcurrently('searchdocument', 'search_key_0'),
    ]
