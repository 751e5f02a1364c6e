"""A simulated machine on which ``serve`` starts runs by the clock, and on which servers and runs are killed.

A run is a process of its own: it lives on when the server is killed, but not when the machine goes down.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from queue import Empty
from random import Random

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step
from orchestrator.home import Home
from orchestrator.local.wiring import reading, writing
from orchestrator.operations.serve.schedule_of import schedule_of
from orchestrator.operations.serve.server import CatchUp, Ended, Server
from orchestrator.operations.serve.timetable import Start, Timetable
from tests.simulation.loop import Crash
from tests.simulation.served_telling import Played, Receivers

BEGIN = datetime(2026, 3, 28, 20, tzinfo=UTC).timestamp()
HOUR = 3600.0
PLAN = compile_plan("g", "v1", (Step("x"),))
GRAPHS = {"hourly": "'5 * * * *'", "local": "{cron: '35 */2 * * *', time_zone: Europe/Berlin}"}

#: How often each process of a run is killed at most: a server gives up at the fourth time.
KILLS = 3


@dataclass
class Machine:
    """A night on which the clock in Berlin changes. ``chance``: of each misfortune, at each moment at which it may.

    ``telling``: what becomes of what is told of missed starts, if it is told.
    """

    folder: Path
    random: Random
    chance: float = 0.05
    now: float = BEGIN
    until: float = BEGIN + 14 * HOUR
    faults: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    catch_up: CatchUp = CatchUp.ALL
    telling: Random | None = None

    def __post_init__(self) -> None:
        self.home = Home(self.folder / ".orchestrator")
        self._events: list[tuple[float, int, str, int, ExitStack]] = []  # the ends of processes, and the locks of runs
        self._heard: list[Ended] = []
        self._numbers = count()
        self._kills: Counter[str] = Counter()
        self._early: set[str] = set()  # runs whose newest processes were killed before they recorded anything
        #: Those of them whose server was killed too. If a later start of the graph is recorded, nothing tells the next
        #: server that this one is missing (docs/operate.md).
        self.forgotten: set[str] = set()
        self.receivers = Receivers(self, self.telling or Random(0))
        self._seen = BEGIN  # when a server last looked at what is due
        for name, schedule in GRAPHS.items():
            path = self.folder / "graphs" / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"name: {name}\nsteps: {{x: {{command: 'true'}}}}\nschedule: {schedule}\n")

    def play(self) -> list[str]:
        """What went wrong: slots that were lost, or done twice. The last server is not killed."""
        table = Timetable(self.folder / "graphs", schedule_of)
        table.refresh()
        for start in table.between(BEGIN - 2 * HOUR, BEGIN):  # what ran before tells what was missed
            self._record(start.run_id, RunStatus.SUCCEEDED)
            self.done[start.run_id] += 1
        while True:
            self._heard.clear()
            lasts = self.now >= self.until
            self.until += HOUR / 4 * lasts
            self.chance *= not lasts
            self._seen = self.now
            read = Timetable(self.folder / "graphs", schedule_of)
            try:
                self._server(read).go()
            except Crash:
                self.forgotten |= self._early
                self.now += self.random.choice([0.0, 60.0, HOUR, 3 * HOUR])
                continue
            if lasts:
                break
        slots = [start.run_id for start in table.between(BEGIN - 2 * HOUR, self._seen)]
        lost = {slot for slot in self.forgotten if not self.done[slot]}
        return self.receivers.failures + [found for slot in slots if slot not in lost for found in self._wrong(slot)]

    def _server(self, table: Timetable) -> Server:
        missed = Played(self) if self.telling is not None else None
        return Server(self.home, table, self, self, lambda _: None, self.catch_up, lambda: self.now, missed)

    def _wrong(self, slot: str) -> Iterator[str]:
        """What went wrong with a start: it happens once, or it is told that it does not."""
        done, unheard = self.done[slot], self.receivers.unheard(slot)
        if done > 1 or (done == 0 and (self.telling is None or self.catch_up is CatchUp.ALL)):
            yield f"{slot} was done {done} times"
        elif done == 0 and unheard:
            yield f"{slot} was missed, and {unheard} were not told"

    def get(self, timeout: float) -> Ended | None:
        """Time passes until a process ends."""
        self._misfortune("server: killed")
        if not self._heard:
            due = self._events[0][0] if self._events else self.now + timeout
            self.now = max(self.now, min(due, self.now + timeout))
            if self._strikes("machine: slept"):
                self.now += 2 * HOUR
            self._end()
        if not self._heard and self.now >= self.until and not self._events:
            return None
        self._seen = self.now
        if self._heard:
            return self._heard.pop(0)
        raise Empty

    def get_nowait(self) -> Ended | None:
        if not self._heard:
            raise Empty
        return self._heard.pop(0)

    def start(self, start: Start) -> None:
        self._misfortune("server: killed before a start")
        self._process(start.run_id)
        self._misfortune("server: killed after a start")

    def resume(self, run_id: str) -> None:
        self._process(run_id)

    def _process(self, run_id: str) -> None:
        """As ``run --due`` and ``resume``: a run that is driven, or has ended, is left alone."""
        lock = ExitStack()
        ends = self.now + self.random.choice([0.0, 30.0, 20 * 60.0])
        killed = self._kills[run_id] < KILLS and self._strikes("run: killed")
        self._kills[run_id] += killed
        self._early.discard(run_id)
        if killed and self._strikes("run: killed before it was recorded", 0.5):
            self._early.add(run_id)
        else:
            assert not self.home.driven(run_id), f"{run_id} is started beside itself"
            lock.enter_context(self.home.driving(run_id))
            if self._record(run_id, RunStatus.RUNNING).status is not RunStatus.RUNNING:
                self.done[run_id] += 1  # a server should have seen that
        heappush(self._events, (ends, next(self._numbers), run_id, -9 if killed else 0, lock))

    def _end(self) -> None:
        """The ends of processes that are due by now."""
        while self._events and self._events[0][0] <= self.now:
            _, _, run_id, code, lock = heappop(self._events)
            if code == 0:
                self._record(run_id, RunStatus.SUCCEEDED)
                self.done[run_id] += 1
            lock.close()
            self._heard.append(Ended(run_id, code, ""))

    def _record(self, run_id: str, status: RunStatus) -> Run:
        with writing(self.home) as store:
            found = store.open_run(Run(run_id, run_key(run_id), "g", "v1", {}, started_at=self.now), PLAN)
            if status is not RunStatus.RUNNING:
                store.end_run(found.key, status, self.now)
            return found

    def _strikes(self, fault: str, chance: float | None = None) -> bool:
        strikes = self.random.random() < (self.chance if chance is None else chance)
        self.faults[fault] += strikes
        return strikes

    def _misfortune(self, fault: str) -> None:
        """The server may be killed here, and the machine with it: then all processes die."""
        if not self._strikes(fault):
            return
        if self._strikes("machine: went down", 0.3):
            for *_, lock in self._events:
                lock.close()
            self._events.clear()
        raise Crash


def unfinished(machine: Machine) -> list[str]:
    """The runs that have not ended."""
    with reading(machine.home) as store:
        return [run.id for run in store.unfinished()]
