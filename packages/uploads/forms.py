"""An upload form as it arrives: fields into memory, the file to disk through its hashes.

The form has no PyPA specification; the field names are those of PyPI's "legacy" API.  Django's own
parser is not used: it repairs filenames silently, limits the number of fields and answers in HTML.
"""

from __future__ import annotations

import contextlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.http import HttpRequest, UnreadablePostError
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from packages.uploads import limits
from packages.uploads.findings import quoted
from packages.uploads.incoming import Incoming, temporary_file
from packages.uploads.inspection import file_too_large
from packages.uploads.stages import Upload
from pypi_site.lib.problems import Problem, TooLarge

CHUNK = 256 * 1024
TEXT_LIMIT = 32 * 1024 * 1024  # bytes of all text fields together; a 3 MB description is legal
FIELD_LIMIT = 20_000
CONTENT = "content"
IGNORED_FILES = {"gpg_signature"}  # old clients send it; the standard forgot it
DIGESTS = {"sha256_digest": "sha256", "blake2_256_digest": "blake2b_256", "md5_digest": "md5"}
# A filename, and the begin of a Windows path that the parser would cut off.
_FILENAME = re.compile(r';\s*filename(\*|\s*=\s*"?(?:.:|\\)\\)?', re.IGNORECASE)
GONE_ACTIONS = {"submit", "submit_pkg_info", "doc_upload", "verify"}


class InvalidForm(Problem):
    """The form is broken, or a field is missing, doubled or wrong."""

    code, title = "invalid-form", "Invalid upload form"


class ActionGone(Problem):
    """An action of the old index that no index offers any more (UPL-9)."""

    status, code, title = 410, "action-gone", "Action no longer offered"


class WrongDigest(Problem):
    """What arrived is not what the client meant to send (UPL-6)."""

    code, title = "wrong-digest", "Digest does not match"


class MissingSlash(Problem):
    """A 301 would make clients repeat the upload as GET (UPL-10)."""

    status, code, title = 308, "missing-slash", "The upload address ends with a slash"


class LengthNeeded(Problem):
    """A body without a declared length is not taken."""

    status, code, title = 411, "length-needed", "Content-Length needed"


class TooSlow(Problem):
    """The body did not come in the time that the web worker grants."""

    status, code, title = 408, "too-slow", "Request timeout"


