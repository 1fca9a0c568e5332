"""Cases: of what was reported, and many at once, straight from the tables."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from moderation import observations
from moderation.models import Case, Concerned, Observation
from moderation.observations import Report
from packages import names
from packages.models import Project, Stage
from tests.factories.people import UserFactory, actor

NAMES = "/admin/moderation/prohibitedname/"
KINDS = ["held", "held", "held", "malware", "spam"]
HOLD = {"policy": "some.policy", "code": "first-release-by-new-uploader", "reason": "It is new."}


def case_of(thing) -> Case:
    """The newest about it."""
    return Case.objects.about(thing).latest("pk")


def reported(thing, kind: str = "malware", text: str = "It steals passwords.", **more) -> Case:
    """The case of something that somebody with an account reported."""
    report = Report(kind, text, **more)
    return observations.report(thing, report, actor=actor(UserFactory())).case


def many_cases(count: int, *, first: int = 0) -> list[Case]:
    """As many cases, three of five of held uploads, the others reported; each by somebody else."""
    numbers = range(first, first + count)
    people = User.objects.bulk_create(User(username=f"many{number}") for number in numbers)
    projects = Project.objects.bulk_create(
        Project(name=f"many-{number}", normalized_name=f"many-{number}") for number in numbers
    )
    stages = Stage.objects.bulk_create(_stage(*pair) for pair in zip(projects, people, strict=True))
    rows = zip(numbers, projects, stages, strict=True)
    cases = Case.objects.bulk_create(_case(*row) for row in rows)
    Concerned.objects.bulk_create(
        Concerned(case=case, user=user, part="uploader")
        for case, user in zip(cases, people, strict=True)
    )
    Observation.objects.bulk_create(_report(case) for case in cases if case.kind != "held")
    return cases


def _stage(project: Project, user: User) -> Stage:
    return Stage(
        project=project,
        version="1.0",
        sort_key=names.version_sort_key("1.0"),
        status="processing",
        holds=[HOLD],
        created_by=user,
    )


def _case(number: int, project: Project, stage: Stage) -> Case:
    kind = KINDS[number % len(KINDS)]
    about = {"stage": stage} if kind == "held" else {"project": project}
    opened = timezone.now() - timedelta(hours=number % 2000)
    return Case(**about, title=f"{project.name} 1.0", kind=kind, severity=2, opened_at=opened)


def _report(case: Case) -> Observation:
    return Observation(case=case, kind=case.kind, source="visitor", text="It looks wrong to me.")


def prohibit(client: Client, name: str, reason: str = "a trade mark") -> HttpResponse:
    """Prohibit a name in the admin, after the look that it asks for."""
    given = {"names": name, "reason": reason}
    look = client.post(f"{NAMES}add/", given)
    seen = (look.context or {}).get("seen", "")
    return client.post(f"{NAMES}add/", {**given, "seen": seen, "confirmed": "yes"})
