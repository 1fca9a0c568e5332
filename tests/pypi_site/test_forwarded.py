"""The client's address is what trusted proxies say, and nothing that a client made up."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from pypi_site.lib import forwarded

TRUSTED = forwarded.networks(["127.0.0.1", "10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("remote", "chain", "client"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),  # he made up the first
        ("203.0.113.7", "6.6.6.6", "203.0.113.7"),  # no proxy of ours
        ("127.0.0.1", "garbage", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, garbage", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("::1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("", "203.0.113.7", ""),
    ],
)
def test_the_chain_is_read_from_its_end(remote, chain, client):
    assert forwarded.client_address(remote, chain, TRUSTED) == client


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_is_a_chain(chain, remote):
    answer = forwarded.client_address(remote, chain, TRUSTED)
    assert answer == remote or forwarded.is_within(
        answer, forwarded.networks(["0.0.0.0/0", "::/0"])
    )


def test_the_middleware_sets_the_address_and_removes_the_header(settings):
    """TOB-PYPI-12."""
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    seen = []

    def answer(request):
        seen.append(request)
        return HttpResponse()

    middleware = forwarded.ForwardedMiddleware(answer)
    middleware(RequestFactory().get("/", HTTP_X_FORWARDED_FOR="203.0.113.7"))
    middleware(
        RequestFactory().get("/", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR="6.6.6.6")
    )
    assert [request.META["REMOTE_ADDR"] for request in seen] == ["203.0.113.7", "198.51.100.1"]
    assert all("X-Forwarded-For" not in request.headers for request in seen)


def test_what_is_no_network_is_an_error():
    with pytest.raises(ValueError, match="nonsense"):
        forwarded.networks(["nonsense"])
