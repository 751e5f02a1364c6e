"""A round of sweeps over all runs that have not ended: page by page, for a limited time, resumed by the next round.

However many runs there are, a round holds one page of their keys and one run at a time, and takes no longer than it is
given. It notes where it is before each page and not after it: a run that takes the whole process down keeps those of
its page, which are swept in no order, and no others.
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

#: Runs between two notes.
PAGE = 50


class Roster(Protocol):
    """Which runs have not ended; and where a round leaves a note for the next, which may be another machine's."""

    def unfinished_keys(self, after: str, limit: int) -> Sequence[str]:
        """The keys of runs that have not ended, in their order, from the first behind ``after`` on."""
        ...

    def recall(self) -> Mapping[str, Any]:
        """What was noted last; nothing before the first round."""
        ...

    def note(self, fields: Mapping[str, Any]) -> None:
        """Keep that, and nothing that was noted before."""
        ...


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of a run in a sweep: the ``tasks`` that it took, or an error. ``run``: as far as it could be read."""

    key: str
    run: Run | None = None
    tasks: int = 0
    error: OrchestratorError | None = None


class Round:
    """One round. ``unreadable`` hears of each record that cannot be read: nothing is done about it, and all else is.
    ``doubtful`` hears of what does not add up in a run.

    ``seconds``: after so many no page is begun. ``left``: whether some runs are left for the next round, then.
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

    def __iter__(self) -> Iterator[Swept]:
        """The runs, each as it has been swept. First those behind where the last round stopped, then the others."""
        begun, self._pace = _noted(self._roster.recall())
        noted, some = begun, False
        for page in self._pages(begun):
            if some and self._engine.ledger.clock() >= self._until:
                self.left = True
                return
            some = True
            behind = page[-1] if len(page) == PAGE else ""  # behind the last there is the first
            if behind != noted:
                self._note(noted := behind)
            yield from map(self._sweep, sample(page, len(page)))
        if some:
            self._note("")

    def _pages(self, begun: str) -> Iterator[Sequence[str]]:
        """What is behind ``begun``, then what is not."""
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
        """One that cannot be swept does not keep the others."""
        run = None
        try:
            run = self._engine.ledger.store.get_run(key)
            if run is None or run.status is not RunStatus.RUNNING:  # since it was listed
                return Swept(key)
            doubt = partial(self._doubtful, run)
            tasks, self._pace = self._engine.sweep_overdue(run, self._pace, self._unreadable, doubt)
            return Swept(key, run, tasks)
        except UnreadableRecordError as error:
            self._unreadable(error)
            return Swept(key, run)
        except OrchestratorError as error:
            return Swept(key, run, error=error)
        except Exception as error:  # noqa: BLE001 - one run that nobody foresaw must not keep the rest
            return Swept(key, run, error=UnexpectedError(error))

    def _note(self, after: str) -> None:
        pace = {name: at for name, at in (("owed", self._pace.owed), ("moved", self._pace.moved)) if isfinite(at)}
        self._roster.note({"after": after, **pace})


def _noted(fields: Mapping[str, Any]) -> tuple[str, Pace]:
    """Where the last round stopped, and how far the launches' queue had come. What nobody could have noted is left."""
    after = fields.get("after")
    times = {name: at for name in ("owed", "moved") if isinstance(at := fields.get(name), int | float) and isfinite(at)}
    return after if isinstance(after, str) else "", Pace(**times)
