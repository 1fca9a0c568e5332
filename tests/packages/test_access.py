"""The door: every kind of actor at every kind of project, generated rather than sampled."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial

import pytest

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import User
from packages import access, files, marks, projects, reach, releases, renames
from packages.models import File, Project, ProjectStatus, Role, TokenProject
from packages.uploads import staging
from pypi_site.lib.problems import NotFound, Problem, Refused
from tests.factories.index import held, published
from tests.factories.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db

ACTORS = ["nobody", "stranger", "maintainer", "owner", "administrator", "unverified owner"]
TOKENS = ["no token", "unlimited token", "token for this project", "token for another project"]
PROJECTS = [
    "free",
    "given up",
    "reserved by him",
    "reserved by another",
    "active",
    "deprecated",
    "archived",
    "quarantined",
    "given up in quarantine",
]
UNCLAIMED = ("free", "given up", "given up in quarantine")
NEEDS_ROLE = ("maintainer", "owner", "unverified owner")


@dataclass(frozen=True)
class Scene:
    actor: str
    token: str
    project: str

    def __str__(self) -> str:
        return f"{self.actor}, {self.token}, {self.project}"

    @property
    def expected(self) -> type[Problem] | str:
        """The rules once more, in the order in which a person would tell them."""
        if self.actor == "nobody":
            return Refused
        if self.actor == "unverified owner":
            return access.EmailNotVerified
        if self.project in UNCLAIMED:
            return self._expected_of_unclaimed()
        return self._expected_of_claimed()

    def _expected_of_claimed(self) -> type[Problem] | str:
        if self.token == "token for another project":
            return reach.TokenTooNarrow  # and it is not told whose the name is
        if not self._belongs_to_him():
            return access.NotYours
        if self.project in ("archived", "quarantined"):
            return access.NotAccepting
        return "may upload"

    def _expected_of_unclaimed(self) -> type[Problem] | str:
        if self.token in ("token for this project", "token for another project"):
            return reach.TokenTooNarrow
        if self.project == "given up in quarantine":
            return access.NotAccepting
        return "may register"

    def _belongs_to_him(self) -> bool:
        if self.project == "reserved by another":
            return False
        return self.project == "reserved by him" or self.actor in NEEDS_ROLE


SCENES = [
    Scene(*facts)
    for facts in itertools.product(ACTORS, TOKENS, PROJECTS)
    if facts[0] != "nobody" or facts[1] == "no token"
]


def person(kind: str) -> User | None:
    if kind == "nobody":
        return None
    if kind == "administrator":
        return AdministratorFactory()
    return UserFactory(verified=kind != "unverified owner")


def project_in(scene: Scene, user: User | None) -> Project | None:
    """The project of the scene, with the role that the actor's name promises."""
    if scene.project == "free":
        return None
    made = Project.objects.create(name="demo", normalized_name="demo")
    if scene.project.startswith("given up"):
        if scene.project.endswith("quarantine"):
            projects.quarantine(made, actor=SYSTEM, reason="odd")
        return made
    him = scene.project != "reserved by another" and (
        scene.project == "reserved by him" or scene.actor in NEEDS_ROLE
    )
    if him and user:
        kind = Role.Kind.MAINTAINER if scene.actor == "maintainer" else Role.Kind.OWNER
        Role.objects.create(project=made, user=user, kind=kind)
    else:
        Role.objects.create(project=made, user=UserFactory(), kind=Role.Kind.OWNER)
    if scene.project in ProjectStatus.values:
        made.status = scene.project
        made.published_at = made.created_at
        made.save()
    return made


def actor_in(scene: Scene, user: User | None, project: Project | None) -> Actor:
    if user is None or scene.token == "no token":
        return Actor(user=user)
    limited = scene.token != "unlimited token"
    token, _ = tokens.mint(user, actor=SYSTEM, name="test", limited=limited)
    if scene.token == "token for another project":
        other = Project.objects.create(name="other", normalized_name="other")
        reach.limit_token(token, [other])
    elif limited and project:
        reach.limit_token(token, [project])
    return Actor(user=user, token=token)


def what_happens(call) -> type[Problem] | str:
    try:
        found = call()
    except Refused as refusal:
        return type(refusal)
    return "may upload" if found and access.is_claimed(found) else "may register"


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_the_door_opens_for_whom_it_should(scene):
    """And a claim succeeds for the same people, and for nobody else."""
    user = person(scene.actor)
    actor = actor_in(scene, user, project_in(scene, user))
    assert what_happens(lambda: access.project_to_upload(actor, "demo")) == scene.expected
    outcome = what_happens(lambda: projects.claim(actor, "demo"))
    assert outcome == ("may upload" if scene.expected == "may register" else scene.expected)
    if outcome == "may upload":
        assert Role.objects.filter(user=user, project__normalized_name="demo").exists()


@pytest.mark.parametrize("spelling", ["demo-pkg", "Demo_Pkg", "DEMO...PKG", "demo-_-pkg"])
def test_the_door_knows_every_spelling_of_a_name(spelling):
    project = published("demo-pkg").project
    owner = Actor(user=project.roles.get().user)
    assert access.project_to_upload(owner, spelling) == project
    with pytest.raises(access.NotYours):
        access.project_to_upload(Actor(user=UserFactory()), spelling)


