"""Which CI jobs may publish: ``/project/<name>/publishers/``, and ``/accounts/publishers/`` for new
projects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import actors, issuers, sensitive
from accounts.claims import TEXT_LENGTH
from accounts.issuers import Issuer
from accounts.models import User
from packages import access, choices, manage_views, publishers
from packages.choices import Ask, Choice
from packages.models import Project, Publisher
from packages.models.project import NAME_LENGTH
from packages.views import Snippet
from pypi_site.lib.http import written
from pypi_site.lib.problems import Problem

PAGE, OWN_PAGE = "project-publishers", "pending-publishers"
NAME_HELP = "Of the project that the first upload registers. Nothing is reserved until then."
Given = dict[str, str]


@dataclass(frozen=True)
class Item:
    """A publisher as the page tells of it; `unknown` if the settings lack its issuer by now."""

    publisher: Publisher
    title: str
    facts: list[tuple[str, str]]
    choice: Choice | None
    unknown: bool


# -- of a project ---------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def of_project(request: HttpRequest, name: str) -> HttpResponse:
    """The publishers of a project; maintainers see them, owners change them."""
    return _project_page(request, manage_views.own_project(request, name))


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive.confirmed
def add(request: HttpRequest, name: str, issuer: str) -> HttpResponse:
    """Trust another CI job."""
    project = manage_views.own_project(request, name, access.OWNERS)
    found = _issuer(issuer)
    given = _given(request, found)
    if request.method != "POST":
        return _project_page(request, project, found, given)

    def act() -> str:
        publisher = publishers.add(project, issuer, given, actor=actors.of_request(request))
        return f"{project} trusts {publishers.name_of(publisher)} now."

    if _done(request, act):
        return redirect(PAGE, project.normalized_name)
    return _project_page(request, project, found, given)


@login_required
@require_POST
def remove(request: HttpRequest, name: str, identifier: UUID) -> HttpResponse:
    """Trust it no longer."""
    project = manage_views.own_project(request, name, access.OWNERS)

    def act() -> str:
        publisher = publishers.of_project(project, identifier)
        reason = written(request)
        publishers.remove(publisher, actor=actors.of_request(request), reason=reason)
        return f"{project} trusts {publishers.name_of(publisher)} no longer."

    return manage_views.answer(request, act, PAGE, project)


def _project_page(
    request: HttpRequest, project: Project, opened: Issuer | None = None, given: Given | None = None
) -> HttpResponse:
    is_owner = manage_views.may_manage(request, project)
    found = project.publishers.select_related("added_by").order_by("added_at")
    fixed = project.quarantined or not is_owner
    items = [_item(each, None if fixed else _removal(project, each)) for each in found]
    address = [project.normalized_name]
    context = {
        "project": project,
        "is_owner": is_owner,
        "items": items,
        "choices": [] if fixed else _choices("project-publisher-add", address, opened, given or {}),
        "snippets": _snippets(request),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "packages/publishers.html", context, status=status)


def _removal(project: Project, publisher: Publisher) -> Choice:
    address = reverse(
        "project-publisher-remove", args=[project.normalized_name, publisher.identifier]
    )
    text = "Its jobs cannot publish any more, and what tokens they have minted end at once."
    asks = (choices.reason(choices.RECORD, length=500),)
    what = publishers.name_of(publisher)
    key = f"remove-{publisher.pk}"
    return Choice(key, address, "Remove", text, asks, danger=True, what=what)


# -- pending --------------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """What whoever is signed in has prepared."""
    return _own_page(request)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive.confirmed
def prepare(request: HttpRequest, issuer: str) -> HttpResponse:
    """Let a CI job's first upload register a project for me."""
    found = _issuer(issuer)
    given = _given(request, found)
    name = written(request, "name")
    if request.method != "POST":
        return _own_page(request, found, given)

    def act() -> str:
        made = publishers.prepare(name, issuer, given, actor=actors.of_request(request))
        return f"The first upload of {publishers.name_of(made)} registers {made.pending_name}."

    if _done(request, act):
        return redirect(OWN_PAGE)
    return _own_page(request, found, {**given, "name": name})


