"""People, their tokens, and the trail of what they did."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from allauth.account.signals import user_logged_in

        from accounts import security, sessions  # noqa: F401 - listens

        user_logged_in.connect(sessions.begin)
