"""The site's own app configurations."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate

from pypi_site.lib import converters


class SiteConfig(AppConfig):
    """What spans the apps: commands, checks, words of routes, and the cache's table."""

    name = "pypi_site"
    label = "pypi_site"

    def ready(self) -> None:
        from pypi_site import checks  # noqa: F401 - registers them

        converters.register()
        # The signal is sent only for apps with models; this one has none.
        post_migrate.connect(_create_cache_table, sender=apps.get_app_config("accounts"))


class AdminConfig(DjangoAdminConfig):
    """The Django admin with the moderators' front page."""

    default_site = "pypi_site.admin.GatehouseAdminSite"


def _create_cache_table(using: str, **kwargs: Any) -> None:
    """The cache that all processes share is a table; make it with the other tables."""
    call_command("createcachetable", database=using, verbosity=0)
