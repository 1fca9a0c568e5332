"""What prohibiting names would hit, looked at before."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from moderation import protected
from moderation.lookalikes import keys
from moderation.models import ProhibitedName
from packages import names
from packages.models import FormerName, Project, Publisher, Stage
from packages.models.reader import KEEPER

_GOES_ON = "goes on as it is; quarantine it if that is not meant."


@dataclass(frozen=True)
class Hit:
    """What would become of one name.

    `remark` says why nothing, `project` who has it already, `notes` what else there is under it.
    """

    name: str
    remark: str = ""
    project: Project | None = None
    files: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        return not self.remark


def preview(given: Iterable[str]) -> list[Hit]:
    """What prohibiting these names would hit, name by name, with a constant number of queries."""
    spelled = {name: names.normalize(name) for name in given}
    found = _Found({name for name in spelled.values() if names.is_valid(name)})
    return [found.hit(name, normalized) for name, normalized in spelled.items()]


def mark(hits: Iterable[Hit]) -> str:
    """The same for the same hits: whoever says yes says it to what he has seen."""
    seen = [(hit.name, hit.remark, hit.project and hit.project.pk, hit.notes) for hit in hits]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


class _Found:
    """Everything that there is under some normalized names, and their twins."""

    def __init__(self, wanted: set[str]) -> None:
        prohibited = ProhibitedName.objects.filter(name__in=wanted)
        self.prohibited = set(prohibited.values_list("name", flat=True))
        self.projects: dict[str, list[Project]] = defaultdict(list)
        for project in _projects(wanted):
            self.projects[keys.ultranormalized(project.normalized_name)].append(project)
        former = FormerName.objects.filter(normalized_name__in=wanted).select_related("project")
        self.former = {row.normalized_name: row.project for row in former}
        stages = Stage.objects.active().filter(project__normalized_name__in=wanted)
        self.stages = list(stages.values_list("project__normalized_name", "status"))
        pending = Publisher.objects.pending().filter(normalized_name__in=wanted)
        self.pending = Counter(pending.values_list("normalized_name", flat=True))

    def hit(self, name: str, normalized: str) -> Hit:
        if not names.is_valid(name):
            return Hit(name, "This is no valid name and nobody can register it.")
        if normalized in self.prohibited:
            return Hit(normalized, "It is prohibited already.")
        near = self.projects[keys.ultranormalized(normalized)]
        own = next((each for each in near if each.normalized_name == normalized), None)
        public = own if own and own.published_at and not own.deleted_at else None
        files = getattr(public, "file_count", 0)
        return Hit(normalized, "", public, files, tuple(self._notes(normalized, own, near)))

    def _notes(self, name: str, own: Project | None, near: Sequence[Project]) -> Iterable[str]:
        if own and own.deleted_at:
            yield "The project that had it was deleted; it would keep the name if it is restored."
        if former := self.former.get(name):
            yield f"It is a former name of the project {former}, which {_GOES_ON}"
        yield from self._prepared(name, is_new=own is not None and own.published_at is None)
        for twin in near:
            if twin != own and twin.published_at and not twin.deleted_at:
                yield f"The project {twin}, which differs only in characters alike, {_GOES_ON}"

    def _prepared(self, name: str, *, is_new: bool) -> Iterable[str]:
        states = [status for stage, status in self.stages if stage == name]
        held = states.count("processing")
        if is_new and len(states) > held:
            yield "Somebody prepares its first release, and will be refused to publish it."
        if is_new and held:
            yield "An upload that would be its first release waits on the desk; reject it there."
        if waiting := self.pending[name]:
            many = "1 pending publisher" if waiting == 1 else f"{waiting} pending publishers"
            yield f"{many} for it will be refused to upload."


def _projects(wanted: set[str]) -> Iterable[Project]:
    """Those with such a name, or one that differs only in separators and look-alikes."""
    files = Count("releases__files", filter=Q(releases__files__deleted_at=None))
    spelled = Project.objects.shown(KEEPER).annotate(
        ultra=protected.ultranormalized("normalized_name")
    )
    near = spelled.filter(ultra__in=set(map(keys.ultranormalized, wanted)))
    return near.annotate(file_count=files).order_by("normalized_name")
