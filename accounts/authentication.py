"""How a request proves who sent it: Basic ``__token__``, Bearer, or the session."""

from __future__ import annotations

import base64
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from accounts import actors, tokens
from accounts.actors import Actor
from accounts.models import ApiToken, User
from pypi_site.lib.problems import Problem, Refused

REALM = "Gatehouse"
TOKEN_USERNAME = "__token__"  # noqa: S105 - the user name that stands for "a token follows"
HEADER_LIMIT = 4096  # characters; ours take 100


class CredentialsNeeded(Problem):
    """Nobody, or nobody who could be understood, is asking (UPL-11)."""

    status, code, title = 401, "credentials-needed", "Credentials needed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": f'Basic realm="{REALM}"'})


class InvalidToken(Problem):
    """The token is none of ours, or no longer (UPL-11)."""

    status, code, title = 403, "invalid-token", "Invalid token"


def token_actor(request: HttpRequest) -> Actor:
    """Whoever the request's token stands for.

    Raises `CredentialsNeeded` without credentials, `InvalidToken` with useless ones.
    """
    token = _verified(_token_text(request.headers.get("Authorization", "")))
    actor = actors.of_request(request, token)
    if not tokens.may_come_from(token, actor.address):
        raise InvalidToken(
            f"This token must not be used from {actor.address or 'an unknown address'}; use it"
            " where it may be used, or make one for here."
        )
    if not tokens.spend(token):
        raise InvalidToken("This token was good for one use, and that is over; mint another.")
    tokens.note_use(token, actor.address, actor.client)
    return actor


def _verified(text: str) -> ApiToken:
    token = tokens.verify(text)
    if token is None:
        raise InvalidToken(
            "This token is unknown, expired or revoked; make a new one and use it as the password"
            f" with the user name {TOKEN_USERNAME}."
        )
    return token


def _token_text(header: str) -> str:
    scheme, _, credentials = header.partition(" ")
    if len(header) <= HEADER_LIMIT and scheme.lower() == "bearer":
        return credentials.strip()
    if len(header) <= HEADER_LIMIT and scheme.lower() == "basic":
        return _password(credentials.strip())
    raise CredentialsNeeded(
        f"An API token is needed: send the user name {TOKEN_USERNAME} with the token as password."
    )


def _password(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except ValueError:  # no base64 or no UTF-8, or not even ASCII
        raise CredentialsNeeded(
            f"The credentials cannot be read; send user name {TOKEN_USERNAME} and a token."
        ) from None
    username, colon, password = decoded.partition(":")
    if username != TOKEN_USERNAME or not colon:
        raise CredentialsNeeded(
            f"User names and passwords are not taken here; use {TOKEN_USERNAME} as the user name"
            " and an API token as the password."
        )
    return password


class ApiAuthentication(SessionAuthentication):
    """The JSON API takes a token or, in the browser, the session (with its CSRF check)."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        if request.headers.get("authorization"):
            actor = token_actor(request._request)
            if actor.user is None:
                raise Refused(
                    "A token of trusted publishing uploads files and does nothing else; use an API"
                    " token of a person here."
                )
            return actor.user, actor.token
        return super().authenticate(request)

    def authenticate_header(self, request: Request) -> str:
        return f'Basic realm="{REALM}"'