@dataclass
class Form:
    """Text fields by name, in the order of arrival, and the file."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    content: Incoming | None = None
    filename: str = ""

    def one(self, name: str) -> str:
        """The only value of a field, "" if it is absent.  Raises `InvalidForm` for several."""
        values = self.fields.get(name, [])
        if len(values) > 1:
            raise InvalidForm(f"The field {name!r} was sent {len(values)} times; send it once.")
        value = values[0].strip() if values else ""
        return "" if value == "UNKNOWN" else value  # UPL-21: distutils' word for nothing

    def required(self, name: str, *, verbatim: bool = False) -> str:
        """The only value of a field, white space around it only if `verbatim`."""
        value = self.one(name)
        if value and verbatim:
            value = self.fields[name][0]
        if not value:
            raise InvalidForm(f"The field {name!r} is missing; send it with every upload.")
        return value

    def as_upload(self) -> Upload:
        """What the gate wants, once the envelope is known to be right."""
        _check_action(self.one(":action"))
        if self.one("protocol_version") not in ("", "1"):
            raise InvalidForm("protocol_version must be 1; use a client that speaks upload 1.0.")
        content = self._whole_content()
        _check_digests(self, content)
        return Upload(
            path=content.path,
            filename=self.filename,
            size=content.size,
            sha256=content.digest("sha256"),
            blake2b_256=content.digest("blake2b_256"),
            md5=content.digest("md5"),
            name=self.required("name", verbatim=True),  # NAM-3: a line feed is no part of a name
            version=self.required("version"),
        )

    def _whole_content(self) -> Incoming:
        if self.content is None:
            raise InvalidForm("The file is missing; send it as the file field 'content'.")
        if not self.content.size:
            raise InvalidForm(f"{quoted(self.filename)} is empty; build it again.")
        self.content.close()
        return self.content


@contextlib.contextmanager
def receive(request: HttpRequest) -> Iterator[Form]:
    """Read the request's body into a `Form`; the file is gone from our disk afterwards.

    Raises `InvalidForm`, `LengthNeeded` or `TooLarge`.
    """
    length = declared_length(request)
    limit = limits.largest_file(length)
    if length > limit + TEXT_LIMIT:
        raise file_too_large(limit)
    with temporary_file() as file:
        yield _read(request, _parser(request, length), Incoming(file, limit))


def declared_length(request: HttpRequest) -> int:
    """Bytes of the body, to be judged before one is read (UPL-15)."""
    declared = request.headers.get("content-length") or ""
    if not (declared.isascii() and declared.isdecimal()):
        raise LengthNeeded("The request has no Content-Length; send the whole body at once.")
    return int(declared[:20])  # more digits are too many anyway


def read_exactly(request: HttpRequest, length: int, write: Callable[[bytes], None]) -> None:
    """Hand the body on as it comes.  Raises `InvalidForm` when it breaks off."""
    try:
        while length > 0 and (chunk := request.read(min(CHUNK, length))):
            length -= len(chunk)
            write(chunk)
    except UnreadablePostError as error:
        raise _broken_off(error) from None
    if length > 0:
        raise _broken_off()


def _parser(request: HttpRequest, length: int) -> PushMultipartParser:
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != "multipart/form-data" or not options.get("boundary"):
        raise InvalidForm("Send the upload as multipart/form-data; twine and uv do.")
    try:
        return PushMultipartParser(
            options["boundary"],
            content_length=length,
            max_segment_count=FIELD_LIMIT,
            strict=True,
        )
    except MultipartError as error:
        raise InvalidForm(f"The form's boundary is broken: {error}.") from None


def _read(request: HttpRequest, parser: PushMultipartParser, content: Incoming) -> Form:
    try:
        with parser:
            return _Reader(content).read(parser, request)
    except ParserLimitReached:
        raise TooLarge(
            f"The form has more than {FIELD_LIMIT} fields or {TEXT_LIMIT} bytes of text, or a part"
            " with headers that are too long or too many; send less."
        ) from None
    except MultipartError as error:
        # What else the error carries is for programmers.
        raise InvalidForm(f"The form is broken ({error.args[0]}); send the upload again.") from None
    except UnreadablePostError as error:
        raise _broken_off(error) from None


def _broken_off(error: Exception | None = None) -> Problem:
    if error and isinstance(error.__cause__, TimeoutError):
        return TooSlow("The upload came too slowly; send it again over a better connection.")
    return InvalidForm("The upload broke off; send it again.")


class _Reader:
    """Takes the parser's events apart into fields and the file."""

    def __init__(self, content: Incoming) -> None:
        self.form, self.content = Form(), content
        self.segment: MultipartSegment | None = None
        self.text, self.text_total = bytearray(), 0

    def read(self, parser: PushMultipartParser, request: HttpRequest) -> Form:
        while chunk := request.read(CHUNK):
            for event in parser.parse(chunk):
                self._take(event)
        return self.form

    def _take(self, event: MultipartSegment | bytes | bytearray | memoryview | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            self._end()
        else:
            self._data(event)

    def _begin(self, segment: MultipartSegment) -> None:
        self.segment, self.text = segment, bytearray()
        if segment.name == CONTENT:
            self._begin_content(segment)
        elif segment.filename is not None and segment.name not in IGNORED_FILES:
            raise InvalidForm(f"The field {quoted(segment.name or '')} must be text, not a file.")

    def _begin_content(self, segment: MultipartSegment) -> None:
        if self.form.content is not None:
            raise InvalidForm("The field 'content' was sent twice; send one file for each upload.")
        if not segment.filename:
            raise InvalidForm("The field 'content' has no filename; send the distribution file.")
        if not _is_plain(segment):
            raise InvalidForm(
                "The field 'content' must have one filename without a path; send the name alone."
            )
        if (segment.content_type or "").startswith("image/"):
            raise InvalidForm("The field 'content' is an image; send a wheel or an sdist.")
        self.form.content, self.form.filename = self.content, segment.filename

    def _data(self, chunk: bytes | bytearray | memoryview) -> None:
        assert self.segment
        if self.segment.name == CONTENT:
            self.content.write(chunk)
            return
        self.text_total += len(chunk)
        if self.text_total > TEXT_LIMIT:
            raise ParserLimitReached("too much text")
        self.text += chunk

    def _end(self) -> None:
        assert self.segment
        name = self.segment.name or ""
        if name == CONTENT or name in IGNORED_FILES:
            return
        self.form.fields.setdefault(name, []).append(_decoded(name, self.text))


def _is_plain(segment: MultipartSegment) -> bool:
    """Whether the part has one filename; the parser cuts paths and takes the last of several."""
    values = [value for name, value in segment.headerlist if name == "Content-Disposition"]
    found = [match for value in values for match in _FILENAME.findall(value)]
    return len(values) == 1 and found == [""]


def _decoded(name: str, text: bytearray) -> str:
    try:
        value = text.decode()
    except UnicodeDecodeError:
        raise InvalidForm(f"The field {quoted(name)} is not UTF-8; encode it so.") from None
    if "\0" in value:
        raise InvalidForm(f"The field {quoted(name)} contains a NUL character; remove it.")
    return value


def _check_action(action: str) -> None:
    if action in GONE_ACTIONS:
        raise ActionGone(f"The action {action!r} is no longer offered; upload files instead.")
    if action != "file_upload":
        raise InvalidForm("The field ':action' must be 'file_upload'; use twine or uv publish.")


def _check_digests(form: Form, content: Incoming) -> None:
    """At least one digest, and every one that is sent must match, in any case of hex."""
    sent = {name: form.one(name).lower() for name in DIGESTS if form.one(name)}
    if not sent:
        raise InvalidForm(f"Send at least one digest: {', '.join(DIGESTS)}.")
    for name, value in sent.items():
        if not hmac.compare_digest(value.encode(), content.digest(DIGESTS[name]).encode()):
            raise WrongDigest(
                f"{name} does not match the file that arrived; it was damaged on its way or the"
                " digest is of another file, so build and upload it again."
            )


def missing_slash(request: HttpRequest, path: str) -> MissingSlash:
    """What to answer an upload to an address that lacks its final slash."""
    discard_rest(request)
    address = request.build_absolute_uri(path)
    return MissingSlash(
        f"The upload address is {address} with a slash at the end; correct the repository URL.",
        headers={"Location": address},
    )


def discard_rest(request: HttpRequest, limit: int = 64 * 1024 * 1024) -> None:
    """Read what a refused client still sends, so that he comes to read the answer; bounded."""
    with contextlib.suppress(OSError, UnreadablePostError, ValueError):
        while limit > 0 and (chunk := request.read(CHUNK)):
            limit -= len(chunk)
