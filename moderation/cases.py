"""Verbs on cases: open, claim, release, wait, note, hand over, ask the uploader.

Whoever changes a case locks the project that it is about first, then the case: with the order of
`packages` there is no deadlock, and of two moderators one is told that the other was faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from moderation import events, siblings
from moderation.models import Case, CaseKind, CaseState, Concerned, Note, Severity, Subject
from moderation.models.cases import TITLE_LENGTH
from moderation.models.decisions import DecisionState
from moderation.models.subjects import as_fields, project_of
from moderation.policies import DECIDE
from packages import access, insiders
from packages.models import File, Project, Release, Stage
from pypi_site.lib.problems import Conflict, Problem, ReasonNeeded, Refused

Part = Concerned.Part
STATE = ["state", "claimed_by", "claimed_at", "decided_at", "settled_at", "looked_at"]
ANSWER_LENGTH, ANSWERS_TO_A_QUESTION = 5000, 2


class CaseDecided(Conflict):
    """Somebody was faster; undo that decision if it is wrong."""

    code, title = "case-decided", "Decided already"


class ClaimedByAnother(Conflict):
    """Another moderator works on it; take it over if he does not."""

    code, title = "case-claimed", "Another moderator works on it"


class AnotherModeratorNeeded(Refused):
    """Nobody answers an appeal against his own decision while there are other moderators."""

    code, title = "another-moderator-needed", "Another moderator has to look"


class NotClaimed(Conflict):
    """Only what somebody has claimed can be given back."""

    code, title = "case-not-claimed", "Nobody has claimed it"


class NobodyToAsk(Conflict):
    """The account that uploaded it is gone."""

    code, title = "nobody-to-ask", "Nobody to ask"


class InvalidAnswer(Problem):
    """An answer is as long as somebody reads."""

    code, title = "invalid-answer", "The answer cannot be taken"


class NotAsked(Conflict):
    """Each question is answered, and the answer completed once."""

    code, title = "not-asked", "No question waits for you"


class NoModerator(Problem):
    """A case is handed to somebody who may decide it."""

    code, title = "no-moderator", "Not a moderator"


# -- open ------------------------------------------------------------------------------------------


def live(subject: Subject) -> Case | None:
    """The case about it that waits to be decided."""
    return Case.objects.live().about(subject).with_subjects().first()


@transaction.atomic
def open_about(
    subject: Subject,
    *,
    kind: str = CaseKind.HELD,
    severity: int = Severity.NORMAL,
    at: datetime | None = None,
) -> Case:
    """The live case about `subject`, opened where there is none; safe to repeat."""
    if case := live(subject):
        return case
    facts = {"kind": kind, "severity": severity, "opened_at": at or timezone.now()}
    title = siblings.title_of(subject)[:TITLE_LENGTH]
    try:
        with transaction.atomic():
            case = Case.objects.create(**as_fields(subject), title=title, **facts)
    except IntegrityError:  # another process opened it this moment
        return Case.objects.live().about(subject).with_subjects().get()
    concern(case, people_of(subject))
    events.case_opened.send(Case, case=case)
    return case


def concern(case: Case, people: Iterable[tuple[User, str]]) -> None:
    """Note whom the case concerns, and in which part."""
    rows = [Concerned(case=case, user=user, part=part) for user, part in people]
    Concerned.objects.bulk_create(rows, ignore_conflicts=True)


def people_of(subject: Subject) -> Iterator[tuple[User, str]]:
    """Uploader and owners; of a person, himself."""
    if isinstance(subject, User):
        yield subject, Part.SUBJECT
        return
    if uploader := uploader_of(subject):
        yield uploader, Part.UPLOADER
    for owner in insiders.people_of(project_of(subject), access.OWNERS):
        yield owner, Part.OWNER


def uploader_of(subject: Subject) -> User | None:
    """Who sent it in; of a project, who published its first release; for a CI job an owner."""
    if isinstance(subject, Stage):
        return subject.created_by or _behind(subject.created_by_ci_id, subject.project)
    if isinstance(subject, File):
        return subject.uploaded_by or _behind(subject.uploaded_by_ci_id, subject.project)
    if isinstance(subject, Release):
        return subject.published_by or _behind(subject.published_by_ci_id, subject.project)
    if isinstance(subject, Project):
        first = subject.releases.select_related("published_by").order_by("published_at").first()
        return uploader_of(first) if first else None
    return subject


def _behind(job: int | None, project: Project) -> User | None:
    """Somebody who answers for what a CI job uploaded."""
    return insiders.people_of(project, access.OWNERS).order_by("pk").first() if job else None


@transaction.atomic
def close_settled(stage: Stage) -> None:
    """End the case of an upload that is published or rejected; a decision says more afterwards."""
    facts = {"decided_at": timezone.now(), "held_by": sorted({h["code"] for h in stage.holds})}
    if stage.holds:  # what passed when it was looked through, nobody decided
        facts["settled_at"] = Coalesce("settled_at", Value(facts["decided_at"]))
    Case.objects.live().about(stage).update(state=CaseState.DECIDED, **facts)


# -- lock ------------------------------------------------------------------------------------------


def require_moderator(actor: Actor) -> None:
    """Refuse whoever may not decide, and every token."""
    if not actor.may(DECIDE):
        raise Refused("Only moderators decide about held uploads and cases; ask an administrator.")


def moderators() -> QuerySet[User]:
    """Everybody who may approve and reject."""
    decide = Permission.objects.filter(codename="decide_heldupload")
    may = Q(is_superuser=True) | Q(groups__permissions__in=decide) | Q(user_permissions__in=decide)
    return User.objects.filter(may, is_active=True, is_staff=True).distinct()


def lock(case: Case) -> Case:
    """The case as it is now, locked until commit, its project locked first."""
    if project := case.subject_project:
        Project.objects.lock(project.pk)
    return Case.objects.select_for_update(of=("self",)).with_subjects().get(pk=case.pk)


def lock_to_work(case: Case, actor: Actor) -> Case:
    """The same, for a moderator who may work on it now.

    Raises `CaseDecided` or `ClaimedByAnother`.
    """
    require_moderator(actor)
    case = lock(case)
    if not case.is_live:
        raise CaseDecided(f"The case of {case} is decided already; its page says how.")
    _require_free(case, actor)
    return case


def _require_free(case: Case, actor: Actor) -> None:
    _require_another(case, actor)
    if case.claimed_by and case.claimed_by != actor.user:
        raise ClaimedByAnother(
            f"{case.claimed_by.username} works on the case of {case}; ask him, or take it over."
        )


def _require_another(case: Case, actor: Actor) -> None:
    if is_for_another(case, actor):
        raise AnotherModeratorNeeded(
            f"You decided what is appealed in the case of {case}; another moderator looks at it,"
            " unless you undo the decision yourself."
        )


def is_for_another(case: Case, actor: Actor) -> bool:
    """An appeal is looked at by another than who decided, as long as there is another."""
    if not actor.user:
        return False
    decided = case.appeals.filter(outcome="", decision__moderator=actor.user).exists()
    return decided and moderators().exclude(pk=actor.user.pk).exists()


# -- work on it ------------------------------------------------------------------------------------


def look(case: Case) -> None:
    """Remember when a moderator looked first."""
    if case.looked_at is None:
        case.looked_at = timezone.now()
        Case.objects.filter(pk=case.pk, looked_at=None).update(looked_at=case.looked_at)


@transaction.atomic
def claim(case: Case, *, actor: Actor, take_over: bool = False) -> Case:
    """Say that one works on it, so that no other does; safe to repeat.

    `take_over` takes it from whoever has it.
    """
    require_moderator(actor)
    case = lock(case)
    if not case.is_live:
        raise CaseDecided(f"The case of {case} is decided already.")
    _require_another(case, actor) if take_over else _require_free(case, actor)
    return _change(case, actor, "claim", state=_taken_up(case, actor.user), claimed_by=actor.user)


def _taken_up(case: Case, holder: User | None) -> str:
    """What was laid aside is worked on again, but for what waits for a second moderator."""
    if case.decisions.filter(state=DecisionState.PROPOSED).exists():
        return CaseState.WAITING
    return state_of_work(case, holder)


def state_of_work(case: Case, holder: User | None) -> str:
    """What a live case is again when it is taken up, or a proposal or an answer left it open."""
    if case.appeals.filter(outcome="").exists():
        return CaseState.APPEALED
    if _is_unanswered(case):
        return CaseState.WAITING
    return CaseState.CLAIMED if holder else CaseState.OPEN


def _is_unanswered(case: Case) -> bool:
    """Whether the last word between a moderator and the uploader is the moderator's."""
    last = case.notes.filter(kind__in=(Note.Kind.QUESTION, Note.Kind.ANSWER)).last()
    return last is not None and last.kind == Note.Kind.QUESTION


