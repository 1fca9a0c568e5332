"""Asking other servers: over TLS, never for long, never much, never by a detour.

Whoever can make us fetch an address could otherwise look around in our network (SSRF).  The name is
looked up once, every address that it has must be a public one, and exactly that is connected to.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from urllib.parse import SplitResult, urlsplit

SECONDS = 5.0  # for each step, and twice that in all
USER_AGENT = "Gatehouse"


class Unreachable(Exception):
    """Nothing useful came from there; the text says why."""


def get(url: str, *, limit: int, private: bool = False, loopback: bool = False) -> bytes:
    """The body of a 200 answer of at most `limit` bytes.

    `private` allows addresses of private networks, for servers that an administrator named;
    `loopback` this machine, and there plain http.  Redirects are not followed.  Raises
    `Unreachable`.
    """
    parts = _parts(url, loopback=loopback)
    deadline = time.monotonic() + 2 * SECONDS
    try:
        address = _address(parts, private=private, loopback=loopback)
        connection = _Connection(parts, address)
        try:
            return _read(connection, parts, limit, deadline)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{parts.hostname}: {error or type(error).__name__}") from None


def _parts(url: str, *, loopback: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        raise Unreachable("no address") from None
    if not usable or parts.scheme not in ("https", *(["http"] if loopback else [])):
        raise Unreachable("no https address")
    return parts


def _address(parts: SplitResult, *, private: bool, loopback: bool) -> tuple[str, int]:
    """Where to connect; every address of the name must be allowed, or none is."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    assert parts.hostname
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if parts.scheme == "http" and not parsed.is_loopback:
            raise Unreachable("plain http leads to this machine only")
        if not _is_allowed(parsed, private=private, loopback=loopback):
            raise Unreachable(f"{parts.hostname} leads to an address that is not public")
    return addresses[0], port


def _is_allowed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, private: bool, loopback: bool
) -> bool:
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return loopback
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return address.is_global or (private and address.is_private)


class _Connection(http.client.HTTPConnection):
    """To one address, whatever its name leads to meanwhile; the certificate is the name's."""

    def __init__(self, parts: SplitResult, address: tuple[str, int]) -> None:
        assert parts.hostname
        super().__init__(parts.hostname, parts.port, timeout=SECONDS)
        self._address = address
        self._secure = parts.scheme == "https"
        self._name = parts.hostname

    def connect(self) -> None:
        self.sock = socket.create_connection(self._address, timeout=SECONDS)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._name)


def _read(connection: _Connection, parts: SplitResult, limit: int, deadline: float) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "application/json", "User-Agent": USER_AGENT, "Host": parts.netloc}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise Unreachable(f"{parts.hostname} answered {answer.status}")
    body = b""
    while part := answer.read1(min(16_384, limit + 1)):
        body += part
        if len(body) > limit or time.monotonic() > deadline:
            raise Unreachable(f"{parts.hostname} sends too much, or too slowly")
    return body
