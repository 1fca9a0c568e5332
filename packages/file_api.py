"""The JSON API of files: delete into the bin, restore (``/api/v1/projects/<name>/files/...``)."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actors
from accounts.actors import Actor
from accounts.models import ApiToken
from packages import access, files, names
from packages.models import File
from pypi_site.lib.problems import NotFound, ReasonNeeded


class FileView(APIView):
    """``DELETE`` puts a file into the bin."""

    permission_classes = [IsAuthenticated]

    def delete(self, request: Request, name: str, filename: str) -> Response:
        """Answers 204; the body is ``{"reason": "..."}``."""
        reason = _reason(request)
        if not reason:
            raise ReasonNeeded('Say why: send {"reason": "..."} with the request.')
        files.delete(_file(name, filename), actor=_actor(request), reason=reason)
        return Response(status=204)


class RestoreView(APIView):
    """``POST`` takes a file out of the bin."""

    permission_classes = [IsAuthenticated]

    def post(self, request: Request, name: str, filename: str) -> Response:
        """Answers with the file's address, which is the one that it had."""
        restored = _file(name, filename)
        file = files.restore(restored, actor=_actor(request), reason=_reason(request))
        return Response({"filename": file.filename, "url": file.get_absolute_url()})


def _reason(request: Request) -> str:
    body = request.data
    return str(body.get("reason") or "").strip() if isinstance(body, dict) else ""


def _actor(request: Request) -> Actor:
    token: Any = request.auth
    return actors.of_request(request._request, token if isinstance(token, ApiToken) else None)


def _file(name: str, filename: str) -> File:
    project = access.known_project(names.normalize(name))
    file = File.objects.filter(release__project=project, filename=filename).first()
    if file is None:
        raise NotFound(f"{project.name} has no file {filename}.")
    return file