@transaction.atomic
def release(case: Case, *, actor: Actor, reason: str = "") -> Case:
    """Give it back to everybody."""
    case = lock_to_work(case, actor)
    if case.claimed_by is None:
        raise NotClaimed(f"Nobody has claimed the case of {case}.")
    state = CaseState.OPEN if case.state == CaseState.CLAIMED else case.state
    return _change(case, actor, "release", reason, state=state, claimed_by=None)


@transaction.atomic
def wait(case: Case, *, actor: Actor, reason: str) -> Case:
    """Lay it aside until something comes; `reason` says what."""
    _require_text(reason, "Write what the case waits for; other moderators will read it.")
    case = lock_to_work(case, actor)
    _write(case, actor, f"Waits: {reason.strip()}", Note.Kind.EVENT)
    return _change(case, actor, "wait", reason, state=CaseState.WAITING, claimed_by=actor.user)


@transaction.atomic
def note(case: Case, *, actor: Actor, text: str) -> Note:
    """Add to the thread that moderators read; also to a case that is decided, or another's."""
    require_moderator(actor)
    _require_text(text, "Write the note first.")
    written = _write(case, actor, text)
    audit.record(actor, "case.note", case, after={"note": written.pk})
    return written


@transaction.atomic
def hand_over(case: Case, *, to: User, actor: Actor, reason: str) -> Case:
    """Give it to another moderator, and tell him why."""
    _require_text(reason, "Write what the other moderator should know.")
    if not to.is_active or not to.has_perm(DECIDE):
        raise NoModerator(f"{to.username} may not decide cases; choose a moderator.")
    case = lock_to_work(case, actor)
    said = _write(case, actor, f"Handed to {to.username}: {reason.strip()}", Note.Kind.EVENT)
    keeps = case.state in (CaseState.WAITING, CaseState.APPEALED)
    state = case.state if keeps else CaseState.CLAIMED
    case = _change(case, actor, "hand_over", reason, state=state, claimed_by=to)
    events.case_handed_over.send(Case, case=case, note=said, to=to)
    return case


