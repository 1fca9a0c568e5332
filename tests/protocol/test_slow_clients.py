"""Clients that send a byte now and then hold no thread of the web workers for long."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.protocol.server import Server, eventually, serving

pytestmark = pytest.mark.protocol
GRACE, SLOWEST = 3, 50_000  # a second would be too short where others work, too


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process with two threads, and little patience."""
    data = tmp_path_factory.mktemp("narrow") / "data"
    knobs = {
        "GATEHOUSE_THREADS": "2",
        "GATEHOUSE_REQUEST_GRACE": str(GRACE),
        "GATEHOUSE_SLOWEST_UPLOAD": str(SLOWEST),
    }
    with serving(data, "--workers", "1", **knobs) as server:
        yield server


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def answer(connection: socket.socket) -> bytes:
    received = b""
    with connection:
        while piece := connection.recv(65536):
            received += piece
    return received


def test_whoever_drips_headers_is_cut_off_and_others_are_served(narrow):
    slow = [connect(narrow) for _ in range(4)]
    for connection in slow:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    assert eventually(narrow.is_well)
    assert [answer(connection) for connection in slow] == [b""] * 4


def test_whoever_drips_a_body_is_told_so(narrow):
    head = "POST /legacy/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    credentials = f"Authorization: Bearer {narrow.bootstrap()}\r\n"
    form = "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    connection = connect(narrow)
    connection.sendall((head + credentials + form).encode())
    received = answer(connection).decode()
    assert received.startswith("HTTP/1.1 408 ")
    assert "too slowly" in received


def test_a_steady_client_may_take_longer_than_the_grace(narrow):
    connection = connect(narrow)
    size = 2 * GRACE * SLOWEST
    head = f"POST /legacy/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n"
    connection.sendall((head + "Connection: close\r\n\r\n").encode())
    for _ in range(10):
        connection.sendall(b"x" * (size // 10))
        time.sleep(2.5 * GRACE / 10)
    assert answer(connection).startswith(b"HTTP/1.1 401 ")


def test_every_request_of_a_connection_has_its_own_patience(narrow):
    with connect(narrow) as connection:
        for _ in range(3):
            connection.sendall(b"HEAD /healthz HTTP/1.1\r\n")
            time.sleep(0.5 * GRACE)
            connection.sendall(b"Host: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def sockets(pid: int) -> int:
    """How many a process has open."""
    links = (link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir())
    return sum(str(link).startswith("socket:") for link in links)


def spread(server: Server) -> int:
    """How many of twenty connections the worker got that got fewest."""
    workers = server.web_workers()
    before = [sockets(pid) for pid in workers]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(20)]
        for connection in connections:
            connection.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for connection in connections:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        return min(sockets(pid) - count for pid, count in zip(workers, before, strict=True))


def test_a_burst_of_connections_is_spread_over_the_workers(live: Server):
    """On a busy machine one worker may sleep through a burst, but not through every one."""
    assert len(live.web_workers()) == 2
    assert eventually(lambda: spread(live) >= 5)
