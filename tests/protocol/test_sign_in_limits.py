"""Limits of sign-in and of minted tokens hold across worker processes: the database counts."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
import requests

from packages.oidc_views import PER_MINUTE
from tests.patience import PATIENCE
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol
LIMIT = 10  # failures of one account within five minutes


def attempt(live: Server, login: str, password: str, address: str) -> str:
    """One try to sign in, on a new connection, as if from `address`."""
    headers = {"X-Forwarded-For": address, "Connection": "close"}
    session = requests.Session()
    session.headers.update(headers)
    page = session.get(f"{live.url}/accounts/login/", timeout=PATIENCE).text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "login": login, "password": password}
    answer = session.post(
        f"{live.url}/accounts/login/", form, timeout=PATIENCE, allow_redirects=False
    )
    session.close()
    return answer.text if answer.status_code == 200 else f"{answer.status_code}"


def only(live: Server, worker: int) -> list[int]:
    """Let only one of the web workers run; the others, which stand still."""
    others = [pid for pid in live.web_workers() if pid != worker]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    return others


def attempts_of_one_worker(live: Server, worker: int, count: int, start: int) -> list[str]:
    others = only(live, worker)
    try:
        return [
            attempt(live, "applicant", "wrong", f"198.51.100.{number}")
            for number in range(start, start + count)
        ]
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def test_what_one_process_counted_another_knows(live, people):
    """An attacker with many addresses, spread over two processes, gets no more tries."""
    first, second, *_ = live.web_workers()
    half = LIMIT // 2
    answers = attempts_of_one_worker(live, first, half, 1)
    answers += attempts_of_one_worker(live, second, half, 101)
    assert ["are not correct" in text for text in answers] == [True] * LIMIT
    for worker in (first, second):
        (text,) = attempts_of_one_worker(live, worker, 1, 201)
        assert "Too many failed login attempts" in text
    assert "Too many failed" in attempt(live, "APPLICANT@example.org", "wrong", "198.51.100.250")


def exchanges(live: Server, worker: int, count: int) -> list[int]:
    """Requests for a minted token from one address, answered by one process."""
    others = only(live, worker)
    headers = {"X-Forwarded-For": "203.0.113.9", "Connection": "close"}
    try:
        return [
            requests.post(
                f"{live.url}/_/oidc/mint-token", json={}, headers=headers, timeout=PATIENCE
            ).status_code
            for _ in range(count)
        ]
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def test_tokens_are_minted_at_one_pace_by_all_processes(live):
    """As many as one process allows, and not as many from each."""
    first, second, *_ = live.web_workers()
    half = PER_MINUTE // 2
    while time.time() % 60 > 20:  # the window is a minute of the clock
        time.sleep(0.5)
    answers = exchanges(live, first, half) + exchanges(live, second, half)
    assert 429 not in answers
    assert exchanges(live, first, 1) + exchanges(live, second, 1) == [429, 429]
