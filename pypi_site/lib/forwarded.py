"""Who the client is when proxies stand in front of us: ``X-Forwarded-For``, from those we trust."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST_CHAIN = 20


class ForwardedMiddleware:
    """Sets ``REMOTE_ADDR`` to the client's address, wherever a trusted proxy tells it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._trusted = networks(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if forwarded := request.META.pop("HTTP_X_FORWARDED_FOR", ""):
            remote = request.META.get("REMOTE_ADDR", "")
            request.META["REMOTE_ADDR"] = client_address(remote, forwarded, self._trusted)
        return self._get_response(request)


def networks(texts: Iterable[str]) -> list[Network]:
    """Addresses and networks in CIDR notation.  Raises ValueError for anything else."""
    return [ipaddress.ip_network(text.strip(), strict=False) for text in texts if text.strip()]


def client_address(remote: str, forwarded: str, trusted: list[Network]) -> str:
    """The last address of the chain that no trusted proxy added.

    Each proxy appends whom it talks to, so the chain is read from its end: what lies before the
    first address that we do not trust, anybody may have written.
    """
    address = remote
    for hop in reversed(forwarded.split(",")[-LONGEST_CHAIN:]):
        if not is_within(address, trusted):
            return address
        if (known := _parsed(hop.strip())) is None:
            return address
        address = str(known)
    return address


def is_within(address: str, wanted: Iterable[Network]) -> bool:
    """Whether the address lies in one of the networks; an unreadable one lies in none."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in wanted)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, perhaps with a port or in brackets; IPv4 in IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
