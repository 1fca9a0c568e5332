"""The world that is asked for: one project with everything, its neighbour, and all the people."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success

from accounts import tokens
from accounts.actors import SYSTEM, Actor
from accounts.models import (
    AuditEvent,
    CiIdentity,
    Notice,
    ProhibitedEmailDomain,
    ProhibitedUsername,
    SignupInvitation,
    User,
)
from moderation import cases, decisions, evidence, observations
from moderation.models import (
    Case,
    Decision,
    Note,
    PolicySetting,
    ProhibitedName,
    ReadyReason,
    ReservedPrefix,
    SimilarityException,
)
from moderation.policies import registry
from packages import publishers, reach, renames
from packages.models import (
    FileSession,
    Invitation,
    JournalEntry,
    MintedToken,
    Project,
    Publisher,
    Role,
    Stage,
    Team,
    TeamMember,
    TeamRole,
)
from packages.names import version_sort_key
from packages.uploads import stages
from tests.factories.dists import make_sdist, make_wheel
from tests.factories.index import as_upload, published
from tests.factories.people import (
    AdministratorFactory,
    KeeperFactory,
    ModeratorFactory,
    ScannerFactory,
    UserFactory,
    actor,
)
from tests.moderation.policies.helpers import set_policy

NAME, OTHER, TEAM, ABSENT = "demo", "neighbour", "crew", "absent"
FACTS = {"repository": "ann/demo", "workflow": "release.yml", "environment": "pypi"}
ISSUER = "https://forge.test"
ISSUERS = [
    {
        "name": "forge",
        "kind": "github",
        "title": "Forge",
        "issuer": ISSUER,
        "site": "https://forge.test",
        "algorithms": ["RS256"],
    }
]
Place = dict[str, Any]


@dataclass
class World:
    """`people` by name, `place` the things that addresses name, `things` the same as rows."""

    project: Project
    people: dict[str, User] = field(default_factory=dict)
    place: Place = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)


Making = Callable[..., Any]
PEOPLE: dict[str, tuple[Making, dict[str, Any]]] = {
    "owner": (UserFactory, {}),
    "maintainer": (UserFactory, {}),
    "reader": (UserFactory, {}),
    "frozen": (UserFactory, {}),
    "unverified": (UserFactory, {"verified": False}),
    "former owner": (UserFactory, {}),
    "in owning team": (UserFactory, {}),
    "heads owning team": (UserFactory, {}),
    "in maintaining team": (UserFactory, {}),
    "heads maintaining team": (UserFactory, {}),
    "in reading team": (UserFactory, {}),
    "heads reading team": (UserFactory, {}),
    "left owning team": (UserFactory, {}),
    "stranger": (UserFactory, {}),
    "neighbour": (UserFactory, {}),
    "scanner": (ScannerFactory, {}),
    "staff": (UserFactory, {"is_staff": True}),
    "moderator": (ModeratorFactory, {}),
    "keeper": (KeeperFactory, {}),
    "clerk": (UserFactory, {"is_staff": True}),  # who gets every permission
    "administrator": (AdministratorFactory, {}),
}
ROLES = {
    "owner": "owner",
    "frozen": "owner",
    "unverified": "owner",
    "maintainer": "maintainer",
    "reader": "reader",
}
TEAMS = {
    "owning": ("owner", {"in owning team": "member", "heads owning team": "owner"}),
    "maintaining": (
        "maintainer",
        {"in maintaining team": "member", "heads maintaining team": "owner"},
    ),
    "reading": ("reader", {"in reading team": "member", "heads reading team": "owner"}),
}
CREW = {"owner": "owner", "reader": "member"}  # a team without a role on the project


def arrange(*, private: bool = False) -> World:
    """All of it.  Call it in a transaction that is rolled back."""
    cache.clear()
    people = {
        name: make(username=name.replace(" ", "-"), trusted=True, **facts)
        for name, (make, facts) in PEOPLE.items()
    }
    people["clerk"].user_permissions.set(Permission.objects.all())
    published(NAME, "1.0", uploader=people["owner"])
    published(NAME, "1.0", uploader=people["owner"], sdist=True)
    published(NAME, "0.9", uploader=people["owner"])
    published(OTHER, "1.0", uploader=people["neighbour"])
    world = World(Project.objects.get(normalized_name=NAME), people)
    world.things["other"] = Project.objects.get(normalized_name=OTHER)
    _give_roles(world)
    for arranging in ARRANGED:
        arranging(world)
    Project.objects.filter(pk=world.project.pk).update(private=private)
    world.project.refresh_from_db()
    User.objects.filter(username="frozen").update(is_active=False)
    return world


def _give_roles(world: World) -> None:
    for name, kind in ROLES.items():
        Role.objects.get_or_create(
            project=world.project, user=world.people[name], defaults={"kind": kind}
        )
    for name, (kind, members) in TEAMS.items():
        team = Team.objects.create(name=name)
        TeamRole.objects.create(team=team, project=world.project, kind=kind)
        for person, part in members.items():
            TeamMember.objects.create(team=team, user=world.people[person], kind=part)
    role = Role.objects.get(project=world.project, user=world.people["maintainer"])
    world.things["role"], world.place["role"] = role, role.pk


def _names(world: World) -> None:
    renames.rename(world.project, "demo-once", actor=SYSTEM)
    world.project = renames.rename(world.project, NAME, actor=SYSTEM)
    world.things["former"] = world.project.former_names.get()
    world.place |= {"name": NAME, "former": "demo-once", "version": "1.0"}


def _files(world: World) -> None:
    release = world.project.releases.get(version="1.0")
    wheel = release.files.get(filetype="bdist_wheel")
    world.things |= {"release": release, "file": wheel}
    world.place |= {"filename": wheel.filename, "sha256": wheel.sha256, "pk": NAME}


def _stages(world: World) -> None:
    stage = Stage.objects.create(
        project=world.project,
        version="3.0",
        sort_key=version_sort_key("3.0"),
        session_token="s" * 43,
        created_by=world.people["owner"],
        expires_at=timezone.now() + timedelta(days=1),
    )
    with distribution(NAME, "3.0") as path:
        upload = as_upload(path, NAME, "3.0")
        data = path.read_bytes()
    announced = FileSession.objects.create(
        stage=stage,
        filename=upload.filename,
        identity=upload.filename,
        size=upload.size,
        hashes={"sha256": upload.sha256},
    )
    world.things |= {"stage": stage, "bytes": data, "file session": announced}
    world.place |= {"session": stage.identifier, "file": announced.identifier}
    world.place["token"] = stage.session_token


@contextmanager
def distribution(name: str, version: str, *, sdist: bool = False) -> Iterator[Path]:
    """A wheel, or an sdist, in a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        yield (make_sdist if sdist else make_wheel)(Path(folder), name=name, version=version)


