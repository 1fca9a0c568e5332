"""The JSON API of stages: ``/api/v1/projects/<name>/stages/``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import actors
from accounts.actors import Actor
from accounts.models import ApiToken
from packages import access
from packages.models import FileSession, Stage, StageStatus
from packages.uploads import staging
from pypi_site.lib.problems import NotFound

PRIVATE = {"Cache-Control": "private, no-store"}


class StagedFileSerializer(serializers.ModelSerializer):
    """A file of a stage; `sha256` is "" where the client announced another digest."""

    sha256 = serializers.SerializerMethodField()

    class Meta:
        model = FileSession
        fields = ["filename", "status", "notices", "size", "sha256"]

    def get_sha256(self, file: FileSession) -> str:
        return file.received or str(file.hashes.get("sha256", ""))


class StageSerializer(serializers.ModelSerializer):
    """A stage.  `preview_url` is a secret: whoever has it can install what is staged."""

    id = serializers.UUIDField(source="identifier")
    project = serializers.CharField(source="project.name")
    files = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    preview_url = serializers.SerializerMethodField()

    class Meta:
        model = Stage
        fields = ["id", "project", "version", "status", "notices", "created_at", "expires_at"]
        fields += ["closed_at", "files", "url", "preview_url"]

    def get_files(self, stage: Stage) -> list[dict[str, Any]]:
        live = stage.file_sessions.live().order_by("filename")
        return list(StagedFileSerializer(live, many=True).data)

    def get_url(self, stage: Stage) -> str:
        place = [stage.project.normalized_name, stage.identifier]
        return reverse("api-stage", args=place, request=self.context["request"])

    def get_preview_url(self, stage: Stage) -> str | None:
        if stage.closed_at is not None or not settings.UPLOAD_PREVIEWS:
            return None
        return reverse("stage", args=[stage.session_token], request=self.context["request"])


class ReasonSerializer(serializers.Serializer):
    """What may stand in the body of a change."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class StageViewSet(viewsets.ViewSet):
    """What is staged of a project, for those who have a role on it; nobody else finds it."""

    permission_classes = [IsAuthenticated]

    def list(self, request: Request, name: str) -> Response:
        """The live stages, the newest version first; never more than a few."""
        project = access.role_on(_actor(request), name).project
        stages = StageSerializer(
            staging.sessions_of(project), many=True, context={"request": request}
        )
        return _private({"stages": stages.data, "stages_uploads": project.stages_uploads})

    def retrieve(self, request: Request, name: str, session: UUID) -> Response:
        """One stage, be it published or discarded by now."""
        project = access.role_on(_actor(request), name).project
        stage = project.stages.sessions().filter(identifier=session).first()
        if stage is None:
            raise NotFound(f"{project} has no such stage; it may have been discarded.")
        return _answer(request, stage)

    def destroy(self, request: Request, name: str, session: UUID) -> Response:
        """Discard a stage: 204."""
        stage = staging.session_to_change(_actor(request), name, session)
        staging.cancel(stage, actor=_actor(request), reason=_reason(request))
        return Response(status=204, headers=PRIVATE)

    def publish(self, request: Request, name: str, session: UUID) -> Response:
        """Publish a stage: 200 when it is public, 202 when it waits for a moderator."""
        stage = staging.session_to_change(_actor(request), name, session)
        stage = staging.publish(stage, actor=_actor(request), reason=_reason(request))
        return _answer(request, stage, 202 if stage.status == StageStatus.PROCESSING else 200)


def _actor(request: Request) -> Actor:
    token: Any = request.auth
    return actors.of_request(request._request, token if isinstance(token, ApiToken) else None)


def _reason(request: Request) -> str:
    body = ReasonSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    return str(body.validated_data["reason"])


def _answer(request: Request, stage: Stage, status: int = 200) -> Response:
    return _private(StageSerializer(stage, context={"request": request}).data, status)


def _private(body: Any, status: int = 200) -> Response:
    return Response(body, status, headers=PRIVATE)
