"""A stand-in issuer: a real HTTP server on loopback with real keys, that signs whatever it is told.

It has what an issuer of OpenID Connect has, ``/.well-known/openid-configuration`` and its keys, and
what GitHub's runners ask, ``/request-token?audience=...`` with a bearer token.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "index.test"
RUNNER = "the-runners-own-secret"
REPOSITORY = "Ann/demo"


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: Any, kid: str, **changes: Any) -> dict[str, Any]:
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    family = jwt.algorithms.RSAAlgorithm if is_rsa else jwt.algorithms.ECAlgorithm
    return {**family.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **changes}


class Issuer:
    """`keys` are published; `claims` is what the next runner's token says."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [public_jwk(rsa_key(), "one")]
        self.claims: dict[str, Any] = {}
        self.changes: dict[str, Any] = {}  # of the discovery document
        self.status = 200
        self.requests: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def settings(self) -> list[dict[str, Any]]:
        """As ``GATEHOUSE_OIDC_ISSUERS`` names it: a GitHub of one's own."""
        return [
            {
                "name": "forge",
                "kind": "github",
                "title": "Forge",
                "issuer": self.url,
                "site": "https://forge.test",
                "algorithms": ["RS256", "ES256"],
            }
        ]

    def token(self, key: Any = None, *, kid: str = "one", alg: str = "RS256", **claims: Any) -> str:
        """A good token, but for what is said otherwise; a claim that is None is left out."""
        said = {name: value for name, value in self.good(**claims).items() if value is not None}
        headers, body = {"kid": kid}, json.dumps(said).encode()
        return jwt.PyJWS().encode(body, key or rsa_key(), algorithm=alg, headers=headers)

    def good(self, **claims: Any) -> dict[str, Any]:
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + 300}
        return {"iss": self.url, "aud": AUDIENCE, "jti": str(uuid.uuid4())} | times | job(**claims)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests.append(self.path)
                status, body = issuer.answer(self.path, self.headers.get("Authorization", ""))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        return Handler

    def answer(self, path: str, authorization: str) -> tuple[int, bytes]:
        parts = urlsplit(path)
        if parts.path == "/.well-known/openid-configuration":
            document = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.changes}
            return self.status, json.dumps(document).encode()
        if parts.path == "/keys":
            return self.status, json.dumps({"keys": self.keys}).encode()
        if parts.path == "/request-token" and authorization.lower() == f"bearer {RUNNER}":
            audience = parse_qs(parts.query).get("audience", [""])[0]
            token = self.token(aud=audience, **self.claims)
            return 200, json.dumps({"value": token, "count": 1}).encode()
        return 404, b"{}"


def job(**changes: Any) -> dict[str, Any]:
    """What GitHub says of a job of Ann/demo's release.yml on a tag."""
    repository = changes.get("repository", REPOSITORY)
    reference = f"{repository}/.github/workflows/release.yml@refs/tags/v1.0"
    return {
        "sub": f"repo:{repository}:environment:pypi",
        "repository": repository,
        "repository_owner": str(repository).partition("/")[0],
        "repository_id": "4711",
        "repository_owner_id": "42",
        "workflow": "Release the thing",
        "workflow_ref": reference,
        "job_workflow_ref": reference,
        "environment": "pypi",
        "event_name": "push",
        "ref": "refs/tags/v1.0",
        "sha": "c0ffee" * 6 + "c0ff",
        "run_id": "123456",
        "run_attempt": "1",
        **changes,
    }


@contextlib.contextmanager
def issuing() -> Iterator[Issuer]:
    """A running issuer."""
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.server.shutdown()
        issuer.server.server_close()
        thread.join()
