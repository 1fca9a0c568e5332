"""Envelopes that are broken: digests, fields, framing, credentials."""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from typing import Any

from accounts import tokens
from accounts.actors import SYSTEM
from accounts.models import User
from packages import reach
from tests.factories.index import published
from tests.factories.people import UserFactory, token_for
from tests.packages.uploads.adversarial.attempts import (
    BOUNDARY,
    WHEEL,
    Attempt,
    Row,
    Value,
    form_row,
    raw_part,
    text_part,
    wheel,
)

MB = 1024 * 1024
FILE = b'form-data; name="%s"; filename="x.txt"'


def with_fields(**fields: Value) -> Attempt:
    """A good file with other fields."""
    return wheel().with_fields(**fields)


def with_part(part: bytes) -> Attempt:
    """A good upload with one more part."""
    return wheel().changed(extra=part)


def changed(**changes: Any) -> Attempt:
    """A good upload in another envelope."""
    return wheel().changed(**changes)


def headed(**headers: str | None) -> Attempt:
    """A good upload under other headers; underscores are hyphens."""
    return changed(headers={name.replace("_", "-"): value for name, value in headers.items()})


def empty(filename: str = WHEEL) -> Attempt:
    """No bytes, and the right digests of them."""
    nothing = hashlib.sha256().hexdigest()
    return (
        wheel()
        .changed(data=b"", filename=filename)
        .with_fields(sha256_digest=nothing, blake2_256_digest=None)
    )


def swapped() -> Attempt:
    """The two digests in each other's place."""
    fields = wheel().fields
    return with_fields(
        sha256_digest=fields["blake2_256_digest"], blake2_256_digest=fields["sha256_digest"]
    )


def without_content() -> Attempt:
    """All the fields and no file."""
    return changed(framing=lambda body: body[: body.index(b'name="content"')].rpartition(b"--")[0]
                   + f"--{BOUNDARY}--\r\n".encode())  # fmt: skip


def content_as_text() -> Attempt:
    """The file as a text field."""
    return changed(disposition=b'form-data; name="content"')


def with_many_fields() -> Attempt:
    """More parts than anybody needs."""
    return with_part(text_part("classifiers", "x") * 20_001)


def with_much_text() -> Attempt:
    """A description beyond what is kept in memory."""
    return with_part(text_part("description", b"x" * (33 * MB)))


def cut(size: int) -> Attempt:
    """The last bytes never come, though they were announced."""
    whole = len(wheel().body())
    return headed(Content_Length=str(whole)).changed(framing=lambda body: body[:-size])


def cut_announced(size: int) -> Attempt:
    """The body goes on where it should have ended."""
    return headed(Content_Length=str(len(wheel().body()) - size))


def under(credentials: str) -> Attempt:
    """A good upload with these credentials for Basic."""
    return headed(Authorization=f"Basic {credentials}")


