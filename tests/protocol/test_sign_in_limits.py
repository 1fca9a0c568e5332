"""Limits of sign-in hold across worker processes: they are counted in the database."""

from __future__ import annotations

import os
import re
import signal

import pytest
import requests

from tests.protocol.server import Server

pytestmark = pytest.mark.protocol
LIMIT = 10  # failures of one account within five minutes


def attempt(live: Server, login: str, password: str, address: str) -> str:
    """One try to sign in, on a new connection, as if from `address`."""
    headers = {"X-Forwarded-For": address, "Connection": "close"}
    session = requests.Session()
    session.headers.update(headers)
    page = session.get(f"{live.url}/accounts/login/", timeout=30).text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "login": login, "password": password}
    answer = session.post(f"{live.url}/accounts/login/", form, timeout=30, allow_redirects=False)
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
