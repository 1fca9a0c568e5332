"""The JSON API of trusted publishers: ``/api/v1/projects/<name>/publishers/`` for owners,
``/api/v1/publishers/pending/`` for whoever prepares a project."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import issuers
from accounts.models import TokenAction, User
from packages import access, publishers, reach
from packages.models import Project, Publisher
from packages.models.project import NAME_LENGTH
from packages.verb_api import PRIVATE, actor_of
from pypi_site.lib.problems import NotFound


class PublisherSerializer(serializers.ModelSerializer):
    """A publisher; `pins` are the ids that were remembered at its first use."""

    id = serializers.UUIDField(source="identifier")
    issuer = serializers.SerializerMethodField()
    claims = serializers.JSONField(source="facts")
    project = serializers.SerializerMethodField()
    added_by = serializers.SerializerMethodField()

    class Meta:
        model = Publisher
        fields = ["id", "project", "issuer", "claims", "pins", "added_by", "added_at"]
        fields += ["last_used_at", "expires_at"]

    def get_issuer(self, publisher: Publisher) -> str:
        """Its name here, or its address if the settings name it no longer."""
        found = issuers.by_url(publisher.issuer)
        return found.name if found else publisher.issuer

    def get_project(self, publisher: Publisher) -> str:
        return publisher.project.name if publisher.project else publisher.pending_name

    def get_added_by(self, publisher: Publisher) -> str | None:
        return publisher.added_by.username if publisher.added_by else None


class BodySerializer(serializers.Serializer):
    """``{"issuer": "github", "claims": {"repository": ...}}``, and a name if it is pending."""

    issuer = serializers.CharField(max_length=40)
    claims = serializers.DictField(child=serializers.CharField(max_length=500, allow_blank=True))
    name = serializers.CharField(max_length=NAME_LENGTH, required=False, default="")


class PublisherViewSet(viewsets.ViewSet):
    """Of a project.  Whoever has no role on it finds nothing."""

    permission_classes = [IsAuthenticated]

    def list(self, request: Request, name: str) -> Response:
        """Every publisher, the oldest first; never more than a hundred."""
        project = self._project(request, name)
        found = project.publishers.select_related("project", "added_by").order_by("added_at")
        return _answer({"publishers": PublisherSerializer(found, many=True).data})

    def create(self, request: Request, name: str) -> Response:
        """Trust another CI job: 201."""
        body, project = _body(request), self._project(request, name)
        made = publishers.add(project, body["issuer"], body["claims"], actor=actor_of(request))
        return _answer(PublisherSerializer(made).data, 201)

    def destroy(self, request: Request, name: str, publisher: UUID) -> Response:
        """Trust it no longer: 204."""
        found = publishers.of_project(self._project(request, name), publisher)
        publishers.remove(found, actor=actor_of(request))
        return Response(status=204, headers=PRIVATE)

    def _project(self, request: Request, name: str) -> Project:
        actor = actor_of(request)
        reach.require_allowed(actor, TokenAction.MANAGE)
        return access.project_of(actor, name, access.UPLOADERS)


class PendingPublisherViewSet(viewsets.ViewSet):
    """Those that whoever asks has prepared."""

    permission_classes = [IsAuthenticated]

    def list(self, request: Request) -> Response:
        found = self._mine(request).select_related("added_by").order_by("added_at")
        return _answer({"publishers": PublisherSerializer(found, many=True).data})

    def create(self, request: Request) -> Response:
        """Prepare one: 201."""
        body = _body(request)
        made = publishers.prepare(
            body["name"], body["issuer"], body["claims"], actor=actor_of(request)
        )
        return _answer(PublisherSerializer(made).data, 201)

    def destroy(self, request: Request, publisher: UUID) -> Response:
        """Take it back: 204."""
        found = self._mine(request).filter(identifier=publisher).first()
        if found is None:
            raise NotFound("There is no such pending publisher of yours; it may have been used.")
        publishers.withdraw(found, actor=actor_of(request))
        return Response(status=204, headers=PRIVATE)

    def _mine(self, request: Request) -> Any:
        assert isinstance(request.user, User)
        publishers.require_whole(actor_of(request))
        return Publisher.objects.of_person(request.user)


def _body(request: Request) -> dict[str, Any]:
    serializer = BodySerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    body: dict[str, Any] = serializer.validated_data
    return body


def _answer(body: Any, status: int = 200) -> Response:
    return Response(body, status, headers=PRIVATE)
