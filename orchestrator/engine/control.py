"""Holds and releases steps of a running run: each request becomes an event at each of the steps."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from orchestrator.core import machine
from orchestrator.core.consistency import Doubts
from orchestrator.core.events import HoldReleased, HoldRequested, LimitsSet, RetryRequested, StopRequested
from orchestrator.core.joins import decide
from orchestrator.core.messages import Release
from orchestrator.core.model import RunStatus, StepState, Transition, View
from orchestrator.core.rules import Verdict
from orchestrator.engine.consistency import settled_doubts
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.limits import resize
from orchestrator.errors import BackendError, ConflictError
from orchestrator.ports import Commit

#: The events by which people hold, release, retry and mark steps, and set limits.
ControlEvent = HoldRequested | HoldReleased | RetryRequested | StopRequested | LimitsSet

#: Whether a step's state is still as the person saw it who makes a request.
Unchanged = Callable[[int, StepState], bool]


def control(
    ledger: Ledger,
    execution: Execution,
    event: ControlEvent,
    nodes: Iterable[int],
    unchanged: Unchanged | None = None,
) -> Mapping[int, Commit]:
    """Commit ``event`` at each of ``nodes`` that has not ended, and pay what is owed then. Returns the commits by node.

    ``unchanged``: commit it only at steps for which this is true of the state that the commit replaces.

    Calling this again does what is left to do, since the first caller may have died before paying. It does nothing in
    a run that has ended, nor at steps whose records contradict each other, because these may have ended. A step that
    is held has a record of its own which says that it has not, so it can always be released. Raises ConflictError, when
    all the others are done, if steps end too fast to tell which records do.
    """
    key = execution.run.key
    stored = ledger.store.get_run(key)
    if stored is None or stored.status is not RunStatus.RUNNING:
        return {}
    sound, nodes = certain(ledger, execution, ledger.store.load_all(key, outputs=False)), tuple(nodes)
    view = sound.view
    commits: dict[int, Commit] = {}
    for node in nodes:
        if node in view.unreadable:
            continue
        if not view.state(node).status.final:
            commits[node] = _commit(ledger, execution, node, event, unchanged)
            ledger.follow(execution, node, commits[node], by_itself=False)
            if isinstance(event, LimitsSet):
                resize(ledger, execution, node, commits[node].state)
        elif isinstance(event, StopRequested):
            ledger.roll_forward(execution, node)  # it may have ended by this very event
    sound.must_be_settled(execution, nodes)
    return commits


def _commit(
    ledger: Ledger, execution: Execution, node: int, event: ControlEvent, unchanged: Unchanged | None
) -> Commit:
    if unchanged is None:
        return ledger.commit(execution, node, event)

    def decide(state: StepState) -> Transition | None:
        return machine.evolve(execution.plan, node, state, event) if unchanged(node, state) else None

    return ledger.store.transact(execution.run.key, node, decide)


def release(ledger: Ledger, execution: Execution, effect: Release) -> None:
    """Release a step because the time of its hold is up. If that hold has been released before, do nothing.

    Raises BackendError, for a redelivery, if the task comes too early: somebody may have forged it.
    """
    node, now = effect.node, ledger.clock()
    control = ledger.store.load(execution.run.key, (node,), ()).state(node).control
    hold = control.hold if control is not None else None
    if hold is None or hold.at != effect.of or hold.until is None:
        return ledger.roll_forward(execution, node)
    if hold.until > now + ledger.clock_skew:
        raise BackendError(f"{effect.name} came {hold.until - now:.0f} s early: try again later")
    return ledger.handle(execution, node, HoldReleased(now, of=hold.at))


@dataclass(frozen=True, slots=True)
class Certain:
    """A run without the steps that may have ended although their records say otherwise: they would end twice.

    ``unsettled``: those of them that may only seem so, because others end faster than the run can be read.
    """

    view: View
    unsettled: frozenset[int]

    def must_be_settled(self, execution: Execution, nodes: Collection[int]) -> None:
        """Raises ConflictError, for another try, if any of ``nodes`` had to be left alone although it may be sound."""
        if left := self.unsettled.intersection(nodes):
            first, more = execution.plan.nodes[min(left)].name, f" and {len(left) - 1} more" if len(left) > 1 else ""
            raise ConflictError(
                f"run '{execution.run.id}': its steps end faster than it can be read, so nothing was done to step "
                f"'{first}'{more}: repeat the request"
            )


def certain(ledger: Ledger, execution: Execution, view: View) -> Certain:
    """``view`` without the steps with contradictory records, except those that wait for others, which have not begun.

    One whose wait is limited may have begun. One that has a record of its own has not ended, if the record says so.
    """
    plan = execution.plan
    sure, unsettled = settled_doubts(ledger.store, execution.run.key, plan, view)
    known = {
        node
        for node in {*nodes_in(sure), *nodes_in(unsettled)}
        if node in view.states or (decide(plan, node, view) is Verdict.WAIT and node not in plan.limited)
    }
    left_out = (nodes_in(sure) | nodes_in(unsettled)) - known
    return Certain(view.without(left_out), left_out - nodes_in(sure))


def nodes_in(found: Doubts) -> frozenset[int]:
    """All steps that contradictions are about."""
    return frozenset().union(*found.values())