def encoded(text: str | bytes) -> str:
    """As Basic wants it."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def _deleted_user(user: User) -> str:
    other = UserFactory(trusted=True)
    token = token_for(other)
    other.delete()
    return token


def _inactive_user(user: User) -> str:
    return token_for(UserFactory(trusted=True, is_active=False))


def _unverified_user(user: User) -> str:
    return token_for(UserFactory(trusted=True, verified=False))


def _revoked(user: User) -> str:
    token, text = tokens.mint(user, actor=SYSTEM, name="revoked")
    tokens.revoke(token, actor=SYSTEM)
    return text


def _for_another_project(user: User) -> str:
    token, text = tokens.mint(user, actor=SYSTEM, name="limited", limited=True)
    reach.limit_token(token, [published("another", uploader=user).project])
    return text


def _limited_and_project_exists(user: User) -> str:
    published("demo", "0.1", uploader=user)
    return _for_another_project(user)


def _tampered(user: User) -> str:
    text = token_for(user)
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def _digest(slug: str, **fields: Value) -> Row:
    build = partial(with_fields, **fields)
    return Row(f"digest-{slug}", build, code="wrong-digest", items=(47,))


def _broken(slug: str, says: str, build: Any, *items: int, **facts: Any) -> Row:
    return form_row(f"form-{slug}", says, build, *items, **facts)


def _large(slug: str, says: str, build: Any, *items: int, **facts: Any) -> Row:
    return form_row(f"form-{slug}", says, build, *items, code="too-large", status=413, **facts)


def _nobody(slug: str, build: Any) -> Row:
    return Row(f"auth-{slug}", build, code="credentials-needed", status=401, items=(53,))


def _not_he(slug: str, before: Any, code: str = "invalid-token", **facts: Any) -> Row:
    return Row(f"token-{slug}", wheel, code=code, status=403, items=(54,), before=before, **facts)


def _file(name: bytes) -> bytes:
    return raw_part(FILE % name, b"text")


ROWS = [
    _digest("sha256-of-another-file", sha256_digest=hashlib.sha256(b"other").hexdigest()),
    _digest("sha256-of-63-digits", sha256_digest=wheel().fields["sha256_digest"][:63]),  # type: ignore[index]
    _digest("sha256-banana", sha256_digest="banana"),
    _digest("sha256-not-ascii", sha256_digest="\u0661" * 64),
    _digest("blake2-wrong", blake2_256_digest="0" * 64),
    _digest("md5-wrong-but-sha256-right", md5_digest="0" * 32),
    _digest("md5-in-base64", md5_digest="1B2M2Y8AsgTpgAmY7PhCfg=="),
    Row("digests-swapped", swapped, code="wrong-digest", items=(47,)),
    _broken(
        "without-digest",
        "at least one digest",
        partial(with_fields, sha256_digest=None, blake2_256_digest=None),
        47,
    ),
    _broken(
        "digest-twice",
        "'sha256_digest' was sent 2 times",
        partial(with_fields, sha256_digest=["0" * 64, "1" * 64]),
        47,
    ),
    _broken("content-empty", "is empty", empty, 48),
    _broken("content-missing", "The file is missing", without_content, 48),
    _broken("content-as-text", "has no filename", content_as_text, 48),
    _broken(
        "content-filename-empty",
        "has no filename",
        partial(changed, disposition=b'form-data; name="content"; filename=""'),
        48,
    ),
    _broken(
        "content-png", "image", partial(changed, part_headers=b"Content-Type: image/png\r\n"), 48
    ),
    _broken(
        "content-twice",
        "'content' was sent twice",
        lambda: with_part(raw_part(b'form-data; name="content"; filename="demo-1.0.tar.gz"', b"x")),
        22,
        48,
    ),
    _broken(
        "content-as-text-too",
        "'content' was sent twice",
        partial(with_part, text_part("content", "x")),
        48,
    ),
    _broken("cut-off", "Unexpected end", partial(cut, 200), 49),
    _broken("last-boundary-cut-off", "Unexpected end", partial(cut, len(BOUNDARY) + 6), 49),
    _broken("longer-than-announced", "Unexpected end", partial(cut_announced, 40), 49),
    _broken(
        "data-behind",
        "data after end",
        partial(changed, framing=lambda body: body + b"x" * 300_000),
        49,
    ),
    _broken(
        "boundary-of-2000-characters",
        "Boundary too long",
        partial(headed, Content_Type="multipart/form-data; boundary=" + "x" * 2000),
        49,
    ),
    _broken(
        "boundary-missing",
        "multipart/form-data",
        partial(headed, Content_Type="multipart/form-data"),
        49,
    ),
    _broken(
        "boundary-is-another",
        "Boundary not found",
        partial(headed, Content_Type="multipart/form-data; boundary=other"),
        49,
    ),
    _broken(
        "no-form",
        "multipart/form-data",
        partial(headed, Content_Type="application/octet-stream"),
        49,
    ),
    _broken(
        "urlencoded",
        "multipart/form-data",
        partial(
            headed,
            Content_Type="application/x-www-form-urlencoded",
        ),
        49,
    ),
    _broken("no-bytes", "Unexpected end", partial(changed, framing=lambda body: b""), 49),
    _broken(
        "only-the-end",
        "':action'",
        partial(changed, framing=lambda body: body[-len(BOUNDARY) - 6 :]),
        49,
    ),
    _broken(
        "line-feeds",
        "line break",
        partial(changed, framing=lambda body: body.replace(b"\r\n", b"\n")),
        49,
    ),
    _broken(
        "garbage-in-front",
        "in front of first boundary",
        partial(changed, framing=lambda body: b"garbage" + body),
        49,
    ),
    _large(
        "part-header-of-1-MB",
        "header",
        partial(changed, part_headers=b"X: " + b"x" * MB + b"\r\n"),
        49,
    ),
    _large(
        "ten-part-headers",
        "header",
        partial(changed, part_headers=b"X: y\r\n" * 10),
        49,
    ),
    _broken(
        "part-header-without-colon", "Malformed", partial(changed, part_headers=b"nonsense\r\n"), 49
    ),
    _broken(
        "part-without-name", "Missing name", partial(with_part, raw_part(b"form-data", b"x")), 49
    ),
    _broken(
        "part-is-attachment",
        "Wrong type",
        partial(with_part, raw_part(b'attachment; name="x"', b"x")),
        49,
    ),
    _broken(
        "part-size-lies",
        "Content-Length",
        partial(changed, part_headers=b"Content-Length: 3\r\n"),
        49,
    ),
    Row(
        "length-missing",
        partial(headed, Content_Length=None),
        code="length-needed",
        status=411,
        items=(49,),
    ),
    Row(
        "length-banana",
        partial(headed, Content_Length="banana"),
        code="length-needed",
        status=411,
        items=(49,),
    ),
    _large(
        "length-of-a-terabyte", "104857600 bytes", partial(headed, Content_Length=str(10**12)), 49
    ),
    _large(
        "file-over-the-limit",
        "300 bytes",
        lambda: wheel(files={"demo.py": "x" * 2000}),
        49,
        settings={"UPLOAD_MAX_FILE_SIZE": 300},
    ),
    _large(
        "project-over-the-limit", "300 bytes", wheel, 49, settings={"UPLOAD_MAX_PROJECT_SIZE": 300}
    ),
    _large("20001-fields", "20000 fields", with_many_fields, 49, 50),
    _large("33-MB-of-text", "bytes of text", with_much_text, 50),
    _broken(
        "action-twice",
        "':action' was sent 2 times",
        partial(with_fields, action=["file_upload", "file_upload"]),
        51,
    ),
    _broken("action-missing", "must be 'file_upload'", partial(with_fields, action=None), 51),
    _broken("action-unknown", "must be 'file_upload'", partial(with_fields, action="destroy"), 51),
    *(
        Row(
            f"action-{action}",
            partial(with_fields, action=action),
            code="action-gone",
            status=410,
            items=(51,),
        )
        for action in ("submit", "submit_pkg_info", "doc_upload")
    ),
    _broken(
        "protocol-1-and-2",
        "'protocol_version' was sent 2 times",
        partial(with_fields, protocol_version=["1", "2"]),
        51,
    ),
    _broken(
        "protocol-2", "protocol_version must be 1", partial(with_fields, protocol_version="2"), 51
    ),
    _broken(
        "name-twice", "'name' was sent 2 times", partial(with_fields, name=["demo", "demo"]), 51
    ),
    _broken(
        "version-twice",
        "'version' was sent 2 times",
        partial(with_fields, version=["1.0", "2.0"]),
        51,
    ),
    _broken("name-missing", "'name' is missing", partial(with_fields, name=None), 51),
    _broken("version-missing", "'version' is missing", partial(with_fields, version=None), 51),
    _broken("summary-as-file", "'summary' must be text", partial(with_part, _file(b"summary")), 52),
    _broken(
        "description-as-file",
        "'description' must be text",
        partial(with_part, _file(b"description")),
        52,
    ),
    _broken("name-as-file", "'name' must be text", partial(with_part, _file(b"name")), 52),
    _broken(
        "attestations-as-file",
        "'attestations' must be text",
        partial(with_part, _file(b"attestations")),
        52,
    ),
    _broken(
        "field-name-of-3-kB",
        "must be text",
        partial(with_part, _file(b"x" * 3000)),
        52,
    ),
    _broken(
        "filename-of-3-kB-and-no-content",
        "is empty",
        partial(empty, "x" * 3000 + ".whl"),
        48,
        afterwards=WHEEL,
    ),
    _broken("summary-NUL", "'summary' contains a NUL", partial(with_fields, summary="a\0b"), 52),
    _broken(
        "summary-latin-1",
        "'summary' is not UTF-8",
        partial(with_fields, summary=b"Gr\xfc\xdfe"),
        52,
    ),
    _nobody("missing", partial(headed, Authorization=None)),
    _nobody("empty", partial(headed, Authorization="")),
    _nobody("NUL", partial(under, encoded("__token__\0:x"))),
    _nobody("not-utf8", partial(under, encoded(b"__token__:\xff\xfe"))),
    _nobody("no-base64", partial(under, "%%%")),
    _nobody("no-colon", partial(under, encoded("__token__"))),
    _nobody("token-of-100-kB", partial(under, encoded("__token__:" + "x" * 100_000))),
    _nobody("password", partial(under, encoded("guido:secret"))),
    _nobody("digest-scheme", partial(headed, Authorization='Digest username="x"')),
    Row(
        "auth-bearer-nonsense",
        partial(headed, Authorization="Bearer gate-nonsense"),
        code="invalid-token",
        status=403,
        items=(53,),
    ),
    Row(
        "auth-token-with-NUL",
        partial(under, encoded("__token__:gate-\0")),
        code="invalid-token",
        status=403,
        items=(53,),
    ),
    _not_he("of-a-deleted-user", _deleted_user),
    _not_he("of-an-inactive-user", _inactive_user),
    _not_he("revoked", _revoked),
    _not_he("tampered", _tampered),
    _not_he("for-another-project", _for_another_project, "token-too-narrow"),
    _not_he(
        "for-another-project-of-his",
        _limited_and_project_exists,
        "token-too-narrow",
    ),
    _not_he("of-an-unverified-user", _unverified_user, "email-not-verified"),
]
