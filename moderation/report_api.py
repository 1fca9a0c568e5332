"""The JSON API of observations, for trusted scanners: ``/api/v1/projects/<name>/observations/``."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderation import observations
from moderation.models import Observation, ObservationKind, Severity, Source, Subject
from moderation.models.observations import TEXT_LENGTH
from moderation.observations import EXCERPT_LENGTH, MOST_LINES, Report
from packages import access, names, readers
from packages.models import File, Project
from packages.models.file import FILENAME_LENGTH
from packages.verb_api import PRIVATE, actor_of
from pypi_site.lib.problems import NotFound, Refused

SEVERITIES = {severity.label.lower(): int(severity) for severity in Severity}
SHOWN = 100


class LineSerializer(serializers.Serializer):
    """A place in a file."""

    member = serializers.CharField(max_length=EXCERPT_LENGTH)
    line = serializers.IntegerField(min_value=1, max_value=2**31, allow_null=True, default=None)
    excerpt = serializers.CharField(max_length=EXCERPT_LENGTH, allow_blank=True, default="")


class ReportSerializer(serializers.Serializer):
    """What a scanner sends."""

    kind = serializers.ChoiceField(choices=ObservationKind.values)
    text = serializers.CharField(min_length=10, max_length=TEXT_LENGTH)
    severity = serializers.ChoiceField(choices=list(SEVERITIES), allow_null=True, default=None)
    version = serializers.CharField(max_length=64, allow_blank=True, default="")
    filename = serializers.CharField(max_length=FILENAME_LENGTH, allow_blank=True, default="")
    lines = serializers.ListField(child=LineSerializer(), default=list, max_length=MOST_LINES)


class ObservationsView(APIView):
    """POST files an observation, GET lists those of the scanner itself, the newest first."""

    permission_classes = [IsAuthenticated]

    def post(self, request: Request, name: str) -> Response:
        """201 with the observation; the same report again is the same observation."""
        actor = actor_of(request)
        _require_scanner(request)
        serializer = ReportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        subject = _subject(_project(request, name), given["version"], given["filename"])
        severity = SEVERITIES.get(given["severity"] or "")
        report = Report(given["kind"], given["text"], given["lines"], severity=severity)
        made = observations.report(subject, report, actor=actor, source=Source.SCANNER)
        return Response(_described(made), status=201, headers=PRIVATE)

    def get(self, request: Request, name: str) -> Response:
        """At most 100."""
        _require_scanner(request)
        project = _project(request, name)
        mine = Observation.objects.filter(reporter=request.user.pk).select_related("case")
        about = [
            mine.filter(case__project=project),
            mine.filter(case__release__project=project),
            mine.filter(case__file__release__project=project),
        ]
        rows = (about[0] | about[1] | about[2]).order_by("-reported_at", "-pk")[:SHOWN]
        listed = [_described(row) for row in rows]
        return Response({"observations": listed}, headers=PRIVATE)


def _require_scanner(request: Request) -> None:
    if not observations.may_report_by_program(actor_of(request)):
        raise Refused("Only trusted scanners report by API; report it on the project's page.")


def _project(request: Request, name: str) -> Project:
    reader = readers.of_request(request._request)
    return access.known_project(names.normalize(name), reader)


def _subject(project: Project, version: str, filename: str) -> Subject:
    """The nearest thing that was named: a file, a release, else the project."""
    if filename:
        found = File.objects.filter(release__project=project, filename=filename, deleted_at=None)
        file = found.select_related("release__project").first()
        if file is None:
            raise NotFound(f"{project.name} has no file {filename}.")
        return file
    return access.any_release(project, version) if version else project


def _described(observation: Observation) -> dict[str, Any]:
    return {
        "id": observation.pk,
        "kind": observation.kind,
        "about": observation.case.title,
        "text": observation.text,
        "lines": observation.lines,
        "reported_at": observation.reported_at,
        "state": observations.state_of(observation),
    }
