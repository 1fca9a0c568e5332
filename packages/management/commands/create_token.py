"""``bin/manage create_token``: another token."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import TokenAction, User
from packages import names, reach
from packages.models import Project
from pypi_site.lib.problems import Problem


class Command(BaseCommand):
    """Print a new token; it is shown only once."""

    help = "Make an API token for USER and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument("--project", help="limit the token to this project")
        parser.add_argument("--expires", type=int, metavar="DAYS", help="days until it expires")
        parser.add_argument("--name", help="what the token is for")
        parser.add_argument(
            "--allow",
            nargs="+",
            choices=TokenAction.values,
            default=[TokenAction.UPLOAD],
            metavar="ACTION",
            help=f"what it may do: {', '.join(TokenAction.values)} (upload)",
        )
        parser.add_argument(
            "--from",
            dest="networks",
            nargs="+",
            default=[],
            metavar="NETWORK",
            help="addresses or networks from which alone it may be used",
        )
        parser.add_argument(
            "--stage", action="store_true", help="what it uploads waits until somebody publishes it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = _user(options["user"])
        project = _project(user, options["project"]) if options["project"] else None
        try:
            expires_at, stages_uploads = _expiry(options["expires"]), options["stage"]
            label = options["name"] or _label(project, stages_uploads)
            text = _mint(
                user,
                project,
                name=label[:100],
                expires_at=expires_at,
                stages_uploads=stages_uploads,
                actions=options["allow"],
                networks=options["networks"],
            )
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stderr.write("The token, shown only now (user name __token__):")
        self.stdout.write(text)


def _user(username: str) -> User:
    user = User.objects.filter(username__iexact=username, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active account {username!r}; check the spelling.")
    return user


def _project(user: User, name: str) -> Project:
    """Only a project that the user has a role on: another would make a token that opens nothing."""
    mine = Project.objects.held_by(user.pk).filter(normalized_name=names.normalize(name))
    project = mine.first()
    if project is None:
        raise CommandError(
            f"{user.username} has no role on a project {name!r}; check the name, or make a token"
            " without --project."
        )
    return project


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    try:
        return timezone.now() + timedelta(days=days)
    except OverflowError:
        raise CommandError(
            "--expires is too large; leave it out for a token without end."
        ) from None


def _label(project: Project | None, stages_uploads: bool) -> str:
    work = "staging" if stages_uploads else "upload"
    return f"for {project.name}" if project else work


@transaction.atomic
def _mint(user: User, project: Project | None, **options: Any) -> str:
    token, text = tokens.mint(user, actor=SYSTEM, limited=project is not None, **options)
    if project:
        reach.limit_token(token, [project])
    return text
