"""The states of a run's steps while it is driven, updated by every commit, so that nothing has to be read."""

from collections import Counter, deque
from collections.abc import Callable

from orchestrator.core.model import PENDING, Run, Status, StepState, View
from orchestrator.core.plan import Plan

#: How many of the steps that ended last are remembered.
_RECENT = 100

#: Called with a step's number, its state before and its state after.
Change = Callable[[int, StepState, StepState], None]


class Watch:
    """The states of one run's steps, counted and grouped. ``changed`` is called with every change.

    ``end``: the state of the node at the run's end, which says how the run's own deadline stands.
    """

    def __init__(self, run: Run, plan: Plan, view: View, changed: Change = lambda *_: None) -> None:
        self.run = run
        self.plan = plan
        self.changed = changed
        self.states: dict[int, StepState] = {}
        self.counts: Counter[Status] = Counter(
            {Status.PENDING: sum(node not in view.unreadable for node in range(len(plan.steps)))}
        )
        self.by_status: dict[Status, dict[int, None]] = {
            status: {} for status in (Status.LAUNCHING, Status.RUNNING, Status.UP_FOR_RETRY, Status.FAILED)
        }
        self.ended: deque[int] = deque(maxlen=_RECENT)
        self.end = view.state(plan.end)
        for node, state in sorted(view.states.items(), key=lambda item: item[1].ended_at or 0.0):
            self._note(run.key, node, state)

    def saw(self, run: str, node: int, state: StepState) -> None:
        """A commit left ``node`` of ``run`` in ``state``."""
        if run == self.run.key and node == self.plan.end:
            before, self.end = self.end, state
            self.changed(node, before, state)
            return
        if (known := self._note(run, node, state)) is not None:
            self.changed(node, known, state)

    def state(self, node: int) -> StepState:
        return self.end if node == self.plan.end else self.states.get(node, PENDING)

    @property
    def over(self) -> int:
        """How many steps have ended."""
        return sum(number for status, number in self.counts.items() if status.final)

    def _note(self, run: str, node: int, state: StepState) -> StepState | None:
        """The state before; None if this is not a step of the run."""
        if run != self.run.key or node >= len(self.plan.steps):
            return None
        before = self.state(node)
        self.states[node] = state
        self.counts[before.status] -= 1
        self.counts[state.status] += 1
        if before.status in self.by_status:
            self.by_status[before.status].pop(node, None)
        if state.status in self.by_status:
            self.by_status[state.status][node] = None
        if state.status.final:
            self.ended.append(node)
        return before