def _publishers(world: World) -> None:
    owner = actor(world.people["owner"])
    mine = publishers.add(world.project, "forge", FACTS, actor=owner)
    theirs = publishers.add(
        world.things["other"],
        "forge",
        FACTS | {"repository": "bob/neighbour"},
        actor=actor(world.people["neighbour"]),
    )
    pending = publishers.prepare("unborn", "forge", FACTS, actor=owner)
    world.things |= {"publisher": mine, "other publisher": theirs, "pending": pending}
    world.place |= {"issuer": "forge", "publisher": mine.identifier, "pending": pending.identifier}


def mint(world: World, *trusted: Publisher, life: int = 600) -> str:
    """The text of a token of a CI job whom these publishers are of."""
    now = timezone.now()
    identity = CiIdentity.objects.create(
        issuer=ISSUER,
        identifier=f"job-{CiIdentity.objects.count()}",
        key="ann/demo",
        label="job of ann/demo",
        expires_at=now + timedelta(minutes=5),
    )
    ends = now + timedelta(seconds=life)
    token, text = tokens.mint_for_ci(identity, actor=SYSTEM, expires_at=ends, single_use=False)
    MintedToken.objects.bulk_create(MintedToken(token=token, publisher=each) for each in trusted)
    return text


def _invitations(world: World) -> None:
    _invite(world, "invitation", "stranger", "maintainer", project=world.project)


def _invite(
    world: World, name: str, recipient: str, kind: str, by: str = "owner", **more: Any
) -> None:
    made = Invitation.objects.create(
        recipient=recipient,
        kind=kind,
        invited_by=world.people[by],
        expires_at=timezone.now() + timedelta(days=7),
        **more,
    )
    world.things[name], world.place[name] = made, made.identifier


def _teams(world: World) -> None:
    """A team of the project's owner, a role of another one, and what both are invited to."""
    crew = Team.objects.create(name=TEAM)
    for name, kind in CREW.items():
        TeamMember.objects.create(team=crew, user=world.people[name], kind=kind)
    role = TeamRole.objects.get(team__name="maintaining")
    mine, other = {"project": world.project}, {"project": world.things["other"]}
    _invite(world, "invitation to the team", "stranger", "member", team=crew)
    _invite(world, "invitation of the team", "@crew", "reader", **mine)
    _invite(world, "offer", "neighbour", "owner", hands_over="leave", **mine)
    _invite(world, "offer to the team", "@crew", "owner", "neighbour", hands_over="leave", **other)
    member, owner = (crew.members.get(user=world.people[name]) for name in ("reader", "owner"))
    world.things |= {"team": crew, "team role": role, "membership": member}
    world.place |= {TEAM: TEAM, "team on it": role.team.name, "team that reads": "reading"}
    world.place |= {"membership": member.pk, "owner's membership": owner.pk}


