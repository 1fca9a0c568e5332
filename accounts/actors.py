"""Who is asking: the person or program behind a change."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts import second_factors
from accounts.models import ApiToken, CiIdentity, User

CLIENT_LENGTH = 300


@dataclass(frozen=True)
class Actor:
    """A person, perhaps through one of his tokens, a CI job, or the system itself (neither).

    `seconded`: another moderator had proposed on the desk what he does.
    """

    user: User | None = None
    token: ApiToken | None = None
    address: str | None = None
    client: str = ""
    ci: CiIdentity | None = None
    seconded: bool = False

    @property
    def label(self) -> str:
        """How the trail names him, for ever."""
        if self.ci:
            return self.ci.label
        if self.user is None:
            return "Gatehouse"
        return (
            f"{self.user.username} (token {self.token.name})" if self.token else self.user.username
        )

    def may(self, permission: str) -> bool:
        """Whether he holds a Django permission, and the second factor that the site wants with it.

        A token never carries its owner's powers.
        """
        if self.user is None or self.token or not self.user.has_perm(permission):
            return False
        return second_factors.suffice_for_staff(self.user)


SYSTEM = Actor()


def of_request(request: HttpRequest, token: ApiToken | None = None) -> Actor:
    """The actor behind a request: whoever holds the token, or is signed in."""
    user = token.user if token else request.user
    return Actor(
        user=None if isinstance(user, AnonymousUser) else user,
        token=token,
        address=clean_address(request.META.get("REMOTE_ADDR", "")),
        client=clean_client(request.headers.get("User-Agent", "")),
        ci=token.ci if token else None,
    )


def acting(verb: Callable[..., Any], **given: Any) -> Callable[[HttpRequest, Any, str], None]:
    """A verb as actions of the admin call it: by whoever is signed in and has written why."""

    def act(request: HttpRequest, item: Any, reason: str) -> None:
        verb(item, actor=of_request(request), reason=reason, **given)

    return act


def clean_address(remote: str) -> str | None:
    """The address as PostgreSQL can store it: without the zone of a link-local one."""
    address = remote.partition("%")[0]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:  # a unix socket has none
        return None


def clean_client(user_agent: str) -> str:
    """The User-Agent as far as it can be stored and shown."""
    return "".join(filter(str.isprintable, user_agent))[:CLIENT_LENGTH]
