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
    status = _answer(request, case) if request.method == "POST" else 200
    if status == 302:
        return redirect("case-answer", pk)
    thread = case.notes.filter(kind__in=(Note.Kind.QUESTION, Note.Kind.ANSWER))
    context = {
        "case": case,
        "thread": thread.select_related("author"),
        "text": _text(request),
        "length": cases.ANSWER_LENGTH,
        "open": cases.may_answer(case, actors.of_request(request).user),
    }
    return render(request, "moderation/answer.html", context, status=status)


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


def _answer(request: HttpRequest, case: Case) -> int:
    """The status of the page that comes of it."""
    try:
        cases.answer(case, actor=actors.of_request(request), text=_text(request))
    except Problem as problem:
        messages.error(request, problem.detail)
        return problem.status
    messages.success(request, "Thank you. The moderators have your answer.")
    return 302


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "").replace("\0", "")
