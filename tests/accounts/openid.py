"""A small OpenID Connect provider on loopback: discovery, keys, tokens and the person's facts."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "gatehouse", "hush"


class Provider:
    """Whoever is `facts` signs in; the code is always the same, and good once."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.codes = 0
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        handler = type("Bound", (Handler,), {"provider": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Provider:
        self.thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        return self.facts if path == "/userinfo" else None

    def tokens(self, form: dict[str, str]) -> dict[str, Any] | None:
        if self.codes < 1 or form.get("client_secret") != SECRET or "code_verifier" not in form:
            return None
        self.codes -= 1
        now = int(time.time())
        about = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **self.facts}
        return {
            "access_token": "access",
            "token_type": "Bearer",
            "id_token": jwt.encode(about, self.key, "RS256"),
        }


class Handler(BaseHTTPRequestHandler):
    """Its side of the wire."""

    provider: Provider

    def log_message(self, *about: Any) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        self._send(self.provider.answer(self.path))

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self._send(self.provider.tokens(form) if self.path == "/token" else None)

    def _send(self, answer: dict[str, Any] | None) -> None:
        data = json.dumps(answer or {"error": "invalid_grant"}).encode()
        self.send_response(200 if answer else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
