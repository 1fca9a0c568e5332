"""Asking other servers: where we never go, and how little we take."""

from __future__ import annotations

import socket

import pytest

from pypi_site.lib import outbound


def lead_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name lead to these addresses; nothing is connected to."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)


PRIVATE = ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
PRIVATE += ["224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"]
ODD = ["", "issuer.test/keys", "http://issuer.test/keys", "file:///etc/passwd", "gopher://x"]
ODD += ["ftp://issuer.test/", "https://", "https://u@issuer.test/", "https://issuer.test:0/"]
ODD += ["https://[::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_not_asked(monkeypatch, address):
    lead_to(monkeypatch, address)
    with pytest.raises(outbound.Unreachable, match="not public"):
        outbound.get("https://issuer.test/keys", limit=10)


def test_a_name_with_one_private_address_is_not_asked(monkeypatch):
    lead_to(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(outbound.Unreachable, match="not public"):
        outbound.get("https://issuer.test/keys", limit=10)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"])
def test_an_administrators_server_may_be_private_and_nothing_worse(monkeypatch, address):
    lead_to(monkeypatch, address)
    with pytest.raises(outbound.Unreachable, match="not public"):
        outbound.get("https://issuer.test/keys", limit=10, private=True)


@pytest.mark.parametrize("url", ODD)
def test_only_https_addresses_are_asked(url):
    with pytest.raises(outbound.Unreachable):
        outbound.get(url, limit=10)


def test_plain_http_leads_to_this_machine_only(monkeypatch):
    lead_to(monkeypatch, "93.184.216.34")
    with pytest.raises(outbound.Unreachable, match="this machine only"):
        outbound.get("http://issuer.test/keys", limit=10, loopback=True)