@transaction.atomic
def ask(case: Case, *, actor: Actor, reason: str) -> Note:
    """Ask the uploader something; the case waits for the answer."""
    _require_text(reason, "Write what you want to know; the uploader gets it by e-mail.")
    case = lock_to_work(case, actor)
    subject = case.subject
    if subject is None or uploader_of(subject) is None:
        raise NobodyToAsk(f"Nobody can be asked about {case}: the account is deleted.")
    concern(case, people_of(subject))  # whoever owns it now is asked, too
    question = _write(case, actor, reason, Note.Kind.QUESTION)
    _change(case, actor, "ask", reason, state=CaseState.WAITING, claimed_by=actor.user)
    events.uploader_asked.send(Case, case=case, note=question)
    return question


@transaction.atomic
def answer(case: Case, *, actor: Actor, text: str) -> Note:
    """What the uploader, or an owner, says to the question; the case is looked at again."""
    _require_text(text, "Write your answer first.")
    if len(text.strip()) > ANSWER_LENGTH:
        raise InvalidAnswer(
            f"Answer in at most {ANSWER_LENGTH} characters; lead to more by a link."
        )
    case = lock(case)
    mine = case.concerned.filter(user=actor.user).exclude(part=Part.REPORTER)
    if actor.token or not mine.exists():
        raise Refused("Only the uploader and the owners answer questions about it.")
    if not case.is_live:
        raise CaseDecided(f"{case} is decided meanwhile; your answer is not needed any more.")
    if not may_answer(case, actor.user):
        raise NotAsked("The moderators have your answer; they ask again if they need more.")
    written = _write(case, actor, text, Note.Kind.ANSWER)
    if case.state == CaseState.WAITING:
        state = state_of_work(case, case.claimed_by)
        _change(case, actor, "answer", state=state, claimed_by=case.claimed_by)
    events.uploader_answered.send(Case, case=case, note=written)
    return written


def may_answer(case: Case, user: User | None) -> bool:
    """Whether a question waits for somebody: each is answered, and the answer completed once."""
    question = case.notes.filter(kind=Note.Kind.QUESTION).last()
    if question is None or not case.is_live:
        return False
    given = case.notes.filter(kind=Note.Kind.ANSWER, author=user, pk__gt=question.pk)
    return given.count() < ANSWERS_TO_A_QUESTION


def _require_text(text: str, advice: str) -> None:
    if not text.strip():
        raise ReasonNeeded(advice)


def _write(case: Case, actor: Actor, text: str, kind: str = Note.Kind.NOTE) -> Note:
    return Note.objects.create(case=case, kind=kind, text=text.strip(), author=actor.user)


# -- record ----------------------------------------------------------------------------------------


def standing(case: Case) -> dict[str, Any]:
    """How the case stands, for the trail."""
    holder = case.claimed_by.username if case.claimed_by else None
    return {"state": str(case.state), "claimed_by": holder}


def _change(
    case: Case, actor: Actor, verb: str, reason: str = "", *, state: str, claimed_by: User | None
) -> Case:
    before = standing(case)
    set_state(case, state, claimed_by)
    after = standing(case)
    audit.record(actor, f"case.{verb}", case, reason=reason, before=before, after=after)
    return case


def set_state(case: Case, state: str, claimed_by: User | None) -> None:
    """Write state, holder and their times; the caller holds the lock and records it."""
    now = timezone.now()
    if claimed_by != case.claimed_by or case.claimed_at is None:
        case.claimed_at = now if claimed_by else None
    case.state, case.claimed_by = state, claimed_by
    case.decided_at = now if state == CaseState.DECIDED else None
    if state == CaseState.DECIDED:
        case.looked_at, case.settled_at = case.looked_at or now, case.settled_at or now
    case.save(update_fields=STATE)
