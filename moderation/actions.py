"""What can be decided, about what, by whom, and how each is undone.

`ACTIONS` is the one table: the verbs in `decisions`, the desk and its keys all read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from accounts import people
from accounts.actors import Actor
from accounts.models import User
from moderation import lifting, prohibitions
from moderation.models import Decision, DecisionKind, ProhibitedName
from moderation.models.decisions import HARMFUL
from moderation.policies import DECIDE
from packages import access, files, projects, releases
from packages.models import File, Project, Release, Role, Stage, StageStatus
from packages.uploads import stages
from pypi_site.lib.problems import Conflict

PROHIBIT = "moderation.add_prohibitedname"
FREEZE = "moderation.freeze_person"
PUBLIC = ("file", "release", "project")
Details = dict[str, Any]
Published = File | Release | Project


@dataclass(frozen=True)
class Action:
    """One verb of the desk.

    `subjects` says what it is done to; `do` returns what `undo` needs to know besides the decision
    itself.  A `destructive` one may want a second moderator; one that `closes` ends the case.
    `named` says what it is done to, where that need not be the case's own subject.
    """

    verb: str
    kind: DecisionKind
    label: str
    done: str
    key: str
    permission: str
    subjects: tuple[str, ...]
    do: Callable[[Any, Actor, str], Details]
    undo: Callable[[Decision, Actor, str], object]
    undo_label: str
    destructive: bool = False
    closes: bool = True
    named: str = ""

    @property
    def is_grave(self) -> bool:
        """Whether somebody loses something by it: no reason is chosen for it beforehand."""
        return self.kind in HARMFUL


def _verbs_of(item: Published) -> ModuleType:
    """The module of verbs for such a thing."""
    return {File: files, Release: releases, Project: projects}[type(item)]


# -- held uploads ----------------------------------------------------------------------------------


def _approve(stage: Stage, actor: Actor, reason: str) -> Details:
    """Publish it, and let its uploader's next projects pass, unless his account is frozen."""
    if obstacle := in_the_way(stage):
        raise Conflict(obstacle)
    stage = stages.approve(stage, actor=actor, reason=reason)
    uploader = stage.created_by
    if uploader is None or not uploader.is_active:
        return {"trusted": False}
    fresh = uploader.trusted_at is None
    people.trust(uploader, actor=actor, reason=f"Approved {stage}: {reason}")
    return {"trusted": fresh}


def in_the_way(stage: Stage) -> str:
    """What keeps a held upload from being approved now, in a moderator's words; "" if nothing."""
    release = published_release(stage)
    hidden = next((each for each in (stage.project, release) if each and each.quarantined), None)
    if hidden is None:
        return ""
    return f"{hidden} is in quarantine and takes no files: clear it first, or reject the upload."


def _hide_approved(decision: Decision, actor: Actor, reason: str) -> None:
    """What is public once cannot be unpublished: it goes into quarantine, and trust goes, too."""
    stage = decision.stage
    assert stage
    for item in _published_by(stage):
        _verbs_of(item).quarantine(item, actor=actor, reason=reason, permission=DECIDE)
    if stage.created_by and decision.details.get("trusted"):
        people.distrust(stage.created_by, actor=actor, reason=reason)


def _published_by(stage: Stage) -> list[Published]:
    """The release that the stage became, or only its files where the release has others."""
    release = published_release(stage)
    if release is None:
        return [stage.project]
    sent = stage.files.values_list("filename", flat=True)
    left = release.files.filter(deleted_at=None, quarantined_at=None)
    mine = list(left.filter(filename__in=sent))
    if left.exclude(filename__in=sent).exists():
        return [*mine]
    return [] if release.quarantined else [release]


def _reject(stage: Stage, actor: Actor, reason: str) -> Details:
    owners = list(stage.project.roles.order_by("pk").values_list("user", "kind"))
    stages.reject(stage, actor=actor, reason=reason)
    return {"roles": owners}