def _desk(world: World) -> None:
    """A held upload; a release that was reported, its people asked, its file hidden."""
    keeper = actor(world.people["keeper"])
    with distribution("heldback", "1.0") as path:
        newcomer = UserFactory(username="newcomer")
        outcome = stages.submit(Actor(user=newcomer, client="pytest"), as_upload(path, "heldback"))
    held = Stage.objects.held().get(project=outcome.project)
    case = cases.open_about(held, kind="held", at=held.created_at)
    release = world.project.releases.get(version="0.9")
    about = observations.report(
        release,
        observations.Report("spam", "It is nothing but advertisements."),
        actor=actor(world.people["stranger"]),
    ).case
    cases.ask(about, actor=keeper, reason="What is this?")
    file = release.files.get()
    decided = decisions.decide(
        about, "quarantine", file, actor=keeper, reason="It looks bad.", closes=False
    )
    Case.objects.filter(pk=about.pk).update(claimed_by=None)
    for each in Case.objects.all():
        cases.look(each)  # so that to look at it now changes nothing
    prohibited = ProhibitedName.objects.create(name="forbidden", reason="It is ours.")
    world.people["newcomer"] = newcomer
    world.things |= {"held": held, "case": case, "reported": about, "decision": decided}
    world.things["prohibited"] = prohibited
    world.place |= {"case": case.pk, "reported": about.pk, "decision": decided.pk}
    world.place["key"] = evidence.key_of(held.files.get())
    world.place["prohibited"] = prohibited.pk
    assert Note.objects.filter(case=about, kind="question").exists()
    assert Decision.objects.filter(pk=decided.pk, state="done").exists()


def _own(world: World) -> None:
    """What the owner has besides: a token, a message."""
    owner = world.people["owner"]
    token, text = tokens.mint(owner, actor=SYSTEM, name="of the owner")
    notice = Notice.objects.create(user=owner, kind="role", occasion="one", title="T", text="T")
    ends = timezone.now() + timedelta(days=7)
    invited = SignupInvitation.objects.create(
        email="new@example.org", reason="Come in.", expires_at=ends
    )
    world.things |= {"token": token, "token text": text, "notice": notice, "invited": invited}
    world.place |= {"identifier": token.identifier, "notice": notice.pk}


def _jobs(world: World) -> None:
    """A first publisher would wait for a moderator; whether it may upload is what is asked here."""
    set_policy("publisher-discontinuity", numbers={"first_publisher": 0})
    world.things["minted text"] = mint(world, world.things["publisher"])


def _admin(world: World) -> None:
    """A row of every table that the admin shows, by the label of its table."""
    bystander = UserFactory(username="bystander")
    world.things["accounts.user"] = bystander
    known = registry.installed()[0]
    made = [
        Group.objects.create(name="some"),
        bystander.emailaddress_set.create(email="more@example.org"),
        SocialAccount.objects.create(user=bystander, provider="github", uid="7"),
        Authenticator.objects.create(user=bystander, type="totp", data={}),
        UserSession.objects.create(
            user=bystander, session_key="b" * 32, ip="192.0.2.7", user_agent="x"
        ),
        Schedule.objects.create(func="packages.tasks.sweep"),
        Success.objects.create(**_task("good"), success=True),
        Failure.objects.create(**_task("bad"), success=False),
        OrmQ.objects.create(key="default", payload="x", lock=timezone.now()),
        ProhibitedUsername.objects.create(name="boss2", reason="No."),
        ProhibitedEmailDomain.objects.create(domain="bad.example", reason="No."),
        ReadyReason.objects.create(kind="approved", text="It is good."),
        SimilarityException.objects.create(candidate="dem0", target="demo", reason="Known."),
        PolicySetting.objects.create(code=known.code, enabled=True),
        ReservedPrefix.objects.create(prefix="acme", reason="Ours."),
    ]
    found = ("invited", "token", "project", "release", "file", "publisher", "case", "prohibited")
    rows = [*made, bystander, *(world.things.get(name, world.project) for name in found)]
    rows += [CiIdentity.objects.first(), AuditEvent.objects.first(), JournalEntry.objects.first()]
    owning = Team.objects.get(name="owning")
    rows += [owning, owning.roles.get(), owning.members.get(kind="member")]
    world.place |= {row._meta.label_lower: row.pk for row in rows}
    world.place |= {"moderation.heldupload": world.things["held"].pk, "code": known.code}
    world.things["prefix"] = made[-1]
    world.place["of staff"] = world.people["staff"].pk
    idle = UserFactory(username="idle", is_active=False)
    world.place["accounts.frozenuser"] = idle.pk
    world.things["policy form"] = {
        **known.defaults,
        "enabled": "on",
        "action": "",
        "reason": "We tried it.",
    }


def _task(name: str) -> dict[str, Any]:
    now = timezone.now()
    return {"id": name, "name": name, "func": "math.floor", "started": now, "stopped": now}


ARRANGED = (_names, _files, _stages, _publishers, _invitations, _teams, _desk, _own, _jobs, _admin)


def limit(text: str, project: Project) -> str:
    """The token reaches this project and no other."""
    token = tokens.verify(text)
    assert token
    reach.limit_token(token, [project])
    return text
