"""What a token reaches: the projects and the deeds that it was made for."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.actors import Actor
from accounts.models import ApiToken, TokenAction
from packages import names
from packages.models import Project, Publisher, TokenProject
from pypi_site.lib.problems import Problem, Refused


class TokenTooNarrow(Refused):
    """The token does not reach this project, or was not made for this."""

    code, title = "token-too-narrow", "Token not valid for this project"


class OtherNameAwaited(Problem):
    """A pending publisher's first upload has the name that was prepared, or none is registered."""

    code, title = "other-name-awaited", "The publisher waits for another name"


def limit_token(token: ApiToken, projects: Iterable[Project]) -> None:
    """Say which projects a limited token may touch."""
    rows = [TokenProject(token=token, project=project) for project in projects]
    TokenProject.objects.bulk_create(rows, ignore_conflicts=True)


def require_allowed(actor: Actor, action: TokenAction) -> None:
    """Refuse a token that was made for something else."""
    if actor.token and not actor.token.allows(action):
        raise TokenTooNarrow(
            f"This token may {' and '.join(actor.token.actions)} only, and this takes one that may"
            f" {action}; make another."
        )


def require(actor: Actor, normalized: str) -> None:
    """A token made for some projects opens no other, and tells nothing of them.

    A minted one has publishers for that.
    """
    if not actor.token or not actor.token.limited or actor.ci:
        return
    listed = TokenProject.objects.filter(token=actor.token)
    if not listed.filter(project__normalized_name=normalized).exists():
        raise _too_narrow(normalized)


def require_unlimited(actor: Actor, name: str) -> None:
    """A token made for some projects never registers another, but a pending publisher its own."""
    if actor.ci:
        require_awaited(actor, names.normalize(name))
    elif actor.token and actor.token.limited:
        raise _too_narrow(names.normalize(name))


def require_awaited(actor: Actor, normalized: str) -> None:
    """Refuse a name that no pending publisher of the token waits for."""
    trusted = Publisher.objects.trusted_by_token(actor.token).select_related("project")
    if trusted.pending().filter(normalized_name=normalized).exists():
        return
    known = sorted(each.project.name if each.project else each.pending_name for each in trusted)
    told = ", ".join(known[:5]) or "no project any more"
    if any(each.pending for each in trusted):
        raise OtherNameAwaited(
            f"This CI job publishes {told}, and the file says {normalized}: correct the name in the"
            " distribution's metadata, or the name that the pending publisher waits for."
        )
    raise TokenTooNarrow(
        f"This CI job is trusted with {told} and not with {normalized}; add a trusted publisher to"
        f" {normalized} for it."
    )


def _too_narrow(normalized: str) -> TokenTooNarrow:
    return TokenTooNarrow(
        f"This token is limited to certain projects and {normalized} is none of them; use one that"
        " is made for it, or, for a new project, one without that limit."
    )
