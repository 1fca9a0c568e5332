"""The providers that come along: GitHub Actions, GitLab, Google and ActiveState.

What each claim means is the provider's word; the comments say why a rule is as it is.
"""

from __future__ import annotations

import re

from accounts.claims import ANY_CASE, LIKE, SAME, Claims, Provider, Rule, text_of

_PATH = r"[A-Za-z0-9_.-]+"
_REFERENCE = re.compile(
    rf"(?P<repository>{_PATH}/{_PATH})/(?P<path>\.[a-z]+/workflows/(?P<file>[^/@][^/]*?\.ya?ml))@(?P<ref>.+)"
)
_GITLAB_CONFIG = re.compile(r"(?P<project>[^@]+?)//(?P<file>[^@]+?\.ya?ml)@(?P<ref>.+)")
_WORKFLOW = r"[^/\x00-\x1f\x7f]+\.ya?ml"
_CALLED = rf"{_PATH}/{_PATH}/\.[a-z]+/workflows/[^/@\s]+\.ya?ml(?:@\S+)?"

# Anybody who may open a pull request starts these, with the rights of the repository.
_BY_STRANGERS = frozenset({"pull_request_target"})


def _environment(*, any_case: bool) -> Rule:
    return Rule(
        "environment",
        "Environment",
        "Only jobs in this environment may publish; it is there that you say who may start them.",
        required=False,
        compare=ANY_CASE if any_case else SAME,
    )


def _called(wanted: str, said: str) -> bool:
    """A reusable workflow: its repository in any case; without ``@ref`` any version of it."""
    if "@" not in wanted:
        said = said.partition("@")[0]
    path, at, ref = wanted.partition("@")
    said_path, said_at, said_ref = said.partition("@")
    owner, name, rest = path.split("/", 2)
    said_owner, said_name, said_rest = [*said_path.split("/", 2), "", ""][:3]
    same = f"{owner}/{name}".lower() == f"{said_owner}/{said_name}".lower()
    return same and (rest, at, ref) == (said_rest, said_at, said_ref)


def _workflows(claims: Claims, issuer: str) -> dict[str, str]:
    """Which workflow the job is of: ``workflow``, and ``reusable_workflow`` if it is another's.

    ``workflow_ref`` is what was started and ``job_workflow_ref`` where the job is written.  Both
    are the same but for reusable workflows.  A job that is written elsewhere than in the very
    repository and at the very commit or branch that runs is somebody else's code: it is taken only
    from the workflow that the publisher names.
    """
    started, written = (
        _REFERENCE.fullmatch(text_of(claims, name)) for name in ("workflow_ref", "job_workflow_ref")
    )
    if written is None:
        return {"workflow": "", "reusable_workflow": text_of(claims, "job_workflow_ref")}
    if _is_own(claims, written):
        return {"workflow": written["file"], "reusable_workflow": ""}
    top = started["file"] if started and _is_own(claims, started) else ""
    return {"workflow": top, "reusable_workflow": written[0]}


def _is_own(claims: Claims, reference: re.Match[str]) -> bool:
    same = reference["repository"].lower() == text_of(claims, "repository").lower()
    return same and reference["ref"] in {text_of(claims, "ref"), text_of(claims, "sha")} - {""}


def github(title: str = "GitHub Actions", kind: str = "github") -> Provider:
    """GitHub Actions, and whoever speaks like it (GitHub Enterprise Server, Forgejo, Gitea)."""
    return Provider(
        kind=kind,
        title=title,
        rules=(
            Rule(
                "repository",
                "Repository",
                "Owner and name, as in the address: ann/demo.",
                compare=ANY_CASE,
                pattern=rf"{_PATH}/{_PATH}",
            ),
            Rule(
                "workflow",
                "Workflow",
                "The name of its file in .github/workflows, such as release.yml.",
                pattern=_WORKFLOW,
            ),
            _environment(any_case=True),
            Rule(
                "ref",
                "Branch or tag",
                "Such as refs/tags/v* (* is anything); empty: any.",
                required=False,
                compare=LIKE,
                pattern=r"refs/\S+",
            ),
            Rule(
                "reusable_workflow",
                "Reusable workflow",
                "Only if the job is written in another repository:"
                " acme/shared/.github/workflows/publish.yml, with @ref to allow one version only.",
                required=False,
                strict=True,
                compare=_called,
                pattern=_CALLED,
            ),
            Rule(
                "repository_owner_id",
                "Owner's id",
                "The number of the account; empty: that of the first upload is remembered.",
                required=False,
                pattern=r"\d{1,20}",
            ),
        ),
        never={"event_name": _BY_STRANGERS},
        pins=("repository_id", "repository_owner_id"),
        derive=_workflows,
        links={
            "repository": "{site}/{repository}",
            "commit": "{site}/{repository}/commit/{sha}",
            "run": "{site}/{repository}/actions/runs/{run_id}",
        },
        told=("repository", "workflow", "environment"),
    )


