"""Pages of people whom a case concerns: answer a moderator's question."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts import actors
from moderation import cases
from moderation.models import Case, Concerned, Note
from pypi_site.lib.problems import Problem


@never_cache
@login_required
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The questions about an upload, and a field for the answer; 404 for everybody else."""
    case = _case_of(request, pk)
    if request.method == "POST" and _answer(request, case):
        return redirect("case-answer", pk)
    thread = case.notes.filter(kind__in=(Note.Kind.QUESTION, Note.Kind.ANSWER))
    context = {"case": case, "thread": thread.select_related("author"), "text": _text(request)}
    return render(request, "moderation/answer.html", context)


def _case_of(request: HttpRequest, pk: int) -> Case:
    mine = Case.objects.with_subjects().filter(
        concerned__user=request.user.pk,
        concerned__part__in=(Concerned.Part.UPLOADER, Concerned.Part.OWNER, Concerned.Part.SUBJECT),
        notes__kind=Note.Kind.QUESTION,
    )
    case = mine.filter(pk=pk).first()
    if case is None:
        raise Http404("Nobody has asked you anything here.")
    return case


def _answer(request: HttpRequest, case: Case) -> bool:
    try:
        cases.answer(case, actor=actors.of_request(request), text=_text(request))
    except Problem as problem:
        messages.error(request, problem.detail)
        return False
    messages.success(request, "Thank you. The moderators have your answer.")
    return True


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "").replace("\0", "")
