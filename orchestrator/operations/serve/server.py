"""Starts the runs of schedules at their times on this machine, as Cloud Scheduler does in the cloud.

The id of a run follows from its graph and the time when it was due, so any number of servers start it once. Each run is
driven by a process of its own, which goes on if the server ends.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from queue import Empty, SimpleQueue
from typing import Protocol

from orchestrator.cloud.start_body import DUE
from orchestrator.core.model import Run, RunStatus
from orchestrator.errors import OrchestratorError
from orchestrator.home import Home
from orchestrator.local.wiring import reading
from orchestrator.operations.serve.timetable import Entry, Start, Timetable
from orchestrator.reporting.phrases import counted, listed, why
from orchestrator.reporting.times import clock, duration
from orchestrator.system import os_errors
from orchestrator.system.files import short

#: The longest wait in seconds: changed files, and a clock that was set or a machine that slept, are noticed after it.
LOOK = 60.0

#: A start that comes so many seconds late is still on time.
LATE = 300.0

#: How many missed starts of a graph are caught up at most.
MAX_CATCH_UP = 100

#: Of how many missed starts of a graph receivers are notified at once, at most.
MAX_TOLD = 10

#: How often a run is continued whose process was killed.
_AGAIN = 3

#: Among how many of the newest runs the last scheduled one of each graph is looked for.
_NEWEST = 10_000


#: How times are shown: they may be days away.
FORM = "%Y-%m-%d %H:%M:%S"


class CatchUp(StrEnum):
    """Which of the starts that were missed are made up for: none, the newest of each graph, or all."""

    NONE = "none"
    NEWEST = "newest"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Ended:
    """A process has ended that drove the run. ``said``: the last line of its errors."""

    run_id: str
    code: int
    said: str


class Processes(Protocol):
    """Starts processes that drive runs. The end of each is put into the queue that the server listens to."""

    def start(self, start: Start) -> None:
        """Begin the run of ``start``, or continue it."""
        ...

    def resume(self, run_id: str) -> None:
        """Continue a run that was interrupted."""
        ...


class Missed(Protocol):
    """Tells of starts that were due and did not happen."""

    def owe(self, starts: Sequence[Start]) -> None:
        """From now on these are told, whatever becomes of this process.

        Call it before a later start of the same graph begins: servers look only at what was due after the last.
        """
        ...

    def tell(self) -> None:
        """Tell what is owed, as far as that is possible now. Call it now and then."""
        ...


class _Nobody:
    def owe(self, starts: Sequence[Start]) -> None:
        """Nobody is told of them."""

    def tell(self) -> None:
        """There is nothing to tell."""


class Server:
    """``heard`` gets the ends of processes, and None to stop. ``say`` gets lines for the user."""

    def __init__(
        self,
        home: Home,
        timetable: Timetable,
        processes: Processes,
        heard: "SimpleQueue[Ended | None]",
        say: Callable[[str], None],
        catch_up: CatchUp = CatchUp.NONE,
        now: Callable[[], float] = time.time,
        missed: Missed | None = None,
    ) -> None:
        self._missed: Missed = missed or _Nobody()
        self._begun = dict[str, Start]()
        self._home, self._timetable, self._processes, self._heard = home, timetable, processes, heard
        self._say_line, self._catch_up, self._now = say, catch_up, now
        self._driven: dict[str, Start | None] = {}  # the runs of our processes; None: it was there already
        self._again: Counter[str] = Counter()
        self._unread = ""

    def go(self) -> None:
        """Serve until None is heard."""
        seen = self._now()
        self._refresh()
        self._resume()
        late = self._missed_before(seen)
        wanted = self._caught_up(late)
        self._missed.owe(_newest(late, wanted))
        for start in wanted:
            self._begin(start)
        self._missed.tell()
        self._announce(seen)
        while self._listen(self._pause(seen)):
            if self._refresh():
                self._announce(self._now())
            now = self._now()
            self._start_due(seen, now)
            self._missed.tell()
            seen = now  # if the clock was set back, the store knows what has run
        self._end()

    def _pause(self, seen: float) -> float:
        """Seconds until the next start is due, at most LOOK."""
        due = next((start.at for start in self._timetable.starts(seen)), None)
        return LOOK if due is None else min(max(due - self._now(), 0.0), LOOK)

    def _listen(self, seconds: float) -> bool:
        """Wait. Tell the ends of processes that are heard of. False if the server is to stop."""
        try:
            told = self._heard.get(timeout=seconds)
            while True:
                if told is None:
                    return False
                self._ended(told)
                told = self._heard.get_nowait()
        except Empty:
            return True

    def _start_due(self, after: float, now: float) -> None:
        due = self._timetable.between(after, now)
        late = [start for start in due if start.at < now - LATE]
        wanted = self._caught_up(late)
        self._missed.owe(_newest(late, wanted))
        for start in (*wanted, *due[len(late) :]):
            self._begin(start)
        missed = Counter(start.name for start in late)
        missed.subtract(start.name for start in wanted)
        for name, number in (+missed).items():
            self._say(f"{name}: missed {counted(number, 'start')}, because this process or the machine stood still")

    def _caught_up(self, missed: Sequence[Start]) -> list[Start]:
        """Those of the missed starts that are made up for."""
        by_graph: dict[str, list[Start]] = {}
        for start in missed:
            by_graph.setdefault(start.name, []).append(start)
        most = {CatchUp.NONE: 0, CatchUp.NEWEST: 1, CatchUp.ALL: MAX_CATCH_UP}[self._catch_up]
        return sorted(start for starts in by_graph.values() for start in starts[max(len(starts) - most, 0) :])

    def _missed_before(self, now: float) -> list[Start]:
        """The starts that were due between the last scheduled run of each graph and ``now``."""
        if not self._home.database.exists():
            return []
        with reading(self._home) as store:
            ids = [run_id for run_id, _ in store.run_ids(_NEWEST)]
        missed: list[Start] = []
        for entry in self._timetable.entries.values():
            due = [at for run_id in ids if (at := due_of(run_id, entry.name)) is not None and at <= now]
            if due:
                missed += takewhile(lambda start: start.at <= now, entry.starts(max(due)))
        return missed

    def _begin(self, start: Start) -> None:
        self._begun[start.run_id] = start
        if start.run_id in self._driven:
            return
        try:
            run = self._found(start.run_id)
        except OrchestratorError:  # the process that drives it says what is wrong, or finds it mended
            run = None
        if run is None:
            self._drive(start.run_id, lambda: self._processes.start(start), "starts", start)
        elif run.status is RunStatus.RUNNING and not self._home.driven(run.id):
            self._continue(run.id)

    def _resume(self) -> None:
        """Continue the scheduled runs that nobody drives."""
        if not self._home.database.exists():
            return
        with reading(self._home) as store:
            runs = store.unfinished(_unheard)
        for run in sorted(runs, key=lambda run: run.started_at):
            if DUE.fullmatch(run.first) and not self._home.driven(run.id):
                self._continue(run.id)

    def _continue(self, run_id: str) -> None:
        self._drive(run_id, lambda: self._processes.resume(run_id), "continues")

    def _drive(self, run_id: str, begin: Callable[[], None], word: str, start: Start | None = None) -> None:
        try:
            begin()
        except OSError as error:  # no process can be started now: the next start may succeed
            self._say(f"{run_id}  cannot be started: {error.strerror or error}")
            return
        self._driven[run_id] = start
        self._say(f"{run_id}  {word}")

    def _ended(self, told: Ended) -> None:
        """Tell how a run ended; continue it if its process was killed."""
        start = self._driven.pop(told.run_id, None)
        try:
            run = self._found(told.run_id)
        except OrchestratorError as error:
            self._say(f"{told.run_id}  has ended with exit status {told.code}; its record cannot be read: {error}")
            return
        if run is None and start is not None and told.code < 0 and self._may_go_on(told.run_id):
            self._begin(start)  # its process was killed before it had recorded the run
        elif run is None:
            self._say(f"{told.run_id}  did not start: {told.said or f'exit status {told.code}'}")
            if (start := self._begun.get(told.run_id)) is not None:
                self._missed.owe([start])
        elif run.status is not RunStatus.RUNNING:
            reason = f": {said}" if (said := why(run)) else ""
            self._say(
                f"{run.id}  {run.status} after {duration((run.ended_at or self._now()) - run.started_at)}{reason}"
            )
        elif self._home.driven(run.id):
            self._say(f"{run.id}  is driven by another process")
        elif told.code < 0 and self._may_go_on(run.id):
            self._continue(run.id)
        else:
            self._say(f"{run.id}  was interrupted: {told.said or f'orchestrator resume {run.id}'}")

    def _may_go_on(self, run_id: str) -> bool:
        """Whether a run whose process was killed is continued: not for ever, as it may be what kills it."""
        self._again[run_id] += 1
        return self._again[run_id] <= _AGAIN

    def _found(self, run_id: str) -> Run | None:
        if not self._home.database.exists():
            return None
        with reading(self._home) as store:
            return store.find_run(run_id)

    def _refresh(self) -> bool:
        try:
            changed = self._timetable.refresh()
        except OSError as error:  # a file is being changed, or may not be read: what was read before counts
            if (said := os_errors.told(error)) != self._unread:
                self._unread = said
                self._say(f"not all graphs can be read: {said}")
            return False
        self._unread = ""
        for entry in changed:
            self._say(standing(entry))
        return bool(changed)

    def _announce(self, now: float) -> None:
        start = next(self._timetable.starts(now), None)
        if start is not None:
            self._say(f"next: {start.run_id} at {clock(start.at, FORM)}")
        elif self._timetable.scheduled:
            self._say("nothing is due")
        else:
            self._say(f"no graph in {short(self._timetable.folder)} has a schedule yet: waiting for one")

    def _end(self) -> None:
        if not self._driven:
            self._say("ended: nothing runs")
            return
        runs = counted(len(self._driven), "run")
        goes = "goes" if len(self._driven) == 1 else "go"
        self._say(f"ended: {runs} {goes} on in the background: {listed(self._driven, 8)}")

    def _say(self, text: str) -> None:
        self._say_line(f"{clock(self._now(), FORM)}  {text}")


def _newest(late: Sequence[Start], wanted: Collection[Start]) -> list[Start]:
    """Those of ``late`` that are not ``wanted``: of each graph the newest, as many as receivers are notified of."""
    by_graph: dict[str, list[Start]] = {}
    for start in late:
        if start not in wanted:
            by_graph.setdefault(start.name, []).append(start)
    return [start for starts in by_graph.values() for start in starts[-MAX_TOLD:]]


def standing(entry: Entry) -> str:
    """A graph and its schedule, in a line."""
    if entry.wrong:
        return f"{entry.name}: not served: {entry.wrong}"
    if entry.schedule is None:
        return f"{entry.name}: has no schedule any more"
    paused = ", paused" if entry.schedule.paused else ""
    return f"{entry.name}: {entry.schedule.cron} ({entry.schedule.time_zone}{paused})"


def due_of(run_id: str, graph: str) -> float | None:
    """When a scheduled run of a graph was due, seconds since the epoch; None if it is no such run, or a rerun."""
    match = re.fullmatch(re.escape(graph) + r"-(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z", run_id)
    if match is None:
        return None
    day, *clock_time = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{':'.join(clock_time)}+00:00").timestamp()
    except ValueError:
        return None


def _unheard(_: OrchestratorError) -> None:
    """A record that cannot be read is no scheduled run that can be continued; 'runs' tells of it."""
