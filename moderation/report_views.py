"""Report a project or a person: pages for everybody, and what became of what one reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts import actors
from accounts.models import User
from moderation import appeals, observations
from moderation.models import Observation, ObservationKind, Subject
from moderation.models.observations import TEXT_LENGTH
from moderation.observations import Report
from packages import access, insiders, keepers, names, readers
from packages.models import Project, Release
from pypi_site.lib.problems import NotFound, Problem

MOST_VERSIONS = 100
SHOWN = 50
_THANKS = "Thank you. The moderators look at it."
_PLACE = re.compile(r"(?P<member>.*?)(?::(?P<line>\d{1,7}))?\Z", re.DOTALL)


class PersonReportForm(forms.Form):
    """What somebody did; `website` is for programs that fill in every field."""

    kind = forms.ChoiceField(
        label="What is wrong?", choices=[("", "Choose"), *ObservationKind.choices]
    )
    text = forms.CharField(
        label="What did you see?",
        min_length=10,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Moderators read it, and nobody else. Say what it does and how you noticed.",
    )
    email = forms.EmailField(
        label="Your e-mail address",
        required=False,
        help_text="If you want to hear what becomes of it.",
    )
    website = forms.CharField(required=False)

    def __init__(self, *args: Any, known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:  # whoever has an account is told by that
            del self.fields["email"]

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).replace("\0", "")

    @property
    def is_by_program(self) -> bool:
        """Nobody sees the field, so no person fills it in."""
        return bool(self.data.get("website"))

    def places(self) -> list[dict[str, Any]]:
        """Where in the files it is; of a person there are none."""
        return []

    def report(self) -> Report:
        given = self.cleaned_data
        return Report(given["kind"], given["text"], self.places(), given.get("email", ""))


class ReportForm(PersonReportForm):
    """What is wrong with which release, and where."""

    version = forms.ChoiceField(label="What is it about?", required=False)
    place = forms.CharField(
        label="Where in the files?",
        required=False,
        max_length=300,
        help_text="A file and a line, such as <code>demo/__init__.py:12</code>.",
    )
    field_order = ("version", "kind", "text", "place", "email")

    def __init__(self, project: Project, *args: Any, known: bool, **kwargs: Any) -> None:
        super().__init__(*args, known=known, **kwargs)
        releases = project.releases.standing().newest_first()[:MOST_VERSIONS]
        versions = [(each.version, f"{project.name} {each.version}") for each in releases]
        field = self.fields["version"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", f"{project.name} as a whole"), *versions]

    def places(self) -> list[dict[str, Any]]:
        return [place] if (place := _place(self.cleaned_data["place"])) else []


def _place(text: str) -> dict[str, Any] | None:
    """``demo/__init__.py:12`` as member and line."""
    match = _PLACE.fullmatch(text.strip())
    if not match or not match["member"]:
        return None
    return {"member": match["member"], "line": int(match["line"]) if match["line"] else None}


@never_cache
def report(request: HttpRequest, name: str) -> HttpResponse:
    """The form; what is sent becomes an observation, and the answer is the same for everybody."""
    project = _project(request, name)
    known = request.user.is_authenticated
    version = request.GET.get("version", "")
    form = ReportForm(project, request.POST or None, known=known, initial={"version": version})
    if form.is_valid() and _send(request, form, partial(_subject, project, form)):
        messages.success(request, _THANKS)
        return redirect(project)
    people = insiders.standings(project)
    context = {"name": project.name, "project": project, "form": form, "people": people}
    return render(request, "moderation/report.html", context)


@never_cache
def report_person(request: HttpRequest, username: str) -> HttpResponse:
    """The same about somebody who is named here; whoever is not seems not to be there."""
    try:
        person = keepers.known_person(username, readers.of_request(request))
    except NotFound as problem:
        raise Http404(problem.detail) from None
    form = PersonReportForm(request.POST or None, known=request.user.is_authenticated)
    if form.is_valid() and _send(request, form, lambda: person):
        messages.success(request, _THANKS)
        return redirect("home")
    context = {"name": person.username, "form": form}
    return render(request, "moderation/report.html", context)


def _project(request: HttpRequest, name: str) -> Project:
    """Only what has a page for whoever asks can be reported; all else seems not to be there."""
    try:
        return access.known_project(names.normalize(name), readers.of_request(request))
    except NotFound as problem:
        raise Http404(problem.detail) from None


def _send(request: HttpRequest, form: PersonReportForm, subject: Callable[[], Subject]) -> bool:
    if form.is_by_program:
        return True
    try:
        observations.report(subject(), form.report(), actor=actors.of_request(request))
    except Problem as problem:
        form.add_error(None, problem.detail)
        return False
    return True


def _subject(project: Project, form: ReportForm) -> Project | Release:
    version = form.cleaned_data["version"]
    return access.offered_release(project, version) if version else project


@never_cache
@login_required
def reports(request: HttpRequest) -> HttpResponse:
    """What somebody has reported, and what became of it."""
    user = request.user
    assert isinstance(user, User)
    mine = Observation.objects.filter(reporter=user).select_related("case__project")
    rows = list(mine.order_by("-reported_at", "-pk")[:SHOWN])
    answers = appeals.answers_to_reports(user, {row.case_id for row in rows})
    listed = [(row, observations.state_of(row), answers.get(row.case_id)) for row in rows]
    return render(request, "moderation/reports.html", {"reports": listed, "home": reverse("home")})