@login_required
@require_POST
def withdraw(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Take a pending publisher back."""
    assert isinstance(request.user, User)
    publisher = Publisher.objects.of_person(request.user).filter(identifier=identifier).first()
    if publisher is None:
        raise Http404

    def act() -> str:
        publishers.withdraw(publisher, actor=actors.of_request(request))
        return f"Nothing waits for {publisher.pending_name} by this publisher any more."

    _done(request, act)
    return redirect(OWN_PAGE)


def _own_page(
    request: HttpRequest, opened: Issuer | None = None, given: Given | None = None
) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    found = Publisher.objects.of_person(user).order_by("added_at")
    verified = user.verified_email is not None
    name = Ask(
        "name",
        "Name of the project",
        NAME_HELP,
        length=NAME_LENGTH,
        value=(given or {}).get("name", ""),
    )
    context = {
        "items": [_item(each, _withdrawal(each)) for each in found],
        "choices": _choices("publisher-prepare", [], opened, given or {}, name) if verified else [],
        "verified": verified,
        "most": settings.PENDING_PUBLISHERS,
        "days": settings.PENDING_PUBLISHER_DAYS,
        "snippets": _snippets(request),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "accounts/publishers.html", context, status=status)


def _withdrawal(publisher: Publisher) -> Choice:
    address = reverse("publisher-withdraw", args=[publisher.identifier])
    what = publisher.pending_name
    return Choice(f"withdraw-{publisher.pk}", address, "Withdraw", what=what)


# -- what both show -------------------------------------------------------------------------------


def _issuer(name: str) -> Issuer:
    found = issuers.by_name(name)
    if found is None:
        raise Http404
    return found


def _given(request: HttpRequest, issuer: Issuer) -> Given:
    """What was written for each thing that such a publisher names."""
    names = [rule.name for rule in issuer.provider.rules]
    return {name: text for name in names if (text := written(request, name))}


def _done(request: HttpRequest, act: Callable[[], str]) -> bool:
    try:
        messages.success(request, act())
    except Problem as problem:
        messages.error(request, problem.detail)
        return False
    return True


def _choices(
    view: str, place: Iterable[str], opened: Issuer | None, given: Given, *more: Ask
) -> list[Choice]:
    """A form for each issuer; the one that was refused is open, with what was written."""
    return [
        Choice(
            issuer.name,
            reverse(view, args=[*place, issuer.name]),
            f"Add {issuer.title}",
            asks=(*more, *_asks(issuer, given if issuer == opened else {})),
            opened=issuer == opened,
        )
        for issuer in issuers.configured()
    ]


def _asks(issuer: Issuer, given: Given) -> list[Ask]:
    return [
        Ask(
            rule.name,
            rule.label,
            rule.help,
            required=rule.required,
            length=TEXT_LENGTH,
            value=given.get(rule.name, ""),
        )
        for rule in issuer.provider.rules
    ]


def _item(publisher: Publisher, choice: Choice | None) -> Item:
    issuer = issuers.by_url(publisher.issuer)
    rules = issuer.provider.rules if issuer else ()
    labels = {rule.name: rule.label for rule in rules} or {name: name for name in publisher.facts}
    facts = [(labels[name], text) for name in labels if (text := publisher.facts.get(name))]
    facts += [(f"{name}, remembered", text) for name, text in sorted(publisher.pins.items())]
    title = issuer.title if issuer else publisher.issuer
    if publisher.pending:
        title = f"{publisher.pending_name} · {title}"
    return Item(publisher, title, facts, choice, unknown=issuer is None)


def _snippets(request: HttpRequest) -> list[Snippet]:
    upload = request.build_absolute_uri(reverse("upload"))
    uv = f"uv publish --trusted-publishing always --publish-url {upload}"
    action = (
        "permissions:\n  id-token: write\nsteps:\n"
        "  - uses: pypa/gh-action-pypi-publish@release/v1\n"
        f"    with:\n      repository-url: {upload}"
    )
    gitlab = f"id_tokens:\n  PYPI_ID_TOKEN:\n    aud: {settings.OIDC_AUDIENCE}\nscript:\n  - {uv}"
    return [
        Snippet("uv", "uv, in any job", uv),
        Snippet("action", "GitHub Actions, in the job", action),
        Snippet("gitlab", "GitLab, in the job", gitlab),
    ]
