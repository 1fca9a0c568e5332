"""How fast one address may ask."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from pypi_site.lib import ratelimit
from pypi_site.lib.ratelimit import TooManyRequests, Window


def request(remote: str = "192.0.2.1"):
    return RequestFactory().get("/", REMOTE_ADDR=remote)


def test_each_address_has_its_own_count():
    window = Window(60)
    window.require(request("192.0.2.1"), 1)
    window.require(request("192.0.2.2"), 1)
    with pytest.raises(TooManyRequests) as raised:
        window.require(request("192.0.2.1"), 1)
    assert 0 < int(raised.value.headers["Retry-After"]) <= 60


def test_a_new_window_begins_when_the_old_one_is_over(monkeypatch):
    window, now = Window(60), [1000.0]
    monkeypatch.setattr(ratelimit.time, "monotonic", lambda: now[0])
    counts = [window.count("a"), window.count("a")]
    now[0] += 60
    assert [*counts, window.count("a")] == [1, 2, 1]


def test_no_limit_counts_nothing():
    window = Window(60)
    for _ in range(3):
        window.require(request(), 0)
    assert window.count("192.0.2.1") == 1
