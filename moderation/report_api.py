"""The JSON API of observations, for trusted scanners.

``/api/v1/projects/<name>/observations/`` and ``/api/v1/people/<username>/observations/``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from moderation import observations
from moderation.models import Observation, ObservationKind, Severity, Source, Subject
from moderation.models.observations import TEXT_LENGTH
from moderation.observations import EXCERPT_LENGTH, MOST_LINES, Report
from packages import access, keepers, names, readers
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


class PersonReportSerializer(serializers.Serializer):
    """What a scanner sends about a person."""

    kind = serializers.ChoiceField(choices=ObservationKind.values)
    text = serializers.CharField(min_length=10, max_length=TEXT_LENGTH)
    severity = serializers.ChoiceField(choices=list(SEVERITIES), allow_null=True, default=None)


class ReportSerializer(PersonReportSerializer):
    """What a scanner sends about a project."""

    version = serializers.CharField(max_length=64, allow_blank=True, default="")
    filename = serializers.CharField(max_length=FILENAME_LENGTH, allow_blank=True, default="")
    lines = serializers.ListField(child=LineSerializer(), default=list, max_length=MOST_LINES)


class ObservationsView(APIView):
    """POST files an observation, GET lists those of the scanner itself, the newest first."""

    permission_classes = [IsAuthenticated]

    def post(self, request: Request, name: str) -> Response:
        """201 with the observation; the same report again is the same observation."""
        _require_scanner(request)
        given = _valid(ReportSerializer, request)
        subject = _subject(_project(request, name), given["version"], given["filename"])
        return _filed(request, subject, given)

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
        return _listed(rows)


class PersonObservationsView(APIView):
    """The same about a person who is named here; whoever is not seems not to be there."""

    permission_classes = [IsAuthenticated]

    def post(self, request: Request, username: str) -> Response:
        """201 with the observation; the same report again is the same observation."""
        _require_scanner(request)
        given = _valid(PersonReportSerializer, request)
        return _filed(request, _person(request, username), given)

    def get(self, request: Request, username: str) -> Response:
        """At most 100."""
        _require_scanner(request)
        person = _person(request, username)
        mine = Observation.objects.filter(reporter=request.user.pk, case__person=person)
        return _listed(mine.select_related("case").order_by("-reported_at", "-pk")[:SHOWN])


def _valid(kind: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _filed(request: Request, subject: Subject, given: dict[str, Any]) -> Response:
    severity = SEVERITIES.get(given["severity"] or "")
    report = Report(given["kind"], given["text"], given.get("lines", ()), severity=severity)
    actor = actor_of(request)
    made = observations.report(subject, report, actor=actor, source=Source.SCANNER)
    return Response(_described(made), status=201, headers=PRIVATE)


def _listed(rows: Iterable[Observation]) -> Response:
    return Response({"observations": [_described(row) for row in rows]}, headers=PRIVATE)


def _person(request: Request, username: str) -> User:
    return keepers.known_person(username, readers.of_request(request._request))


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
