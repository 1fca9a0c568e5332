"""Whoever signs in with GitHub belongs to one of the allowed organisations, where there are any.

Asked of GitHub's API at each sign-in, with the token that GitHub has just given us (scope
``read:org``); the token is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render

MOST_PAGES = 10  # of a hundred organisations each


def require_member(request: HttpRequest, sociallogin: Any) -> None:
    """Answer with a page that says what to do unless the person is a member.

    Raises `requests.RequestException` when GitHub does not answer; nobody gets in by that.
    """
    allowed = {name.lower() for name in settings.GITHUB_ORGANIZATIONS}
    if not allowed or sociallogin.account.provider != "github":
        return
    if not any(name.lower() in allowed for name in _of(sociallogin.token.token)):
        context = {"organizations": settings.GITHUB_ORGANIZATIONS}
        page = render(request, "socialaccount/not_a_member.html", context, status=403)
        raise ImmediateHttpResponse(page)


def _of(token: str) -> Iterator[str]:
    """The names of a person's organisations, page by page."""
    address: str | None = f"{GitHubOAuth2Adapter.api_url}/user/orgs?per_page=100"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    with get_adapter().get_requests_session() as session:
        for _ in range(MOST_PAGES):
            answer = session.get(address, headers=headers)
            answer.raise_for_status()
            yield from (row["login"] for row in answer.json())
            address = answer.links.get("next", {}).get("url")
            if address is None or not address.startswith(f"{GitHubOAuth2Adapter.api_url}/"):
                return
