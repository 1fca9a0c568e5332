"""Pages that a web worker sends from its own loop are what its threads would have sent."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator

import pytest

from tests.factories.dists import make_wheel
from tests.patience import PATIENCE
from tests.protocol.clients import JSON, V1_HTML
from tests.protocol.server import Server, eventually, serving

pytestmark = pytest.mark.protocol
PAGE = "/simple/at-once/"
FILES, SLOW = 25, 1000  # pages of 8 kB, so many of them that no buffer takes them all
HEAD = f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process with one thread: whoever waits for the thread is seen to wait."""
    folder = tmp_path_factory.mktemp("at-once")
    knobs = {"GATEHOUSE_THREADS": "1", "GATEHOUSE_ACCESS_LOG": "1", "GATEHOUSE_HOLD": "nobody"}
    with serving(folder / "data", "--workers", "1", **knobs) as server:
        token = server.bootstrap()
        for number in range(FILES):
            wheel = make_wheel(folder, "at-once", f"1.{number}")
            assert server.index.upload(wheel, token).status == 200
        time.sleep(5.5)  # until the page has its Last-Modified for good
        yield server


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def ask(connection: http.client.HTTPConnection, path: str = PAGE, **headers: str):
    """Status and reason, headers but for the date, body."""
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    fields = sorted((k, v) for k, v in response.getheaders() if k != "Date")
    return response.status, response.reason, fields, body


def persistent(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("accept", [V1_HTML, JSON, "*/*"])
def test_the_loop_says_what_a_thread_says(narrow, accept, coding):
    headers = {"Accept": accept, "Accept-Encoding": coding}
    connection = persistent(narrow)
    by_thread, *by_loop = [ask(connection, **headers) for _ in range(3)]
    assert by_thread[0] == 200
    assert by_loop == [by_thread] * 2


def test_a_304_is_the_same_too(narrow):
    connection = persistent(narrow)
    etag = dict(ask(connection)[2])["ETag"]
    by_loop = ask(connection, **{"If-None-Match": etag})
    assert by_loop[0] == 304
    assert by_loop == ask(persistent(narrow), **{"If-None-Match": etag})


def test_prepared_pages_are_sent_while_every_thread_is_busy(narrow):
    reader = persistent(narrow)
    ask(reader)
    with connect(narrow) as busy:
        busy.sendall(b"POST /legacy/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
        for _ in range(3):
            assert ask(reader)[0] == 200


def test_every_answer_is_in_the_access_log(narrow):
    connection = persistent(narrow)
    for _ in range(4):
        ask(connection, **{"User-Agent": "counted/1"})
    # A line is written after its answer has left, so the last one may be a moment late.
    assert eventually(lambda: lines_of(narrow, "counted/1") == [f"GET {PAGE} HTTP/1.1"] * 4)


def lines_of(server: Server, client: str) -> list[str]:
    """The request lines in the access log whose User-Agent is `client`."""
    return re.findall(rf'"([^"]+)" \d+ .*"{client}"', server.output)


def test_a_head_in_two_pieces_is_answered(narrow):
    with connect(narrow) as connection:
        for _ in range(3):
            connection.sendall(HEAD.encode())
            time.sleep(0.1)
            connection.sendall(b"\r\n")
            assert receive(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_pipelined_requests_are_answered_in_their_order(narrow):
    with connect(narrow) as connection:
        connection.sendall(f"{HEAD}\r\n".encode())
        receive(connection)
        connection.sendall(f"{HEAD}\r\n{HEAD}Accept: {JSON}\r\n\r\n".encode())
        first, second = receive(connection), receive(connection)
        assert b"text/html" in first
        assert JSON.encode() in second


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("Bad Name: x\r\n", b"400"),
        ("Host: another\r\n", b"400"),
        (" folded: x\r\n", b"400"),
        ("Transfer-Encoding: nonsense\r\n", b"501"),
        ("Content-Length: 3\r\n\r\nabc", b"200"),
        ("Connection: close\r\n", b"200"),
    ],
)
def test_what_is_unusual_takes_the_usual_way(narrow, fields, status):
    first, second = (unusual(narrow, before, fields) for before in (0, 1))
    assert first == second
    assert first.split(b" ")[1] == status


def unusual(server: Server, before: int, fields: str) -> bytes:
    """The answer after so many ordinary ones; the date differs."""
    with connect(server) as connection:
        for _ in range(before):
            connection.sendall(f"{HEAD}\r\n".encode())
            receive(connection)
        connection.sendall(f"{HEAD}{fields}\r\n".encode())
        return re.sub(rb"\r\nDate: [^\r]+", b"", receive(connection))


def test_whoever_reads_slowly_gets_everything_and_keeps_nobody_waiting(narrow):
    reader = persistent(narrow)
    ask(reader)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(20)
        slow.connect(("127.0.0.1", narrow.port))
        for _ in range(SLOW):  # unread answers fill every buffer on the way
            slow.sendall(f"{HEAD}\r\n".encode())
            time.sleep(0.001)
        for _ in range(3):
            assert ask(reader)[0] == 200
        answers = [receive(slow) for _ in range(SLOW)]
    assert len({re.sub(rb"\r\nDate: [^\r]+", b"", answer) for answer in answers}) == 1


def receive(connection: socket.socket) -> bytes:
    """One whole answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1)
    length = re.search(rb"Content-Length: (\d+)", data)
    left = int(length[1]) if length else 0
    while left:
        piece = connection.recv(left)
        data, left = data + piece, left - len(piece)
    return data
