"""What a cancellation found and did, in sentences."""

from collections.abc import Collection, Iterator

from orchestrator.core.model import Stop, View
from orchestrator.core.plan import Plan
from orchestrator.ports import Store
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import counted, listed, stopped, threaded


def earlier(store: Store, key: str, nodes: Collection[int] | None, stop: Stop) -> Stop | None:
    """The cancellation that counts instead of ``stop``, which came later; None if ``stop`` counts.

    Asked of the store after ``stop`` was recorded: of two at the same time, one is the first.
    """
    if nodes is None:
        run = store.get_run(key)
        found = {run.stop} if run is not None else set()
    else:
        found = {state.stop for state in store.load(key, nodes, ()).states.values()}
    others = {other for other in found if other is not None}
    return None if stop in others else min(others, key=lambda other: other.at, default=None)


def told(
    found: Found,
    nodes: Collection[int] | None,
    before: Stop | None,
    waiting: int,
    jobs: int,
    threads: Collection[int] = (),
) -> Iterator[str]:
    """What was done. ``waiting`` and ``jobs``: how many steps without and with a job had not ended.

    ``threads``: those with a job that is not asked to stop.
    """
    run = f"run {found.called}"
    if before is None:
        asked = max(jobs - len(threads), 0)  # some may have begun since they were counted
        yield f"{run}: {_done(waiting, asked)}"
        return
    names = "" if nodes is None else f": {listed(found.plan.steps[node].name for node in sorted(nodes))}"
    left, verb = counted(waiting + jobs, "step"), "was" if nodes is None or len(nodes) == 1 else "were"
    yield f"{run}{names} {verb} cancelled {stopped(before)}: continuing that cancellation"
    yield f"{run}: {left} {'has' if waiting + jobs == 1 else 'have'} not ended yet"


def _done(steps: int, jobs: int) -> str:
    """``cancelled 2 steps that had no job, and asked 1 job to stop``."""
    done = [f"cancelled {counted(steps, 'step')} that had no job"] if steps else []
    done += [f"asked {counted(jobs, 'job')} to stop"] if jobs else []
    return ", and ".join(done) or "nothing was left to cancel"


def unstoppable(plan: Plan, view: View, nodes: Collection[int] | None) -> list[int]:
    """The cancelled steps, of ``nodes`` or of all, whose functions run in threads."""
    return [
        node
        for node, state in sorted(view.states.items())
        if state.stop is not None
        and (nodes is None or node in nodes)
        and node < len(plan.steps)
        and threaded(plan.steps[node], state)
    ]


def of_threads(plan: Plan, nodes: Collection[int], driven: bool) -> str:
    """What becomes of them. ``driven``: their process lives."""
    names, one = listed(plan.steps[node].name for node in nodes), len(nodes) == 1
    if driven:
        ends = "ends when its function returns" if one else "end when their functions return"
        return f"{names} cannot be stopped, and {ends}: only a function with isolated: true can be stopped"
    return f"{names} {'was' if one else 'were'} interrupted: nothing of {'it' if one else 'them'} is left to be stopped"