def test_a_refusal_tells_nothing_about_a_project_that_waits_for_review():
    waiting, public = held("waiting").project, published("public").project
    refusals = []
    for project in (waiting, public):
        with pytest.raises(access.NotYours) as refusal:
            access.project_to_upload(Actor(user=UserFactory()), project.name)
        refusals.append(refusal.value.detail.replace(project.name, "NAME"))
    assert refusals[0] == refusals[1]


def test_the_reason_of_a_closed_project_is_told_to_its_owner():
    project = published().project
    projects.archive(project, actor=SYSTEM, reason="use demo2")
    with pytest.raises(access.NotAccepting, match=r"demo is archived \(use demo2\)"):
        access.project_to_upload(Actor(user=project.roles.get().user), "demo")


def test_a_token_limited_to_nothing_opens_nothing():
    project = published().project
    owner = project.roles.get().user
    token, _ = tokens.mint(owner, actor=SYSTEM, name="test", limited=True)
    with pytest.raises(reach.TokenTooNarrow):
        access.project_to_upload(Actor(user=owner, token=token), "demo")


def test_a_limited_token_of_a_former_maintainer_opens_nothing():
    project = published().project
    role = project.roles.get()
    token, _ = tokens.mint(role.user, actor=SYSTEM, name="test", limited=True)
    reach.limit_token(token, [project])
    role.delete()
    with pytest.raises(access.NotYours):
        access.project_to_upload(Actor(user=role.user, token=token), "demo")


def test_limiting_a_token_twice_to_one_project_is_no_mistake():
    project = published().project
    token, _ = tokens.mint(UserFactory(), actor=SYSTEM, name="test", limited=True)
    reach.limit_token(token, [project])
    reach.limit_token(token, [project])
    assert str(TokenProject.objects.get()) == f"{token} for demo"


# -- reading -------------------------------------------------------------------------------------


def test_a_project_has_a_page_once_something_of_it_was_published():
    project = published().project
    held("waiting")
    assert access.known_project("demo") == project
    for name in ("waiting", "absent", "Demo", ""):
        with pytest.raises(NotFound):
            access.known_project(name)


def test_a_quarantined_project_keeps_its_page():
    project = published().project
    projects.quarantine(project, actor=SYSTEM, reason="malware")
    assert access.known_project("demo") == project


@pytest.mark.parametrize("version", ["1.0", "1", "1.0.0", "v1.0", "1.0.0.0"])
def test_a_release_is_found_by_any_spelling_of_its_version(version):
    release = published(version="1.0")
    assert access.offered_release(release.project, version) == release


@pytest.mark.parametrize("version", ["2.0", "1.0.1", "latest", "", "1.0\n", "9" * 10_000, "\0"])
def test_a_release_that_is_not_there_is_not_found(version):
    with pytest.raises(NotFound):
        access.offered_release(published().project, version)


def test_no_release_of_a_quarantined_project_is_offered():
    release = published()
    project = projects.quarantine(release.project, actor=SYSTEM)
    with pytest.raises(NotFound):
        access.offered_release(project, "1.0")


# -- what a token was made for --------------------------------------------------------------------

DOORS = {
    "upload": lambda actor, project: access.project_to_upload(actor, project.name),
    "register": lambda actor, project: access.project_to_upload(actor, "brand-new"),
    "stage": lambda actor, project: staging.open_session(actor, project.name, "9.0"),
    "yank release": lambda actor, project: marks.yank(project.releases.get(), actor=actor),
    "yank file": lambda actor, project: marks.yank(
        File.objects.get(release__project=project), actor=actor
    ),
    "delete file": lambda actor, project: files.delete(
        File.objects.get(release__project=project), actor=actor, reason="x"
    ),
    "delete release": lambda actor, project: releases.delete(
        project.releases.get(), actor=actor, reason="x"
    ),
    "delete project": lambda actor, project: projects.delete(project, actor=actor, reason="x"),
    "archive": lambda actor, project: projects.archive(project, actor=actor),
    "rename": lambda actor, project: renames.rename(project, "other", actor=actor),
    "stage everything": lambda actor, project: projects.set_staging(project, actor=actor, on=True),
}
NEEDED = {"upload": "upload", "register": "upload", "stage": "upload"} | {
    "yank release": "yank",
    "yank file": "yank",
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("actions", [["upload"], ["yank"], ["manage"]], ids=lambda item: item[0])
def test_a_token_opens_the_doors_that_it_was_made_for_and_no_other(door, actions):
    project = published("demo").project
    owner = project.roles.get().user
    token, _ = tokens.mint(owner, actor=SYSTEM, name="narrow", actions=actions)
    act = partial(DOORS[door], Actor(owner, token), project)
    if [NEEDED.get(door, "manage")] == actions:
        act()
        return
    with pytest.raises(reach.TokenTooNarrow) as refusal:
        act()
    assert f"This token may {actions[0]} only" in refusal.value.detail
