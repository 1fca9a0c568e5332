"""Bytes kept in memory."""

from __future__ import annotations

import threading

import pytest

from pypi_site.lib.kept import Kept


def test_what_is_kept_is_made_once():
    kept, bodies = Kept(100), iter([b"first", b"second"])
    for _ in range(2):
        assert kept.get("a", lambda: next(bodies)) == b"first"


def test_the_least_lately_used_goes_first():
    kept = Kept(12)
    for key in ("a", "b", "c", "d"):
        kept.get(key, lambda: b"123")
        kept.get("a", lambda: b"123")
    kept.get("e", lambda: b"123")
    assert kept.size == 12
    assert kept.get("a", lambda: b"new") == b"123"
    assert kept.get("b", lambda: b"new") == b"new"


def test_what_is_too_large_is_not_kept():
    kept = Kept(12)
    kept.get("a", lambda: b"1234")
    assert kept.size == 0
    assert kept.get("a", lambda: b"new") == b"new"


def test_what_cannot_be_made_is_not_kept():
    kept = Kept(12)

    def fail() -> bytes:
        raise KeyError

    with pytest.raises(KeyError):
        kept.get("a", fail)
    assert kept.get("a", lambda: b"new") == b"new"


def test_many_who_want_the_same_wait_for_one():
    kept, made, go = Kept(100), [], threading.Barrier(8)

    def make() -> bytes:
        made.append(1)
        return b"body"

    def ask() -> None:
        go.wait()
        assert kept.get("a", make) == b"body"

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
