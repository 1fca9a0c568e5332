"""``GET /api/v1/projects/<name>/downloads/``: how often files were downloaded, and when."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.conf import settings
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from packages import access, downloads, names, readers
from packages.models import File
from packages.models.file import FileQuerySet
from pypi_site.lib.problems import Problem


class InvalidDays(Problem):
    """Downloads are told of the last days, today included."""

    code, title = "invalid-days", "Number of days not understood"


class DownloadsView(APIView):
    """A project's downloads in the last ``?days=`` (30), by day, version and file.

    With ``?version=`` those of one release, and of each of its files by day, too.
    """

    permission_classes = [AllowAny]

    def get(self, request: Request, name: str) -> Response:
        reader = readers.of_request(request._request)
        project = access.known_project(names.normalize(name), reader)
        files = File.objects.standing().filter(release__project=project)
        days, version = _days(request), request.query_params.get("version", "")
        told = {"name": project.name, "first_day": downloads.first_of(days)}
        if version:
            release = access.offered_release(project, version)
            body = _of_release(files.filter(release=release), days)
            return Response({**told, "version": release.version, **body})
        by_day = downloads.by_day(project, days)
        return Response({**told, "days": by_day, **_by_version(files, days)})


def _days(request: Request) -> int:
    most = max(settings.DOWNLOAD_DAYS, downloads.MONTH)
    asked = request.query_params.get("days", str(downloads.MONTH))
    if not (asked.isascii() and asked.isdigit() and len(asked) < 6 and 0 < int(asked) <= most):
        raise InvalidDays(f"Say days=1 to days={most}; older days are kept as months only.")
    return int(asked)


def _by_version(files: FileQuerySet, days: int) -> dict[str, Any]:
    """Versions in their order, each with its files; those that nobody downloaded, too."""
    rows = list(files.in_order().values_list("pk", "release__version", "filename"))
    counts = downloads.of_files([key for key, _, _ in rows], days)
    versions: Counter[str] = Counter()
    for key, version, _ in rows:
        versions[version] += counts.get(key, 0)
    by_file = {filename: counts.get(key, 0) for key, _, filename in rows}
    return {"versions": versions, "files": by_file}


def _of_release(files: FileQuerySet, days: int) -> dict[str, Any]:
    rows = list(files.in_order().values_list("pk", "filename"))
    counts = downloads.of_files_by_day([key for key, _ in rows], days)
    total: Counter[str] = Counter()
    for of_file in counts.values():
        total.update(of_file)
    by_file = {filename: counts.get(key, {}) for key, filename in rows}
    return {"days": dict(sorted(total.items())), "files": by_file}
