"""``/accounts/tokens/``: where people make API tokens, see what became of them and revoke them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import actors, sensitive, tokens
from accounts.models import ApiToken, TokenAction, User
from packages import reach
from packages.models import Project
from packages.views import Snippet
from pypi_site.lib.problems import Problem

LIFETIMES = {"7": "a week", "30": "30 days", "90": "90 days", "365": "a year", "": "no end"}


class TokenForm(forms.Form):
    """What a new token may do, where and for how long."""

    name = forms.CharField(
        max_length=100, help_text="What it is for: you will look for it by this name."
    )
    actions = forms.MultipleChoiceField(
        label="It may",
        choices=TokenAction.choices,
        initial=[TokenAction.UPLOAD],
        widget=forms.CheckboxSelectMultiple,
    )
    projects = forms.ModelMultipleChoiceField(
        label="Only for these projects",
        queryset=Project.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose none, and it is for all your projects and may register new ones."
        " What is public it reads anyway.",
    )
    lifetime = forms.ChoiceField(
        label="It ends after", choices=LIFETIMES.items(), initial="365", required=False
    )
    networks = forms.CharField(
        label="Only from these addresses",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Addresses or networks such as 192.0.2.0/24, one on each line; empty: anywhere.",
    )
    stages_uploads = forms.BooleanField(
        label="Stage what it uploads",
        required=False,
        help_text="Releases wait until somebody has looked at them and publishes them.",
    )

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        mine = Project.objects.held_by(user.pk).order_by("normalized_name")
        field = self.fields["projects"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = mine
        if not mine.exists():
            del self.fields["projects"]

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive.confirmed
def own_tokens(request: HttpRequest) -> HttpResponse:
    """The tokens of whoever is signed in, and a form for another."""
    user = request.user
    assert isinstance(user, User)
    form = TokenForm(user, request.POST or None)
    verified = user.verified_email is not None
    if request.method == "POST" and verified and form.is_valid():
        try:
            return _made(request, user, form)
        except Problem as problem:
            form.add_error(None, problem.detail)
    context = {"form": form, "tokens": _tokens_of(user), "verified": verified}
    return render(request, "accounts/tokens.html", context)


def _tokens_of(user: User) -> list[ApiToken]:
    """The usable ones first, the newest first."""
    found = user.api_tokens.usable().prefetch_related("projects__project", "places")
    return list(found.order_by("-created_at"))


@transaction.atomic
def _made(request: HttpRequest, user: User, form: TokenForm) -> HttpResponse:
    """Make the token and show it, this once."""
    chosen = form.cleaned_data
    projects = list(chosen.get("projects") or [])
    token, text = tokens.mint(
        user,
        actor=actors.of_request(request),
        name=chosen["name"],
        limited=bool(projects),
        stages_uploads=chosen["stages_uploads"],
        actions=chosen["actions"],
        networks=chosen["networks"].replace(",", " ").split(),
        expires_at=form.expires_at,
    )
    reach.limit_token(token, projects)
    context = {"token": token, "snippets": _snippets(request, token, text)}
    return render(request, "accounts/token_made.html", context)


def _snippets(request: HttpRequest, token: ApiToken, text: str) -> list[Snippet]:
    found = [Snippet("token", "The token, shown only now", text)]
    if token.allows(TokenAction.UPLOAD):
        found += _uploading(request, text)
    return found + (_reading(request, text) if token.allows(TokenAction.READ) else [])


def _reading(request: HttpRequest, text: str) -> list[Snippet]:
    """netrc: pip and uv find it, and it stands in no command line."""
    index = request.build_absolute_uri(reverse("simple"))
    scheme, _, rest = index.partition("://")
    netrc = f"machine {request.get_host().partition(':')[0]}\nlogin __token__\npassword {text}"
    return [
        Snippet("netrc", "To read: in ~/.netrc", netrc),
        Snippet("pip", "pip", f"pip install --index-url {scheme}://__token__:{text}@{rest} NAME"),
    ]


def _uploading(request: HttpRequest, text: str) -> list[Snippet]:
    upload = request.build_absolute_uri(reverse("upload"))
    twine = f"TWINE_USERNAME=__token__ TWINE_PASSWORD={text}"
    return [
        Snippet("twine", "twine", f"{twine} twine upload --repository-url {upload} dist/*"),
        Snippet("uv", "uv", f"UV_PUBLISH_TOKEN={text} uv publish --publish-url {upload}"),
        Snippet(
            "pypirc",
            "In ~/.pypirc",
            f"[{_section()}]\nrepository = {upload}\nusername = __token__\npassword = {text}",
        ),
    ]


def _section() -> str:
    """The site's name as the name of a section of an INI file."""
    return "".join(filter(str.isalnum, settings.SITE_NAME.lower())) or "index"


@login_required
@require_POST
def revoke(request: HttpRequest, identifier: str) -> HttpResponse:
    """End a token of one's own, at once and for good."""
    assert isinstance(request.user, User)
    token = request.user.api_tokens.filter(identifier=identifier).first()
    if token is None:
        raise Http404
    reason = request.POST.get("reason", "")[:500]
    tokens.revoke(token, actor=actors.of_request(request), reason=reason)
    messages.success(request, f"The token {token.name} is revoked: nobody can use it any more.")
    return redirect("tokens")
