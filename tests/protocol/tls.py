"""TLS in front of a server on loopback, with a certificate of its own, for clients that insist."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Front:
    """Where the server answers by TLS, and whom clients must trust for it (a PEM file)."""

    port: int
    authority: Path

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"


@contextlib.contextmanager
def tls_in_front_of(port: int, folder: Path) -> Iterator[Front]:
    """Accept TLS and pass the bytes on, in both directions, until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, chain = _certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    listener = socket.create_server((HOST, 0))
    accepting = threading.Thread(target=_accept, args=(listener, context, port), daemon=True)
    accepting.start()
    try:
        yield Front(listener.getsockname()[1], authority)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed: the end
            return
        threading.Thread(target=_serve, args=(connection, context, port), daemon=True).start()


def _serve(connection: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError), connection:
        secure = context.wrap_socket(connection, server_side=True)
        with secure, socket.create_connection((HOST, port)) as plain:
            back = threading.Thread(target=_copy, args=(plain, secure), daemon=True)
            back.start()
            _copy(secure, plain)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _certificates(folder: Path) -> tuple[Path, Path]:
    """An authority, and a certificate of it for this host with its key, each in a PEM file."""
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = _name("Authority of a test")
    authority = _signed(name, name, root.public_key(), root, is_authority=True)
    certificate = _signed(_name(HOST), name, leaf.public_key(), root, is_authority=False)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key = leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "server.pem").write_bytes(certificate.public_bytes(pem) + key)
    return folder / "authority.pem", folder / "server.pem"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        host = x509.IPAddress(ipaddress.ip_address(HOST))
        builder = builder.add_extension(x509.SubjectAlternativeName([host]), critical=False)
    return builder.sign(key, hashes.SHA256())