def _hold_again(decision: Decision, actor: Actor, reason: str) -> Stage:
    stage = decision.stage
    assert stage
    roles = decision.details.get("roles") or [(stage.created_by_id, Role.Kind.OWNER)]
    return stages.hold_again(stage, roles=roles, actor=actor, reason=reason)


# -- what is public --------------------------------------------------------------------------------


def _quarantine(item: Published, actor: Actor, reason: str) -> Details:
    _verbs_of(item).quarantine(item, actor=actor, reason=reason)
    return {}


def _clear(item: Published, actor: Actor, reason: str) -> Details:
    item.refresh_from_db()  # the caller's may be older than the quarantine
    was = item.status_reason if isinstance(item, Project) else item.quarantined_reason
    ended = list(lifting.in_force(item, DecisionKind.QUARANTINED).values_list("pk", flat=True))
    _verbs_of(item).clear(item, actor=actor, reason=reason)
    return {"reason": was, "lifted": ended}


def _clear_again(decision: Decision, actor: Actor, reason: str) -> object:
    item: Any = decision.subject
    return _verbs_of(item).clear(item, actor=actor, reason=reason)


def _quarantine_again(decision: Decision, actor: Actor, reason: str) -> object:
    """For the reason that it had before it was cleared; what was decided then is in force again."""
    item: Any = decision.subject
    was = decision.details.get("reason", reason)
    hidden = _verbs_of(item).quarantine(item, actor=actor, reason=was)
    lifting.put_in_force(decision.details.get("lifted", []))
    return hidden


def _remove(item: Published, actor: Actor, reason: str) -> Details:
    """Into the bin; what lay there before stays apart."""
    before = set(_in_bin(item))
    _verbs_of(item).delete(item, actor=actor, reason=reason)
    return {"files": sorted(set(_in_bin(item)) - before)}


def _in_bin(item: Published) -> list[str]:
    binned = File.objects.in_bin()
    if isinstance(item, File):
        binned = binned.filter(pk=item.pk)
    elif isinstance(item, Release):
        binned = binned.filter(release=item)
    else:
        binned = binned.filter(release__project=item)
    return list(binned.values_list("filename", flat=True))


def _restore(decision: Decision, actor: Actor, reason: str) -> object:
    """Only what went with the decision."""
    item: Any = decision.subject
    if isinstance(item, Release):
        only = decision.details.get("files", [])
        return releases.restore(item, actor=actor, reason=reason, only=only)
    return _verbs_of(item).restore(item, actor=actor, reason=reason)


# -- names and people ------------------------------------------------------------------------------


def _prohibit(project: Project, actor: Actor, reason: str) -> Details:
    name = project.normalized_name
    if not prohibitions.prohibit([name], actor=actor, reason=reason):
        raise Conflict(f"The name {name} is prohibited already.")
    return {"name": name}


def _allow(decision: Decision, actor: Actor, reason: str) -> None:
    name = decision.details["name"]
    row = ProhibitedName.objects.filter(name=name).first()
    if row is None:
        raise Conflict(f"The name {name} is not prohibited any more.")
    prohibitions.allow(row, actor=actor, reason=reason)


def _freeze(user: User, actor: Actor, reason: str) -> Details:
    people.freeze(user, actor=actor, reason=reason, quiet=True)  # see moderation.telling
    return {}


def _unfreeze(decision: Decision, actor: Actor, reason: str) -> User:
    if decision.person is None:
        raise Conflict("The account is deleted.")
    return people.unfreeze(decision.person, actor=actor, reason=reason, quiet=True)


def _nothing(*given: object) -> Details:
    return {}


# -- the table -------------------------------------------------------------------------------------

