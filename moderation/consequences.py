"""What an action would do, told before: who sees what, who is told, who depends on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.text import capfirst

from accounts.models import ApiToken, User
from moderation import appeals
from moderation.actions import Action, Published, in_the_way
from moderation.decisions import acted_upon, waits
from moderation.models import (
    Appeal,
    Case,
    Concerned,
    Decision,
    DecisionKind,
    DecisionState,
    Subject,
)
from moderation.models.decisions import ANSWERS, HARMFUL
from moderation.models.subjects import as_fields, project_of, same_thing
from moderation.policies import foreseen
from moderation.tasks import people_of
from packages import access, downloads, insiders
from packages.models import File, Project, Release, Stage
from packages.models.file import FileQuerySet

SHOWN = 12
PATIENCE = "1500ms"  # for what may have to read every release
_DEPENDENTS = """
    select distinct p.name from packages_release r
    join packages_project p on p.id = r.project_id and p.published_at is not null
    where jsonb_typeof(r.metadata->'requires_dist') = 'array' and p.id <> %(own)s
    and exists (
        select from jsonb_array_elements_text(r.metadata->'requires_dist') as wanted
        where wanted ~* %(pattern)s
    )
    order by p.name limit 200
"""


@dataclass(frozen=True)
class Consequence:
    """One sentence, and the names that it is about."""

    title: str
    items: tuple[str, ...] = ()
    more: int = 0


def of(case: Case, action: Action, target: Any) -> list[Consequence]:
    """In the order in which a moderator wants to know."""
    return [*_SEEN[action.verb](target), *_told(case, action, target), *_affected(action, target)]


def _list(title: str, items: Iterable[str]) -> Consequence:
    every = list(items)
    return Consequence(title, tuple(every[:SHOWN]), max(0, len(every) - SHOWN))


# -- what is seen ----------------------------------------------------------------------------------


def _approve(stage: Stage) -> Iterator[Consequence]:
    if obstacle := in_the_way(stage):
        yield Consequence(obstacle)
        return
    yield from approving(stage, _staged(stage))
    if objections := foreseen.of_held(stage):
        yield _list("Who registered its name now would be told:", objections)


def _reject(stage: Stage) -> Iterator[Consequence]:
    return rejecting(stage, _staged(stage))


def _staged(stage: Stage) -> Iterable[str]:
    return stage.files.order_by("filename").values_list("filename", flat=True)


def approving(stage: Stage, filenames: Iterable[str]) -> Iterator[Consequence]:
    """What publishing a held upload of these files does."""
    yield _list("These files can be installed by everybody:", filenames)
    if stage.project.published_at is None:
        yield Consequence(f"The project {stage.project.name} gets its page and is found by search.")
    if stage.created_by and stage.created_by.trusted_at is None:
        yield Consequence(_trust(stage.created_by))


def _trust(uploader: User) -> str:
    if not uploader.is_active:
        return f"The account of {uploader.username} is frozen: he is not trusted by it."
    return (
        f"{uploader.username} is trusted: his next new projects are not held for being the first"
        " of somebody new."
    )


def rejecting(stage: Stage, filenames: Iterable[str]) -> Iterator[Consequence]:
    """What turning it away does."""
    yield _list("Nothing of it becomes public; these filenames are free again:", filenames)
    if stage.is_session:
        yield Consequence("The session stays: its uploader can mend it and publish it again.")
    elif stage.project.published_at is None:
        yield Consequence(f"The name {stage.project.name} is free again for everybody.")


def _filenames(files: FileQuerySet, target: Published) -> Iterable[str]:
    """Those of them that belong to it."""
    return files.filter(_of(target)).in_order().values_list("filename", flat=True)


def _of(target: Published) -> Q:
    """Which files belong to a project, to a release, or are the file."""
    if isinstance(target, Project):
        return Q(release__project=target)
    return Q(release=target) if isinstance(target, Release) else Q(pk=target.pk)


def _hide(target: Published) -> Iterator[Consequence]:
    yield _list("Nobody can see or install:", _filenames(File.objects.standing(), target))
    if isinstance(target, Project):
        yield Consequence(
            "The project takes no uploads, and its page says that it is in quarantine."
        )
    else:
        yield _kept(target)


def _kept(target: File | Release) -> Consequence:
    """The versions of which something is left without it."""
    project = target.release.project if isinstance(target, File) else target.project
    left = File.objects.left().filter(release=OuterRef("pk")).exclude(_of(target))
    versions = project.releases.standing().filter(Exists(left)).newest_first()
    title = "These versions can be installed as before:"
    return _list(title, versions.values_list("version", flat=True))


def _clear(target: Any) -> Iterator[Consequence]:
    yield Consequence(
        "It is again exactly what it was before the quarantine: yanked if it was yanked."
    )


def _remove(target: Published) -> Iterator[Consequence]:
    """Also what is in quarantine already, as it usually is."""
    there = File.objects.filter(deleted_at=None)
    yield _list("These files go into the bin:", _filenames(there, target))
    yield Consequence(
        f"They can be restored for {settings.BIN_DAYS} days; their names can never be used again."
    )
    if isinstance(target, Project):
        yield Consequence("The project loses its page; its name stays reserved.")
    else:
        yield _kept(target)


def _prohibit(project: Project) -> Iterator[Consequence]:
    yield Consequence(
        f"Nobody can register the name {project.normalized_name}, nor what differs from it only in"
        " separators and characters that look alike."
    )
    if project.published_at and not project.deleted_at:
        yield Consequence(
            "The project that has it goes on as it is; quarantine it if that is not meant."
        )


def _freeze(user: User) -> Iterator[Consequence]:
    tokens = ApiToken.objects.usable().filter(user=user).count()
    keys = "1 API token stops" if tokens == 1 else f"{tokens} API tokens stop"
    yield Consequence(f"{user.username} cannot sign in; {keys} working.")
    owned = Project.objects.held_by(user.pk, access.OWNERS).order_by("normalized_name")
    yield _list("What he owns stays as it is:", (project.name for project in owned))
    alone = [project.name for project in owned if not _others(project, user).exists()]
    if alone:
        yield _list("Nobody else can manage these meanwhile:", alone)


def _others(project: Project, user: User) -> QuerySet[User]:
    """Who else manages it, himself or by a team, and may sign in."""
    owners = insiders.people_of(project, access.OWNERS)
    return owners.filter(is_active=True).exclude(pk=user.pk)


def _dismiss(target: Any) -> Iterator[Consequence]:
    yield Consequence("Nothing changes for anybody.")


_SEEN: dict[str, Callable[[Any], Iterator[Consequence]]] = {
    "approve": _approve,
    "reject": _reject,
    "quarantine": _hide,
    "clear": _clear,
    "remove": _remove,
    "prohibit": _prohibit,
    "freeze": _freeze,
    "dismiss": _dismiss,
}


# -- who is told -----------------------------------------------------------------------------------


def _told(case: Case, action: Action, target: Any) -> Iterator[Consequence]:
    """Uploader and owners of an upload, everybody with a role on what is public; by e-mail."""
    yield from _answered(case, action, target)
    if action.verb == "dismiss":
        yield from _judged(case)
    if action.verb in ("quarantine", "clear", "remove"):
        yield Consequence("It stands in the public log of removals, with your reason.")
        told = list(insiders.people_of(project_of(target)))
    elif action.verb == "dismiss":
        told = []
    else:
        told = [target] if isinstance(target, User) else people_of(case)
    yield from _letters(told, silent=action.verb == "dismiss")
    yield from _reporters(case)


_REFUSED = "the appeal is refused: what was decided stays. Who appealed is told."
_GRANTED = "the appeal is granted. Who appealed is told."


def _answered(case: Case, action: Action, target: Subject) -> Iterator[Consequence]:
    """What comes of appeals that wait, where the case is closed with it."""
    waiting = [each.decision for each in _waiting(case).select_related("decision")]
    decision = Decision(kind=action.kind, **as_fields(target))
    if waiting and (not _ends(case, action) or appeals.left_by(decision, case)):
        yield Consequence("The appeal is not answered with this: the case stays on the desk.")
    else:
        yield from answering(action, decision, waiting)


def answering(
    action: Action, decision: Decision, appealed: Iterable[Decision]
) -> Iterator[Consequence]:
    """How the decision, made as the last in its case, answers appeals (`appeals.settle`)."""
    found = {_grants(decision, about) for about in appealed}
    for sentence in (_GRANTED if granted else _REFUSED for granted in sorted(found)):
        if action.kind == DecisionKind.DISMISSED:
            yield Consequence(capfirst(sentence))
        else:
            yield Consequence(f"If the case is decided with this, {sentence}")


def _waiting(case: Case) -> QuerySet[Appeal]:
    return case.appeals.filter(outcome="")


def _ends(case: Case, action: Action) -> bool:
    """Whether it may close the case: only being decided ends what an upload waits for."""
    return "stage" in action.subjects or not waits(case)


def _grants(decision: Decision, about: Decision) -> bool:
    """As `appeals.settle` will find, when the decision is made."""
    if about.kind in ANSWERS:
        return decision.kind in HARMFUL
    kinds = (decision.kind, about.kind)
    lifts = kinds == (DecisionKind.CLEARED, DecisionKind.QUARANTINED)
    return about.state != DecisionState.DONE or (lifts and same_thing(decision, about))


def _judged(case: Case) -> Iterator[Consequence]:
    """What closing without a further decision makes of reports; what was appealed is judged."""
    many = case.observations.count()
    if many and not _waiting(case).exists():
        yield judging(many, acted_upon=acted_upon(case))


def judging(many: int, *, acted_upon: bool) -> Consequence:
    """As what reports count that are closed without a further decision."""
    judged = "confirmed: what was decided here stays" if acted_upon else "unfounded"
    return Consequence(f"The report{'s count' if many > 1 else ' counts'} as {judged}.")


def _letters(told: Iterable[User], *, silent: bool = False) -> Iterator[Consequence]:
    reachable = [user.username for user in told if user.verified_email]
    if reachable:
        yield _list("They read your reason in an e-mail:", reachable)
    elif not silent:
        yield Consequence("Nobody is told: no account with a verified address is concerned.")


def _reporters(case: Case) -> Iterator[Consequence]:
    """Those with an account, and visitors who left an address."""
    many = case.concerned.filter(part=Concerned.Part.REPORTER).count()
    many += case.observations.exclude(email="").values("email").distinct().count()
    if many:
        who = "1 reporter reads" if many == 1 else f"{many} reporters read"
        yield Consequence(f"{who} the outcome and your reason.")


# -- undoing ---------------------------------------------------------------------------------------


_TAKEN_BACK = {
    DecisionKind.APPROVED: "What it published goes into quarantine: nobody can see or install it.",
    DecisionKind.REJECTED: "The upload waits on the desk again, with its filenames and its name.",
    DecisionKind.QUARANTINED: "It is again exactly what it was before the quarantine.",
    DecisionKind.CLEARED: "It is in quarantine again, for the reason that it had before: that one"
    " the people concerned read, and it stands in the public log of removals.",
    DecisionKind.REMOVED: "It comes back from the bin, with exactly the files that went.",
    DecisionKind.PROHIBITED: "Everybody can register the name again, if no project has it.",
    DecisionKind.FROZEN: "The account can sign in, and its tokens work again.",
    DecisionKind.DISMISSED: "The case is open again, and what its reports were is undecided.",
}
LOGGED = (DecisionKind.APPROVED, DecisionKind.QUARANTINED, DecisionKind.REMOVED)


def of_undoing(case: Case, decision: Decision) -> list[Consequence]:
    """The same for taking a decision back."""
    kind = DecisionKind(decision.kind)
    found = [Consequence(_TAKEN_BACK[kind])]
    if kind == DecisionKind.APPROVED and decision.details.get("trusted"):
        found.append(Consequence("The trust that its uploader got with it goes, too."))
    if kind in LOGGED:
        found.append(Consequence("It stands in the public log of removals, with your reason."))
    if decision.appeals.filter(outcome="").exists():
        found.append(Consequence(capfirst(_GRANTED)))
    told = readers_of_undoing(case, decision)
    return [*found, *_letters(told, silent=not told), *_reporters(case)]


def readers_of_undoing(case: Case, decision: Decision) -> list[User]:
    """Whom `moderation.telling` and `packages.letters` write to."""
    if decision.kind in (DecisionKind.DISMISSED, DecisionKind.CLEARED):
        return []
    if decision.kind == DecisionKind.FROZEN:
        return [decision.person] if decision.person else []
    members = insiders.people_of(decision.subject_project) if decision.kind in LOGGED else []
    return list(dict.fromkeys([*people_of(case), *members]))


# -- who depends on it -----------------------------------------------------------------------------


def _affected(action: Action, target: Any) -> Iterator[Consequence]:
    project = project_of(target)
    if action.verb not in ("quarantine", "remove") or project is None:
        return
    lately = downloads.recent(project)
    yield Consequence(
        f"{project.name} was downloaded {lately.last_week} times in the last 7 days,"
        f" {lately.last_month} times in 30."
    )
    dependents = dependents_of(project)
    if dependents is None:
        yield Consequence("What depends on it could not be found out in time.")
    elif dependents:
        yield _list("These projects here require it:", dependents)
    else:
        yield Consequence("No project here requires it.")


def dependents_of(project: Project) -> list[str] | None:
    """Projects any release of which requires it (at most 200); None if that takes too long."""
    spelled = re.escape(project.normalized_name).replace("\\-", "[-_.]+")
    facts: dict[str, Any] = {"own": project.pk, "pattern": f"^{spelled}($|[^a-z0-9._-])"}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = '{PATIENCE}'")
            cursor.execute(_DEPENDENTS, facts)
            found = [name for (name,) in cursor.fetchall()]
            cursor.execute("set local statement_timeout to default")
            return found
    except OperationalError:  # QueryCanceled
        return None
