"""``/healthz``: may traffic come here?"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.files.storage import storages
from django.db import connection
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and the blob store can be asked; else 503 and which failed."""
    results = {name: _passes(probe) for name, probe in PROBES.items()}
    healthy = all(results.values())
    body = {
        "status": "ok" if healthy else "unavailable",
        "checks": {name: "ok" if passed else "failed" for name, passed in results.items()},
    }
    response = JsonResponse(body, status=200 if healthy else 503)
    response["Cache-Control"] = "no-store"
    return response


def _passes(probe: Callable[[], None]) -> bool:
    try:
        probe()
    except Exception:  # noqa: BLE001 - every storage fails with errors of its own
        return False
    return True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")


def _files() -> None:
    storages["files"].exists("healthz")
    settings.INCOMING_DIR.mkdir(parents=True, exist_ok=True)


PROBES: dict[str, Callable[[], None]] = {"database": _database, "files": _files}
