"""The JSON API of verbs: ``POST /api/v1/projects/<name>/...`` as its owner, with a token.

Every body is ``{"reason": "..."}`` and what the verb asks for besides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actors
from accounts.actors import Actor
from accounts.models import ApiToken
from packages import access, files, names, projects, readers, releases, renames
from packages.choices import REASON_LENGTH
from packages.models import File, Project, Release
from packages.models.project import NAME_LENGTH, SUCCESSOR_LENGTH
from pypi_site.lib.problems import NotFound, ReasonNeeded

PRIVATE = {"Cache-Control": "private, no-store"}


class BodySerializer(serializers.Serializer):
    """What may stand in the body of a verb."""

    reason = serializers.CharField(max_length=REASON_LENGTH, allow_blank=True, default="")
    name = serializers.CharField(max_length=NAME_LENGTH, default="")
    successor = serializers.CharField(max_length=SUCCESSOR_LENGTH, allow_blank=True, default="")
    confirm = serializers.CharField(max_length=NAME_LENGTH, default="")
    redirects = serializers.BooleanField(default=True)


Body = dict[str, Any]


class VerbView(APIView):
    """One verb.  A subclass says what it is about, and how the answer tells of it."""

    permission_classes = [IsAuthenticated]
    verb: Callable[..., Any] | None = None
    reason_needed = False

    def post(self, request: Request, **place: str) -> Response:
        """Do it: 200 with what it is now."""
        return Response(self.act(request, **place), headers=PRIVATE)

    def act(self, request: Request, **place: str) -> Body:
        actor, body = actor_of(request), self.body_of(request)
        assert self.verb
        return self.describe(self.call(self.verb, self.find(actor, **place), actor, body))

    def body_of(self, request: Request) -> Body:
        """What was sent.  Raises `ReasonNeeded` where the verb wants one."""
        data = request.data if isinstance(request.data, dict) else {}
        serializer = BodySerializer(data=data)
        serializer.is_valid(raise_exception=True)
        body: Body = serializer.validated_data
        if self.reason_needed and not body["reason"].strip():
            raise ReasonNeeded('Say why: send {"reason": "..."} with the request.')
        return body

    def call(self, verb: Callable[..., Any], subject: Any, actor: Actor, body: Body) -> Any:
        return verb(subject, actor=actor, reason=body["reason"].strip())

    def find(self, actor: Actor, **place: str) -> Any:
        raise NotImplementedError

    def describe(self, subject: Any) -> Body:
        raise NotImplementedError


def _project(actor: Actor, place: dict[str, str]) -> Project:
    return access.known_project(names.normalize(place["name"]), readers.who_acts(actor))


class ProjectVerb(VerbView):
    """About a project; its owners find it when it is deleted, too."""

    def find(self, actor: Actor, **place: str) -> Project:
        try:
            return _project(actor, place)
        except NotFound:
            return access.project_of(actor, place["name"])

    def describe(self, subject: Project) -> Body:
        return {
            "name": subject.name,
            "normalized_name": subject.normalized_name,
            "private": subject.private,
            "status": subject.status,
            "status_reason": subject.status_reason,
            "successor": subject.successor,
            "deleted_at": subject.deleted_at,
            "former_names": list(subject.former_names.values("name", "redirects")),
        }


class DeprecateView(ProjectVerb):
    """``{"reason": "...", "successor": "..."}``."""

    def call(self, verb: Callable[..., Any], subject: Any, actor: Actor, body: Body) -> Any:
        successor = body["successor"]
        return verb(subject, actor=actor, reason=body["reason"].strip(), successor=successor)


class RenameView(ProjectVerb):
    """``{"name": "..."}``."""

    def call(self, verb: Callable[..., Any], subject: Any, actor: Actor, body: Body) -> Any:
        return verb(subject, body["name"], actor=actor, reason=body["reason"].strip())


class RedirectView(ProjectVerb):
    """``{"redirects": false}``: whether a former name leads to the project."""

    def act(self, request: Request, **place: str) -> Body:
        actor, on = actor_of(request), self.body_of(request)["redirects"]
        project = access.project_of(actor, place["name"])
        former = project.former_names.filter(normalized_name=names.normalize(place["former"]))
        found = former.first()
        if found is None:
            raise NotFound(f"{project} was never called {place['former']}.")
        renames.set_redirect(found, actor=actor, on=on)
        return self.describe(project)


class ReleaseVerb(VerbView):
    """About a release, be it in quarantine."""

    def find(self, actor: Actor, **place: str) -> Release:
        project = _project(actor, place)
        return access.any_release(project, place["version"])

    def describe(self, subject: Release) -> Body:
        left = subject.files.filter(deleted_at=None).order_by("filename")
        return {
            "version": subject.version,
            "yanked_at": subject.yanked_at,
            "yanked_reason": subject.yanked_reason,
            "files": list(left.values_list("filename", flat=True)),
        }


class FileVerb(VerbView):
    """About a file, be it in the bin."""

    def find(self, actor: Actor, **place: str) -> File:
        project = _project(actor, place)
        file = File.objects.filter(release__project=project, filename=place["filename"]).first()
        if file is None:
            raise NotFound(f"{project.name} has no file {place['filename']}.")
        return file

    def describe(self, subject: File) -> Body:
        return {
            "filename": subject.filename,
            "url": subject.get_absolute_url(),
            "yanked": subject.yank,
            "deleted_at": subject.deleted_at,
        }


class DeletingView(VerbView):
    """``DELETE`` puts it into the bin: 204."""

    reason_needed = True
    http_method_names = ["delete", "options"]

    def delete(self, request: Request, **place: str) -> Response:
        self.act(request, **place)
        return Response(status=204, headers=PRIVATE)


class DeleteFileView(DeletingView, FileVerb):
    verb = staticmethod(files.delete)


class DeleteReleaseView(DeletingView, ReleaseVerb):
    verb = staticmethod(releases.delete)


class DeleteProjectView(DeletingView, ProjectVerb):
    """``{"reason": "...", "confirm": "<name>"}``."""

    verb = staticmethod(projects.delete)

    def call(self, verb: Callable[..., Any], subject: Any, actor: Actor, body: Body) -> Any:
        projects.require_confirmed(subject, body["confirm"])
        return super().call(verb, subject, actor, body)


def actor_of(request: Request) -> Actor:
    """Whoever asks, with the token that he asks by."""
    token: Any = request.auth
    return actors.of_request(request._request, token if isinstance(token, ApiToken) else None)
