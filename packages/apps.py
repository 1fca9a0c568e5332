"""The index: projects, releases, files, and every protocol that speaks of them."""

from django.apps import AppConfig


class PackagesConfig(AppConfig):
    name = "packages"

    def ready(self) -> None:
        from packages import letters, team_letters  # noqa: F401 - connects their receivers
        from packages.simple import withdrawing  # noqa: F401 - and this one