def _gitlab_config(claims: Claims, issuer: str) -> dict[str, str]:
    """The pipeline's file, "" if it is not the project's own at the very commit that runs."""
    match = _GITLAB_CONFIG.fullmatch(text_of(claims, "ci_config_ref_uri"))
    host = issuer.partition("://")[2].rstrip("/")
    own = f"{host}/{text_of(claims, 'project_path')}".lower()
    refs = {text_of(claims, "ref_path"), text_of(claims, "sha")} - {""}
    ours = match is not None and match["project"].lower() == own and match["ref"] in refs
    return {"pipeline_file": match["file"] if match and ours else ""}


def gitlab(title: str = "GitLab", kind: str = "gitlab") -> Provider:
    """GitLab CI/CD, on gitlab.com or self-managed."""
    return Provider(
        kind=kind,
        title=title,
        rules=(
            Rule(
                "project_path",
                "Project",
                "Group and name, as in the address: acme/tools/demo.",
                compare=ANY_CASE,
                pattern=rf"{_PATH}(?:/{_PATH})+",
            ),
            Rule(
                "pipeline_file",
                "Pipeline file",
                "Its path in the project, usually .gitlab-ci.yml.",
                pattern=r"[^\s@]+\.ya?ml",
            ),
            _environment(any_case=False),
            Rule(
                "ref_path",
                "Branch or tag",
                "Such as refs/tags/v* (* is anything); empty: any.",
                required=False,
                compare=LIKE,
                pattern=r"refs/\S+",
            ),
            Rule(
                "namespace_id",
                "Group's id",
                "The number of the group; empty: that of the first upload is remembered.",
                required=False,
                pattern=r"\d{1,20}",
            ),
        ),
        never={"pipeline_source": frozenset({"external_pull_request_event"})},
        pins=("project_id", "namespace_id"),
        derive=_gitlab_config,
        links={
            "repository": "{site}/{project_path}",
            "commit": "{site}/{project_path}/-/commit/{sha}",
            "run": "{site}/{project_path}/-/pipelines/{pipeline_id}",
        },
        told=("project_path", "pipeline_file", "environment"),
    )


GITHUB = github()
GITLAB = gitlab()
GOOGLE = Provider(
    kind="google",
    title="Google Cloud",
    rules=(
        Rule(
            "email",
            "Service account",
            "Its e-mail address: publish@my-project.iam.gserviceaccount.com.",
            compare=ANY_CASE,
            pattern=r"[^\s@]+@[^\s@]+",
        ),
        Rule(
            "sub",
            "Its id",
            "The account's unique number; empty: that of the first upload is remembered.",
            required=False,
            pattern=r"\d{1,40}",
        ),
    ),
    only={"email_verified": frozenset({"true"})},
    pins=("sub",),
    told=("email",),
    has_jti=False,  # Google sends none
)
ACTIVESTATE = Provider(
    kind="activestate",
    title="ActiveState",
    rules=(
        Rule("organization", "Organization", "As in the address of the project.", compare=ANY_CASE),
        Rule("project", "Project", "The name of the project.", compare=ANY_CASE),
        Rule("actor", "User", "Who starts the build; empty: anybody who may.", required=False),
    ),
    only={"builder": frozenset({"pypi-publisher"})},
    pins=("organization_id", "project_id", "actor_id"),
    links={"repository": "{site}/{organization}/{project}"},
    told=("organization", "project", "actor"),
)
