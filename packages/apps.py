"""The index: projects, releases, files, and every protocol that speaks of them."""

from django.apps import AppConfig


class PackagesConfig(AppConfig):
    name = "packages"
