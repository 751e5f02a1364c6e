"""A rehearsal from its first line to its result: starts runs, says how they stand, and counts. It prints nothing."""

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
    from orchestrator.rehearsal.chaos import Calm

#: Which functions die: those that a platform calls again by itself.
MORTAL = ("on_task", "on_signal")

#: Seconds between two looks at the runs, and how many times longer than a look that is at least.
_LOOK, _SPARE = 1.0, 3.0

#: Seconds between two looks whether a world that is kept is to be kept on.
_STILL = 0.2

#: What the command line calls the store of a rehearsal.
STORE = "firestore://rehearsal"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be rehearsed. ``kill_every``: seconds, 0 for never. ``timeout``: seconds for all runs together.

    ``keep``: leave everything up when the runs have ended, until somebody stops it.
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
    """Rehearse until all runs have ended, the time is over, or ``stopped`` says so.

    ``tell`` is told how it went, while everything is still up; if it is to be kept so, until ``stopped`` says no more.
    Raises NotFoundError if Java or an emulator is missing.
    """
    from orchestrator.rehearsal import Rehearsal
    from orchestrator.rehearsal.chaos import Monkey

    begun = time.monotonic()
    trouble = chaos(wanted)
    latency, lag = (0.0, 0.0) if wanted.calm else (0.05, 0.2)
    say("starting Google's emulators, the fakes and four functions")
    with Rehearsal(wanted.path, chaos=trouble, latency=latency, lag=lag) as rehearsal, ExitStack() as stack:
        say(f"all are up after {duration(time.monotonic() - begun)}")
        mortal = [rehearsal.functions[name] for name in MORTAL]
        monkey = Monkey(mortal, wanted.seed, wanted.kill_every)
        if wanted.kill_every:
            stack.enter_context(monkey)
        ids = [f"{rehearsal.graph.name}-{number}" for number in range(1, wanted.runs + 1)]
        for run_id in ids:
            rehearsal.start(run_id, wanted.params)
        _look_on(rehearsal, ids, say, lambda: stopped() or time.monotonic() > begun + wanted.timeout)
        stack.close()
        result = result_of(rehearsal, ids, monkey.kills, getattr(trouble, "happened", {}))
        keep = wanted.keep and not stopped()
        tell(result, Kept(rehearsal.environment, STORE, ids, str(rehearsal.home.path / "runs")) if keep else None)
        while keep and not stopped():
            time.sleep(_STILL)
        return result


def _look_on(rehearsal: "Rehearsal", ids: list[str], say: Callable[[str], None], over: Callable[[], bool]) -> None:
    """Say how the steps of all runs stand whenever that has changed, until all runs have ended."""
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
        time.sleep(max(_LOOK, _SPARE * looked) if ended == len(done) else _LOOK)


def _counts(rehearsal: "Rehearsal", run: Run) -> Counter[Status]:
    view = rehearsal.store.load_all(run.key)
    return Counter(view.state(node).status for node in range(len(rehearsal.graph.steps)))


def chaos(wanted: Wanted) -> "Calm":
    """What goes wrong."""
    from orchestrator.rehearsal.chaos import Calm, Chaos

    class NoEvents(Calm):
        """Not a single event arrives, and nothing else goes wrong."""

        def events(self) -> int:
            return 0

    if wanted.calm:
        return NoEvents() if wanted.drop_events else Calm()
    return Chaos(wanted.seed, wanted.drop_events)
