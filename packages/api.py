"""The JSON API of projects: ``/api/v1/projects/``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from packages import access, downloads, names, provenance, readers
from packages.models import File, Project, ProjectStatus, Release
from packages.models.project import ProjectQuerySet
from packages.verb_api import DeleteProjectView


class FileSerializer(serializers.ModelSerializer):
    """A published file; sizes in bytes, digests in lower-case hex."""

    url = serializers.CharField(source="get_absolute_url")
    yanked = serializers.SerializerMethodField()
    published_by = serializers.SerializerMethodField()

    class Meta:
        model = File
        fields = [
            "filename",
            "filetype",
            "url",
            "size",
            "sha256",
            "blake2b_256",
            "requires_python",
            "uploaded_at",
            "yanked",
            "published_by",
        ]

    def get_yanked(self, file: File) -> str | bool:
        return file.yank

    def get_published_by(self, file: File) -> dict[str, str] | None:
        """The CI job that uploaded it, with addresses to look at; None if a person did."""
        job = provenance.of(file.uploaded_by_ci)
        return asdict(job) if job else None


class ReleaseSerializer(serializers.ModelSerializer):
    """A release and its files."""

    files = serializers.SerializerMethodField()

    class Meta:
        model = Release
        fields = ["version", "summary", "requires_python", "published_at", "yanked_at"]
        fields += ["yanked_reason", "files"]

    def get_files(self, release: Release) -> list[dict[str, Any]]:
        files: list[File] = getattr(release, "offered_files")  # noqa: B009 - set by Prefetch
        for file in files:
            file.release = release  # the answer needs the release's yank, not another query
        return list(FileSerializer(files, many=True).data)


class ProjectSerializer(serializers.ModelSerializer):
    """A project as the list shows it."""

    class Meta:
        model = Project
        fields = ["name", "normalized_name", "private", "status", "status_reason", "successor"]
        fields += ["published_at", "serial"]

    successor = serializers.SerializerMethodField()

    def get_successor(self, project: Project) -> str:
        """Only while it is deprecated: a quarantine hides it."""
        return project.successor if project.status == ProjectStatus.DEPRECATED else ""


class ProjectViewSet(viewsets.ReadOnlyModelViewSet):
    """Projects that may be found; by any spelling of the name."""

    serializer_class = ProjectSerializer
    lookup_value_regex = r"[A-Za-z0-9][A-Za-z0-9._-]*"

    def get_queryset(self) -> ProjectQuerySet:
        return Project.objects.listed(readers.of_request(self.request._request))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Delete a project, as its owner: 204."""
        return DeleteProjectView.as_view()(request._request, name=kwargs["pk"])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One project with its downloads and its releases, newest first."""
        reader = readers.of_request(request._request)
        project = access.known_project(names.normalize(kwargs["pk"]), reader)
        standing = File.objects.standing().select_related("uploaded_by_ci").in_order()
        offered = Prefetch("files", standing, to_attr="offered_files")
        releases = project.releases.standing().newest_first().prefetch_related(offered)
        body = ProjectSerializer(project).data
        listed = ReleaseSerializer(releases, many=True).data
        return Response({**body, "downloads": _downloads(project), "releases": listed})


def _downloads(project: Project) -> dict[str, int]:
    """Today, in 7 and in 30 days (today included), and ever."""
    return {**downloads.recent(project)._asdict(), "total": downloads.total(project)}
