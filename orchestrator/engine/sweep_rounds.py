"""A round of sweeps over all unfinished runs: page by page, for a limited time, continued by the next round.

However many runs there are, a round keeps in memory only one page of keys and one run at a time. It records its
position before each page, so the next round continues after that page. If a run kills the whole process, only runs of
the same page are missed; and as a page is swept in random order, not always the same ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from random import sample
from typing import Any, Protocol

from orchestrator.core.model import Run, RunStatus
from orchestrator.core.overdue import Pace
from orchestrator.engine import Engine
from orchestrator.errors import OrchestratorError, UnexpectedError, UnreadableRecordError
from orchestrator.ports import Unreadable

#: How many runs a page has.
PAGE = 50


class Roster(Protocol):
    """Lists unfinished runs, and keeps a note from one round for the next, which may run on another machine."""

    def unfinished_keys(self, after: str, limit: int) -> Sequence[str]:
        """The sorted keys of unfinished runs that are greater than ``after``, at most ``limit``."""
        ...

    def recall(self) -> Mapping[str, Any]:
        """The last note; empty before the first round."""
        ...

    def note(self, fields: Mapping[str, Any]) -> None:
        """Replace the note."""
        ...


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of sweeping a run: how many ``tasks`` were put, or an error. ``run``: None if it cannot be read."""

    key: str
    run: Run | None = None
    tasks: int = 0
    error: OrchestratorError | None = None


class Round:
    """One round. ``unreadable`` is called for each record that cannot be read, ``doubtful`` for each contradiction.

    After ``seconds``, no further page is begun, and ``left`` says that some runs are left for the next round.
    """

    def __init__(
        self,
        engine: Engine,
        roster: Roster,
        seconds: float,
        unreadable: Unreadable,
        doubtful: Callable[[Run, str], None] = lambda *_: None,
    ) -> None:
        self.left = False
        self._doubtful = doubtful
        self._engine, self._roster, self._unreadable = engine, roster, unreadable
        self._until = engine.ledger.clock() + seconds
        self._pace = Pace()
        self._others: Mapping[str, Any] = {}  # what others have noted in the same place

    def __iter__(self) -> Iterator[Swept]:
        """Sweep the runs and yield the result of each: first those after the last round's position, then the others."""
        recalled = self._roster.recall()
        self._others = {name: said for name, said in recalled.items() if name not in ("after", "owed", "moved")}
        begun, self._pace = _noted(recalled)
        noted, some = begun, False
        for page in self._pages(begun):
            if some and self._engine.ledger.clock() >= self._until:
                self.left = True
                return
            some = True
            behind = page[-1] if len(page) == PAGE else ""  # after the last page comes the first
            if behind != noted:
                self._note(noted := behind)
            yield from map(self._sweep, sample(page, len(page)))
        if some:
            self._note("")

    def _pages(self, begun: str) -> Iterator[Sequence[str]]:
        """The pages of keys greater than ``begun``, then those of the others."""
        yield from self._from(begun)
        if begun:
            for page in self._from(""):
                if not (before := [key for key in page if key <= begun]):
                    return
                yield before

    def _from(self, after: str) -> Iterator[Sequence[str]]:
        page: Sequence[str] = ("",) * PAGE
        while len(page) == PAGE:
            page = self._roster.unfinished_keys(after, PAGE)
            if page:
                yield page
                after = page[-1]

    def _sweep(self, key: str) -> Swept:
        """Sweep one run. An error becomes part of the result, so that the other runs are swept all the same."""
        run = None
        try:
            run = self._engine.ledger.store.get_run(key)
            if run is None or run.status is not RunStatus.RUNNING:  # it ended after it was listed
                return Swept(key)
            doubt = partial(self._doubtful, run)
            tasks, self._pace = self._engine.sweep_overdue(run, self._pace, self._unreadable, doubt)
            return Swept(key, run, tasks)
        except UnreadableRecordError as error:
            self._unreadable(error)
            return Swept(key, run)
        except OrchestratorError as error:
            return Swept(key, run, error=error)
        except Exception as error:  # noqa: BLE001 - an unforeseen error in one run must not stop the round
            return Swept(key, run, error=UnexpectedError(error))

    def _note(self, after: str) -> None:
        pace = {name: at for name, at in (("owed", self._pace.owed), ("moved", self._pace.moved)) if isfinite(at)}
        self._roster.note({**self._others, "after": after, **pace})


def _noted(fields: Mapping[str, Any]) -> tuple[str, Pace]:
    """The last round's position, and how far the queue of launches had come. Invalid fields are ignored."""
    after = fields.get("after")
    times = {name: at for name in ("owed", "moved") if isinstance(at := fields.get(name), int | float) and isfinite(at)}
    return after if isinstance(after, str) else "", Pace(**times)
