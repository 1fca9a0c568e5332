from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.models.fields.json import KeyTransform


class Migration(migrations.Migration):

    atomic = False  # the index is built while others write

    dependencies = [('packages', '0010_changes_by_time')]

    operations = [
        AddIndexConcurrently(
            model_name='release',
            index=GinIndex(
                OpClass(KeyTransform('classifier', 'metadata'), 'jsonb_path_ops'),
                name='releases_by_classifier',
            ),
        ),
    ]
