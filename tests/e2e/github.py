"""A small GitHub on loopback: its real addresses for signing in, and people who live there.

Speaks what docs.github.com says of OAuth apps: ``/login/oauth/authorize`` asks the person,
``/login/oauth/access_token`` changes a code, once, for a token (with the client's secret and
PKCE), and the API of an Enterprise Server below ``/api/v3`` answers ``/user``, ``/user/emails``
and ``/user/orgs`` as far as the token's scopes go.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT, SECRET = "Iv1.gatehouse", "hush-hush"
PAGE = """<!DOCTYPE html><html lang="en"><title>Authorize</title><h1>Authorize Gatehouse</h1>
<p>Signed in as {login}</p>
<form method="post">{fields}<button name="answer" value="yes">Authorize</button>
<button name="answer" value="no">Cancel</button></form></html>"""


@dataclass
class Person:
    """Somebody with an account at GitHub; `emails` by address, with whether it is verified."""

    login: str
    id: int
    emails: dict[str, bool]
    organizations: list[str] = field(default_factory=list)


@dataclass
class Grant:
    """What somebody allowed: the code of it is good once."""

    person: Person
    scopes: set[str]
    redirect_uri: str
    challenge: str


class GitHub:
    """The service, with whoever is signed in to it at the moment."""

    def __init__(self) -> None:
        self.visitor: Person | None = None
        self.codes: dict[str, Grant] = {}
        self.tokens: dict[str, Grant] = {}
        self.scopes_asked: set[str] = set()
        handler = type("Bound", (Handler,), {"github": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> GitHub:
        self.thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    """GitHub's side of the wire."""

    github: GitHub

    def log_message(self, *about: Any) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        if parts.path == "/login/oauth/authorize":
            self._ask(asked)
        elif parts.path.startswith("/api/v3/"):
            self._api(parts.path.removeprefix("/api/v3"), asked)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.path.startswith("/login/oauth/authorize"):
            self._answer(form)
        elif self.path == "/login/oauth/access_token":
            self._exchange(form)
        else:
            self.send_error(404)

    # -- the person ------------------------------------------------------------------------------

    def _ask(self, asked: dict[str, str]) -> None:
        person = self.github.visitor
        if person is None or asked.get("client_id") != CLIENT:
            return self.send_error(404)
        assert asked["code_challenge_method"] == "S256"
        self.github.scopes_asked = set(asked["scope"].split())
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.items()
        )
        return self._send(200, PAGE.format(login=person.login, fields=fields), "text/html")

    def _answer(self, form: dict[str, str]) -> None:
        answer = {"state": form["state"]}
        if form["answer"] == "yes":
            assert self.github.visitor
            code = secrets.token_hex(10)
            self.github.codes[code] = Grant(
                self.github.visitor,
                set(form["scope"].split()),
                form["redirect_uri"],
                form["code_challenge"],
            )
            answer["code"] = code
        else:
            answer |= {"error": "access_denied", "error_description": "The user has denied."}
        self.send_response(302)
        self.send_header("Location", f"{form['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    # -- the site --------------------------------------------------------------------------------

    def _exchange(self, form: dict[str, str]) -> None:
        grant = self.github.codes.pop(form.get("code", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        known = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if (
            grant is None
            or not known
            or form.get("redirect_uri") != grant.redirect_uri
            or base64.urlsafe_b64encode(proof).decode().rstrip("=") != grant.challenge
        ):  # GitHub answers so, with 200
            return self._send(200, urlencode({"error": "bad_verification_code"}), "text/plain")
        token = f"gho_{secrets.token_hex(18)}"
        self.github.tokens[token] = grant
        answer = {"access_token": token, "scope": ",".join(grant.scopes), "token_type": "bearer"}
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return self._send(200, urlencode(answer), kind)

    def _api(self, path: str, asked: dict[str, str]) -> None:
        _, _, token = self.headers.get("Authorization", "").partition(" ")
        grant = self.github.tokens.get(token)
        if grant is None:
            return self._json(401, {"message": "Bad credentials"})
        person = grant.person
        if path == "/user":
            facts = {"login": person.login, "id": person.id, "name": person.login, "email": None}
            return self._json(200, facts)
        if path == "/user/emails" and "user:email" in grant.scopes:
            rows = [
                {"email": email, "verified": verified, "primary": place == 0}
                for place, (email, verified) in enumerate(person.emails.items())
            ]
            return self._json(200, rows)
        if path == "/user/orgs" and "read:org" in grant.scopes:
            return self._organizations(person, int(asked.get("page", 1)))
        return self._json(404, {"message": "Not Found"})

    def _organizations(self, person: Person, page: int) -> None:
        """One to a page, so that whoever asks must read on."""
        rows = [{"login": name} for name in person.organizations[page - 1 : page]]
        headers = {}
        if page < len(person.organizations):
            following = f"{self.github.url}/api/v3/user/orgs?page={page + 1}"
            headers["Link"] = f'<{following}>; rel="next"'
        self._json(200, rows, **headers)

    def _json(self, status: int, body: object, **headers: str) -> None:
        self._send(status, json.dumps(body), "application/json; charset=utf-8", **headers)

    def _send(self, status: int, body: str, kind: str, **headers: str) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind, "Content-Length": len(data)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)
