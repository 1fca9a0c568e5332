"""People, their tokens, and the trail of what they did."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
