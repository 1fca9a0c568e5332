"""``POST /pypi`` and ``/RPC2``: the XML-RPC methods of all apps behind one address."""

from __future__ import annotations

import gzip
import inspect
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin
from xmlrpc.client import Fault

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from accounts.authentication import CredentialsNeeded
from accounts.limits import SharedWindow
from packages import journal, readers
from packages import xmlrpc as packages
from packages.models import Reader
from packages.models.reader import ANYBODY
from pypi_site.lib import xmlrpc
from pypi_site.lib.problems import Problem, TooLarge
from pypi_site.lib.ratelimit import TooManyRequests, source_of
from pypi_site.lib.xmlrpc import BAD_ARGUMENTS, FAILED, NO_METHOD, TRANSPORT, Call
from search import xmlrpc as search

BODY_LIMIT = 64 * 1024  # bytes; a call takes some hundred
COMPRESS_FROM = 1024  # bytes
CHUNK = 64 * 1024
GZIP = 31  # zlib's word for a gzip header around a window of 32 KiB
calls = SharedWindow("xmlrpc", 3600)

Method = Callable[..., Any]


def list_methods() -> list[str]:
    """The names of all methods."""
    return sorted(METHODS)


def method_help(method: str) -> str:
    """How a method is called, and what it answers."""
    called = _method(method)
    return f"{method}{_signature(called)}\n\n{inspect.getdoc(called)}"


METHODS: dict[str, Method] = {
    "system.listMethods": list_methods,
    "system.methodHelp": method_help,
    **{
        method.__name__: method
        for method in (
            packages.changelog_last_serial,
            packages.changelog_since_serial,
            packages.changelog,
            packages.updated_releases,
            packages.list_packages,
            packages.list_packages_with_serial,
            packages.package_roles,
            packages.user_packages,
            packages.package_releases,
            packages.release_urls,
            packages.release_data,
            packages.browse,
            search.search,
        )
    },
}


@csrf_exempt  # nothing is changed by any method
def endpoint(request: HttpRequest) -> HttpResponseBase:
    """One call.  What goes wrong is a fault, and too much is a fault with status 429."""
    try:
        calls.require(source_of(request), settings.XMLRPC_PER_HOUR)
        call = xmlrpc.read_call(_body(request))
        reader = readers.of_request(request)
        if refusal := readers.refusal_of(request):
            raise CredentialsNeeded(refusal.detail)
        if call.method in PREPARED and not call.arguments and reader == ANYBODY:
            return _prepared(request, call)
        return _respond(request, xmlrpc.answer(_result(call, reader)))
    except CredentialsNeeded:
        raise
    except TooManyRequests as refusal:
        response = _respond(request, xmlrpc.fault(Fault(TRANSPORT, refusal.detail)))
        response.status_code = refusal.status
        response["Retry-After"] = refusal.headers["Retry-After"]
        return response
    except Problem as refusal:
        return _respond(request, xmlrpc.fault(Fault(FAILED, refusal.detail)))
    except Fault as fault:
        return _respond(request, xmlrpc.fault(fault))


def _body(request: HttpRequest) -> bytes:
    body = request.read(BODY_LIMIT + 1)
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"A call takes {BODY_LIMIT} bytes at most.")
    return body


# -- methods and their arguments -----------------------------------------------------------------


def _result(call: Call, reader: Reader) -> Any:
    method = _method(call.method)
    _require_arguments(call, _signature(method))
    if "to" in inspect.signature(method).parameters:
        return method(*call.arguments, to=reader)
    return method(*call.arguments)


def _method(name: str) -> Method:
    if name not in METHODS:
        known = "call system.listMethods for those that there are"
        raise Fault(NO_METHOD, f"There is no method {name[:64]!r}; {known}.")
    return METHODS[name]


def _signature(method: Method) -> inspect.Signature:
    """What a call gives; who asks is no part of it."""
    whole = inspect.signature(method, eval_str=True)
    positional = [each for each in whole.parameters.values() if each.kind is not each.KEYWORD_ONLY]
    return whole.replace(parameters=positional)


def _require_arguments(call: Call, signature: inspect.Signature) -> None:
    """Arguments come from strangers: their number and types are those of the signature."""
    misfit = Fault(BAD_ARGUMENTS, f"Call it as {call.method}{signature}.")
    try:
        bound = signature.bind(*call.arguments).arguments
    except TypeError:
        raise misfit from None
    parameters = signature.parameters
    if not all(fits(value, parameters[name].annotation) for name, value in bound.items()):
        raise misfit


def fits(value: Any, annotation: Any) -> bool:
    """Whether a value has the type: a class, a union of classes, or a list or dict of them."""
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    kind = get_origin(annotation)
    if kind is list:
        return isinstance(value, list) and all(
            fits(item, get_args(annotation)[0]) for item in value
        )
    return isinstance(value, dict if kind is dict else annotation)


# -- answers -------------------------------------------------------------------------------------


def _respond(request: HttpRequest, pieces: Iterator[str]) -> HttpResponse:
    body = "".join(pieces).encode()
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if len(body) >= COMPRESS_FROM and _takes_gzip(request):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="text/xml; charset=utf-8", headers=headers)


def _takes_gzip(request: HttpRequest) -> bool:
    accepted = request.headers.get("Accept-Encoding", "").lower().split(",")
    return "gzip" in {each.strip() for each in accepted}


def compressed(pieces: Iterator[str]) -> bytes:
    """All pieces as one gzip file, which is a tenth of them."""
    packer = zlib.compressobj(1, wbits=GZIP)
    packed = [packer.compress(piece.encode()) for piece in pieces]
    return b"".join([*packed, packer.flush()])


def inflated(body: bytes) -> Iterator[bytes]:
    """The same again, a megabyte or so at a time."""
    unpacker = zlib.decompressobj(wbits=GZIP)
    for start in range(0, len(body), CHUNK):
        yield unpacker.decompress(body[start : start + CHUNK])


class Prepared:
    """The compressed answer to one method, kept until anything in the index changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._serial = -1
        self._body = b""

    def body(self, call: Call) -> bytes:
        """Written by one thread while others wait; the serial is read before the rows are."""
        serial = journal.last_serial()
        with self._lock:
            if self._serial != serial:
                self._body = compressed(xmlrpc.answer(_result(call, ANYBODY)))
                self._serial = serial
            return self._body


PREPARED = {name: Prepared() for name in ("list_packages", "list_packages_with_serial")}


def _prepared(request: HttpRequest, call: Call) -> HttpResponseBase:
    body = PREPARED[call.method].body(call)
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    kind = "text/xml; charset=utf-8"
    if _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return HttpResponse(body, content_type=kind, headers=headers)
    return StreamingHttpResponse(inflated(body), content_type=kind, headers=headers)
