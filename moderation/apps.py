"""The desk: what is held, who decides, and what nobody may register."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ModerationConfig(AppConfig):
    name = "moderation"

    def ready(self) -> None:
        from moderation import groups, receivers  # noqa: F401 - connects them

        post_migrate.connect(groups.ensure, sender=self)
