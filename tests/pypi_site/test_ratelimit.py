"""How fast one address may ask."""

from __future__ import annotations

import pytest
from django.core.cache import cache, caches
from django.db import connection
from django.test import RequestFactory

from accounts import limits
from accounts.limits import SharedWindow
from accounts.models import RequestCount
from pypi_site.lib.ratelimit import TooManyRequests, source_of
from tests.packages.concurrency import at_once


def request(remote: str = "192.0.2.1"):
    return RequestFactory().get("/", REMOTE_ADDR=remote)


@pytest.mark.django_db
def test_each_address_has_its_own_count(monkeypatch):
    monkeypatch.setattr("accounts.limits.time.time", lambda: 1_800_000_000.0)
    window = SharedWindow("tried", 60)
    window.require(source_of(request("192.0.2.1")), 1)
    window.require(source_of(request("192.0.2.2")), 1)
    with pytest.raises(TooManyRequests) as raised:
        window.require(source_of(request("192.0.2.1")), 1)
    assert 0 < int(raised.value.headers["Retry-After"]) <= 60


@pytest.mark.django_db
def test_no_limit_counts_nothing():
    window = SharedWindow("tried", 60)
    for _ in range(3):
        window.require(source_of(request()), 0)
    assert window.count("192.0.2.1") == 1


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:db8::ffff:0:1", "2001:db8::"),
        ("2001:db8:0:1::1", "2001:db8:0:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_a_client_of_ipv6_is_one_whatever_address_of_his_he_takes(address, source):
    assert source_of(request(address)) == source


# -- counted in the database ----------------------------------------------------------------------


@pytest.mark.django_db
def test_two_windows_of_one_name_count_together_and_others_apart(monkeypatch):
    now = [1_800_000_000.0]
    monkeypatch.setattr("accounts.limits.time.time", lambda: now[0])
    one, same, other = SharedWindow("a", 60), SharedWindow("a", 60), SharedWindow("b", 60)
    assert [one.count("x"), same.count("x"), other.count("x"), one.count("y")] == [1, 2, 1, 1]
    now[0] += 59
    assert (one.count("x"), one.left()) == (3, 1)
    now[0] += 1
    assert one.count("x") == 1


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_once_none_is_lost(monkeypatch):
    monkeypatch.setattr("accounts.limits.time.time", lambda: 1_800_000_000.0)
    counts = at_once(*[lambda: SharedWindow("a", 60).count("x")] * 8)
    assert sorted(counts) == list(range(1, 9))


@pytest.mark.django_db
def test_yesterdays_counts_are_forgotten(monkeypatch):
    SharedWindow("a", 60).count("x")
    monkeypatch.setattr("accounts.limits.time.time", lambda: 1_700_000_000.0)
    SharedWindow("a", 60).count("x")
    assert limits.forget() == 1
    assert RequestCount.objects.count() == 1


# -- the cache behind the limits of sign-in -------------------------------------------------------


@pytest.mark.django_db
def test_nobody_crowds_out_what_limits_have_counted(monkeypatch):
    """However full it gets, and whatever the keys are called; what is over goes."""
    monkeypatch.setattr(caches["default"], "_max_entries", 10)
    cache.set("m-counter", [1, 2, 3], 300)
    cache.set("m-over", "x", 300)
    with connection.cursor() as cursor:
        cursor.execute(
            "update pypi_site_cache set expires = '2020-01-01' where cache_key like '%m-over'"
        )
    for number in range(40):
        cache.set(f"{'az'[number % 2]}-{number}", "y", 300)
    assert cache.get("m-counter") == [1, 2, 3]
    assert all(cache.get(f"{'az'[number % 2]}-{number}") for number in range(40))
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pypi_site_cache where cache_key like '%m-over'")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_descriptions_lie_elsewhere_and_make_room(monkeypatch):
    descriptions = caches["descriptions"]
    monkeypatch.setattr(descriptions, "_max_entries", 10)
    cache.set("counter", 7, 300)
    for number in range(40):
        descriptions.set(f"d-{number}", "html", 300)
    assert cache.get("counter") == 7
    assert sum(descriptions.get(f"d-{number}") is not None for number in range(40)) <= 11
