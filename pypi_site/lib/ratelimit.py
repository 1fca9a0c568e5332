"""Who counts as one of those that ask too often, and how he is told; `accounts.limits` counts."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

from pypi_site.lib.problems import Problem


class TooManyRequests(Problem):
    """More requests in a short time than this index answers to one address."""

    status, code, title = 429, "too-many-requests", "Too many requests"


def source_of(request: HttpRequest) -> str:
    """Who counts as one: a client of IPv6 has a whole /64 of addresses."""
    address: str = request.META.get("REMOTE_ADDR", "")
    try:
        network = ipaddress.ip_network((address.partition("%")[0], 64), strict=False)
    except ValueError:  # IPv4, or a unix socket
        return address
    return str(network.network_address)
