"""Rehearses a graph: starts runs, reports their progress, and returns the result. Prints nothing itself."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.core.model import Run, RunStatus, Status
from orchestrator.rehearsal.result import result_of
from orchestrator.reporting.phrases import tally
from orchestrator.reporting.rehearsal import Kept, Rehearsed
from orchestrator.reporting.times import duration

if TYPE_CHECKING:
    from orchestrator.rehearsal import Rehearsal
    from orchestrator.rehearsal.faults import NoFaults

#: The functions that are killed: those whose callers retry.
MORTAL = ("on_task", "on_signal")

#: Seconds between two reads of the runs, and how many times the duration of a read that is at least.
_PERIOD, _SPARE = 1.0, 3.0

#: Seconds between two checks whether a rehearsal that is kept should stop.
_STILL = 0.2

#: The store of a rehearsal on the command line.
STORE = "firestore://rehearsal"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to rehearse. ``kill_every``: seconds, 0 for never. ``timeout``: seconds for all runs together.

    ``keep``: keep everything running when the runs have ended, until the user stops it.
    """

    path: Path
    params: Mapping[str, object]
    runs: int
    seed: int
    calm: bool
    drop_events: bool
    kill_every: float
    timeout: float
    keep: bool = False


def rehearse(
    wanted: Wanted,
    say: Callable[[str], None],
    stopped: Callable[[], bool],
    tell: Callable[[Rehearsed, Kept | None], None],
) -> Rehearsed:
    """Rehearse until all runs have ended, the time is over, or ``stopped`` is true. ``say`` gets progress messages.

    ``tell`` gets the result while everything is still running. If it is to be kept, it runs until ``stopped`` is true.
    Raises NotFoundError if Java or an emulator is missing.
    """
    from orchestrator.rehearsal import Rehearsal
    from orchestrator.rehearsal.faults import Killer

    begun = time.monotonic()
    faults = faults_of(wanted)
    latency, lag = (0.0, 0.0) if wanted.calm else (0.05, 0.2)
    say("starting Google's emulators, the fakes and four functions")
    with Rehearsal(wanted.path, faults=faults, latency=latency, lag=lag) as rehearsal, ExitStack() as stack:
        say(f"all are running after {duration(time.monotonic() - begun)}")
        mortal = [rehearsal.functions[name] for name in MORTAL]
        killer = Killer(mortal, wanted.seed, wanted.kill_every)
        if wanted.kill_every:
            stack.enter_context(killer)
        ids = [f"{rehearsal.graph.name}-{number}" for number in range(1, wanted.runs + 1)]
        for run_id in ids:
            rehearsal.start(run_id, wanted.params)
        _watch(rehearsal, ids, say, lambda: stopped() or time.monotonic() > begun + wanted.timeout)
        stack.close()
        result = result_of(rehearsal, ids, killer.kills, getattr(faults, "happened", {}))
        keep = wanted.keep and not stopped()
        tell(result, Kept(rehearsal.environment, STORE, ids, str(rehearsal.home.path / "runs")) if keep else None)
        while keep and not stopped():
            time.sleep(_STILL)
        return result


def _watch(rehearsal: "Rehearsal", ids: list[str], say: Callable[[str], None], over: Callable[[], bool]) -> None:
    """Report the statuses of the steps of all runs whenever they change, until all runs have ended."""
    done: dict[str, Counter[Status]] = {}
    said = ""
    while not over():
        before, now, ended = time.monotonic(), Counter[Status](), len(done)
        for run_id in ids:
            counts = done.get(run_id)
            if counts is None:
                run = rehearsal.run(run_id)  # before its steps, so that they are never older than its end
                counts = _counts(rehearsal, run)
                if run.status is not RunStatus.RUNNING:
                    done[run_id] = counts
            now += counts
        many = f"{len(done)} of {len(ids)} runs ended: " if len(ids) > 1 else ""
        if (text := f"{many}{tally(now)}") != said:
            say(text)
            said = text
        if len(done) == len(ids):
            return
        looked = time.monotonic() - before
        time.sleep(max(_PERIOD, _SPARE * looked) if ended == len(done) else _PERIOD)


def _counts(rehearsal: "Rehearsal", run: Run) -> Counter[Status]:
    view = rehearsal.store.load_all(run.key)
    return Counter(view.state(node).status for node in range(len(rehearsal.graph.steps)))


def faults_of(wanted: Wanted) -> "NoFaults":
    """The faults to inject."""
    from orchestrator.rehearsal.faults import NoFaults, RandomFaults

    class NoEvents(NoFaults):
        """No event arrives; there are no other faults."""

        def events(self) -> int:
            return 0

    if wanted.calm:
        return NoEvents() if wanted.drop_events else NoFaults()
    return RandomFaults(wanted.seed, wanted.drop_events)