_ALL = (
    Action(
        "approve",
        DecisionKind.APPROVED,
        "Approve",
        "approved and published",
        "a",
        DECIDE,
        ("stage",),
        _approve,
        _hide_approved,
        "Undo: into quarantine",
    ),
    Action(
        "reject",
        DecisionKind.REJECTED,
        "Reject",
        "rejected",
        "r",
        DECIDE,
        ("stage",),
        _reject,
        _hold_again,
        "Undo: hold it again",
    ),
    Action(
        "quarantine",
        DecisionKind.QUARANTINED,
        "Quarantine",
        "in quarantine",
        "q",
        access.CHANGE_PROJECT,
        PUBLIC,
        _quarantine,
        _clear_again,
        "Undo: clear the quarantine",
        named="Quarantine {kind} {item}",
    ),
    Action(
        "clear",
        DecisionKind.CLEARED,
        "Clear the quarantine",
        "out of quarantine",
        "u",
        access.CHANGE_PROJECT,
        PUBLIC,
        _clear,
        _quarantine_again,
        "Undo: into quarantine again",
        named="Clear the quarantine of {kind} {item}",
    ),
    Action(
        "remove",
        DecisionKind.REMOVED,
        "Remove",
        "removed",
        "x",
        access.DELETE_FILE,
        PUBLIC,
        _remove,
        _restore,
        "Undo: restore",
        destructive=True,
        named="Remove {kind} {item}",
    ),
    Action(
        "prohibit",
        DecisionKind.PROHIBITED,
        "Prohibit the name",
        "name prohibited",
        "p",
        PROHIBIT,
        ("project",),
        _prohibit,
        _allow,
        "Undo: free the name",
        destructive=True,
        closes=False,
        named="Prohibit the name {item}",
    ),
    Action(
        "freeze",
        DecisionKind.FROZEN,
        "Freeze the account",
        "frozen",
        "f",
        FREEZE,
        ("person",),
        _freeze,
        _unfreeze,
        "Undo: unfreeze",
        destructive=True,
        closes=False,
        named="Freeze the account of {item}",
    ),
    Action(
        "dismiss",
        DecisionKind.DISMISSED,
        "Nothing to be done",
        "closed without consequences",
        "d",
        DECIDE,
        ("stage", *PUBLIC, "person"),
        _nothing,
        _nothing,
        "Undo: open it again",
    ),
)
ACTIONS = {action.verb: action for action in _ALL}
BY_KIND = {action.kind: action for action in _ALL}


def published_release(stage: Stage) -> Release | None:
    """The release of the same version that is public already."""
    return stage.project.releases.filter(sort_key=stage.sort_key).first()


def is_possible(action: Action, item: Any) -> bool:
    """Whether it would make a difference to `item` as it is; what the desk offers."""
    return _POSSIBLE[action.verb](item)


def _is_held(stage: Stage) -> bool:
    return stage.status == StageStatus.PROCESSING


def _is_public(item: Published) -> bool:
    """A project that nothing was published under is only a name."""
    return not isinstance(item, Project) or item.published_at is not None


def _is_gone(item: Published) -> bool:
    if isinstance(item, Release):
        # Lists of releases (`moderation.parts`) know it of each already.
        left = getattr(item, "has_files", None)
        return not (item.files.filter(deleted_at=None).exists() if left is None else left)
    return item.deleted_at is not None


def _is_prohibited(project: Project) -> bool:
    return ProhibitedName.objects.filter(name=project.normalized_name).exists()


_POSSIBLE: dict[str, Callable[[Any], bool]] = {
    "approve": _is_held,
    "reject": _is_held,
    "quarantine": lambda item: _is_public(item) and not item.quarantined and not _is_gone(item),
    "clear": lambda item: bool(item.quarantined),
    "remove": lambda item: _is_public(item) and not _is_gone(item),
    "prohibit": lambda project: not _is_prohibited(project),
    "freeze": lambda user: bool(user.is_active),
    "dismiss": lambda item: not (isinstance(item, Stage) and _is_held(item)),
}
