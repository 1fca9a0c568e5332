"""One run: who takes part, what is measured in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import SubprocessError

from benchmarks.reads import corpus, ours, rivals, tools, works, wrk
from benchmarks.reads.contestants import Contestant, Index, NotOffered, prepare
from benchmarks.reads.corpus import Sizes
from benchmarks.reads.results import Results
from benchmarks.reads.static import Static
from benchmarks.reads.works import Request, Work
from benchmarks.reads.wrk import Figures
from benchmarks.upload_forms import send, wheels
from benchmarks.uploads import rate_of
from tests.protocol.installations import CannotInstall

WARM_UP = 1  # seconds
PEERS = {
    "pypiserver": rivals.pypiserver,
    "simple-repository": rivals.simple_repository,
    "devpi": rivals.devpi,
}


@dataclass(frozen=True)
class Pace:
    """Seconds of each measurement, how many of them, how many uploads; quick leaves things out."""

    seconds: int
    rounds: int
    uploads: int
    quick: bool = False


@dataclass
class Comparison:
    """`chosen` names the kinds of servers, `part` is in the titles of the works to do;
    `growth` names the works that show what size costs."""

    folder: Path
    sizes: Sizes
    pace: Pace
    chosen: frozenset[str]
    part: str = ""
    results: Results = field(default_factory=Results)

    @property
    def growth(self) -> tuple[str, str]:
        few, many = (works.growth_work(n).title for n in (self.sizes.few, self.sizes.many))
        return few, many

    def run(self) -> None:
        tree = corpus.build(self.folder / "tree", self.sizes)
        with ExitStack() as stack:
            static = self._static(stack, tree)
            self._usual(static, tree)
            if not self.pace.quick:
                self._large(static)

    def _static(self, stack: ExitStack, tree: Path) -> Static | None:
        if "nginx" not in self.chosen or not tools.have("nginx"):
            return None
        return stack.enter_context(rivals.nginx(self.folder / "nginx", tree))

    # -- the index of usual size ---------------------------------------------------------------

    def _usual(self, static: Static | None, tree: Path) -> None:
        with ExitStack() as stack:
            peers = list(self._peers(stack, tree))
            own = self._gatehouse(stack, self.sizes.usual)
            asked = [work for work in works.works(self.sizes) if self.part in work.title]
            if own and static:
                static.take(own[0], asked)
            everybody: list[Contestant] = [*_present(static), *own, *peers]
            for group in works.in_turns(asked):
                self._measure([(contestant, work) for contestant in everybody for work in group])
            self._upload([*own[:1], *peers])

    def _gatehouse(self, stack: ExitStack, projects: int) -> list[Index]:
        """In each of its configurations; the default is the first."""
        if "gatehouse" not in self.chosen:
            return []
        tools.say(f"Gatehouse with {projects:,} projects ...")
        data = self.folder / f"gatehouse-{projects}"
        return stack.enter_context(ours.serving(data, projects, self.sizes))

    def _peers(self, stack: ExitStack, tree: Path) -> Iterator[Index]:
        for name, start in PEERS.items():
            if name in self.chosen:
                try:
                    yield stack.enter_context(start(self.folder, tree))
                except (CannotInstall, SubprocessError, SystemExit) as error:
                    tools.say(f"Without {name}: {error}")

    # -- the large index -----------------------------------------------------------------------

    def _large(self, static: Static | None) -> None:
        with ExitStack() as stack:
            few = self._gatehouse(stack, self.sizes.few)
            many = self._gatehouse(stack, self.sizes.many)
            asked = [work for work in works.large_works(self.sizes) if self.part in work.title]
            if many and static:
                static.take(many[0], asked)
            both: list[Contestant] = [*_present(static), *many]
            for work in asked:
                self._measure([(contestant, work) for contestant in both])
            sides = ((few, self.sizes.few), (many, self.sizes.many))
            grown = [(own, works.growth_work(size)) for side, size in sides for own in side]
            self._measure(grown)

    # -- measuring -----------------------------------------------------------------------------

    def _measure(self, pairs: Iterable[tuple[Contestant, Work]]) -> None:
        """One after the other, again and again; the median of each counts."""
        able = [(*pair, request) for pair in pairs if (request := self._prepare(*pair))]
        measured = [self._round(able) for _ in range(self.pace.rounds)]
        for (contestant, work, _), rounds in zip(able, zip(*measured, strict=True), strict=True):
            found = wrk.middle(rounds)
            tools.say(f"{work.title}: {contestant.name} {found.rate:,.0f}/s")
            self.results.add(work, contestant.name, found)

    def _round(self, able: Iterable[tuple[Contestant, Work, Request]]) -> list[Figures]:
        return [self._load(request) for _, _, request in able]

    def _load(self, request: Request) -> Figures:
        """A server that broke down meanwhile has no rate, and an error."""
        try:
            return wrk.load(request, self.pace.seconds, WARM_UP)
        except wrk.NotUnderstood as error:
            tools.say(f"{request.url}: {error}")
            return Figures(0, 0, 0, errors=1)

    def _prepare(self, contestant: Contestant, work: Work) -> Request | None:
        try:
            return prepare(contestant, work)
        except (NotOffered, OSError) as reason:
            tools.say(f"{work.title}: {contestant.name} does not: {reason}")
            return None

    def _upload(self, indexes: Iterable[Index]) -> None:
        """Some before the clock starts: the first opens much, and tells whether it is taken."""
        for index in indexes:
            if index.site and not self.part:
                try:
                    send(index.site, wheels("first", 4))
                except SystemExit as refusal:
                    tools.say(f"Without uploads to {index.name}: {refusal}")
                else:
                    self.results.uploads[index.name] = rate_of(index.site, self.pace.uploads)


def _present(static: Static | None) -> list[Static]:
    return [static] if static else []
