"""Which CI job uploaded a file, as pages and the API show it to everybody."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import issuers
from accounts.claims import link, text_of
from accounts.models import CiIdentity
from packages.particulars import is_safe_url

COMMIT_LENGTH = 10


@dataclass(frozen=True)
class Provenance:
    """A job by its name and, where the issuer says where they are, addresses to look at it."""

    label: str
    issuer: str
    commit: str
    run: str
    commit_url: str = ""
    run_url: str = ""
    repository_url: str = ""

    @property
    def short_commit(self) -> str:
        return self.commit[:COMMIT_LENGTH]


def of(ci: CiIdentity | None) -> Provenance | None:
    """What is known of the job; its issuer may not be in the settings any more."""
    if ci is None:
        return None
    return Provenance(
        label=ci.label,
        issuer=ci.issuer,
        commit=text_of(ci.claims, "sha"),
        run=text_of(ci.claims, "run_id") or text_of(ci.claims, "pipeline_id"),
        **_addresses(ci),
    )


def _addresses(ci: CiIdentity) -> dict[str, str]:
    issuer = issuers.by_url(ci.issuer)
    if issuer is None:
        return {}
    made = {
        f"{name}_url": link(template, ci.claims, issuer.site)
        for name, template in issuer.provider.links.items()
        if name in ("repository", "commit", "run")
    }
    return {name: url for name, url in made.items() if url and is_safe_url(url)}
