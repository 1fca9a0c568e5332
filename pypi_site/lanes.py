"""Which lanes answer ahead of Django, in their order (see `pypi_site.lib.wsgi`)."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from packages.simple import file_lane
from packages.simple import lane as simple_lane
from pypi_site.lib.wsgi import Environ, Lane, StartResponse

# That of files first: on a host of their own it refuses whatever is no file.
LANES: tuple[Lane, ...] = (file_lane.answer, simple_lane.answer)


def at_once(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
    """What a server may send without waiting for anything: a prepared page that is in memory.

    On the host of files there is none.
    """
    if settings.FILES_ORIGIN and file_lane.is_files_host(environ):
        return None
    return simple_lane.answer_from_memory(environ, start_response)


class WithLanes:
    """A WSGI application: the first lane that answers, else `application`.

    `at_once` is for a server's loop (`pypi_site.at_once`), where nothing may wait.
    """

    at_once = staticmethod(at_once)

    def __init__(self, application: Lane, lanes: tuple[Lane, ...] = LANES) -> None:
        self.application = application
        self.lanes = lanes

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        for lane in self.lanes:
            answer = lane(environ, start_response)
            if answer is not None:
                return answer
        return self.application(environ, start_response) or ()
