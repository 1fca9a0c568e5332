"""``bin/manage bootstrap``: the first administrator."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import people, tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, User
from pypi_site.lib.problems import Problem

PASSWORD_VARIABLE = "GATEHOUSE_BOOTSTRAP_PASSWORD"  # noqa: S105
TOKEN_NAME = "bootstrap"  # noqa: S105


class Command(BaseCommand):
    """Make the first administrator and print an upload token, once."""

    help = (
        "Make an administrator with a verified e-mail address and print an upload token, once."
        f" The password comes from {PASSWORD_VARIABLE} or a prompt. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        username, email = options["username"], options["email"]
        try:
            user, created = people.bootstrap(username, email, self._password(username))
        except Problem as problem:
            raise CommandError(problem.detail) from None
        done = (
            "is an administrator now"
            if created
            else "was an account already and is an administrator"
        )
        self.stderr.write(f"{user.username} {done}; {email} counts as verified.")
        self._print_token(user)

    def _password(self, username: str) -> str | None:
        if User.objects.filter(username__iexact=username).exists():
            return None
        if password := os.environ.get(PASSWORD_VARIABLE):
            return password
        if not sys.stdin.isatty():
            raise CommandError(
                f"Set {PASSWORD_VARIABLE}, or run this where it can ask for a password."
            )
        password = getpass.getpass(f"Password for {username}: ")
        if password != getpass.getpass("The same again: "):
            raise CommandError("The two passwords differ; try again.")
        return password

    def _print_token(self, user: User) -> None:
        if ApiToken.objects.usable().filter(user=user, name=TOKEN_NAME).exists():
            self.stderr.write(
                f"The upload token was printed before; bin/manage create_token {user.username}"
                " makes another."
            )
            return
        _, text = tokens.mint(user, actor=SYSTEM, name=TOKEN_NAME)
        self.stderr.write("The upload token, shown only now (user name __token__):")
        self.stdout.write(text)
