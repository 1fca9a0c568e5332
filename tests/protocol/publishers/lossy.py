"""A line that loses an answer: the upload arrives, and the client never hears of it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.patience import PATIENCE

UPLOAD = b"POST /legacy/"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing breaks the connection off


@dataclass
class LossyLine:
    """Passes bytes on in both directions, but for the answer to the first upload."""

    server_port: int
    listener: socket.socket
    lost: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.server_port))
        uploads = threading.Event()
        up = threading.Thread(target=self._up, args=(client, server, uploads), daemon=True)
        up.start()
        with client, server, contextlib.suppress(OSError):
            self._down(server, client, uploads)
        up.join(PATIENCE)

    def _up(self, client: socket.socket, server: socket.socket, uploads: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if data.startswith(UPLOAD):
                    uploads.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _down(self, server: socket.socket, client: socket.socket, uploads: threading.Event) -> None:
        while data := server.recv(65536):
            if uploads.is_set() and not self.lost.is_set():
                self.lost.set()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                client.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
                return
            client.sendall(data)


@contextlib.contextmanager
def lossy_line(server_port: int) -> Iterator[LossyLine]:
    """A line that loses the first answer to an upload, once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = LossyLine(server_port, listener)
        thread = threading.Thread(target=line.run, daemon=True)
        thread.start()
        yield line
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)
