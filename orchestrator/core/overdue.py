"""Since when each effect has been owed, and whether its task still waits in the queue or was lost. Pure.

The queue of launches may deliver only one task a second. A launch that waits there is not lost, and putting it again
would make the queue longer. So a launch counts as lost only if the queue has delivered much younger ones, or has
delivered none for long. All other tasks are delivered at once, and count as lost after a fixed time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from orchestrator.core.messages import (
    STOP,
    Announce,
    Check,
    Deadline,
    Effect,
    Finish,
    Launch,
    Limit,
    MissedStart,
    Notify,
    Release,
)
from orchestrator.core.model import EMPTY, Run, Status, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import IMPATIENT

#: Seconds after which a task that is no launch counts as lost. A queue waits at most 5 minutes before it tries again
#: (terraform/queues.tf), and clocks differ.
LATE = 600.0

#: Seconds without a delivery after which all tasks in the queue of launches count as lost.
STILL = 1800.0


#: The causes of steps that were skipped by their launch, and not by their trigger.
BY_LAUNCH = ("when", EMPTY)


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the queue of launches has come, judged by what was launched. Times are in seconds since the epoch.

    ``owed``: when the youngest launch that it has delivered became owed. ``moved``: when it last delivered one.
    """

    owed: float = -inf
    moved: float = -inf

    def and_of(self, other: "Pace") -> "Pace":
        """The two combined: the later time of each field."""
        return Pace(max(self.owed, other.owed), max(self.moved, other.moved))

    def lost(self, since: float, now: float) -> bool:
        """Whether a launch that has been owed since ``since`` is no longer in the queue.

        The queue delivered launches that are younger by more than ``LATE``, so it is not a matter of order; or it has
        delivered none for ``STILL`` seconds.
        """
        return since + LATE < self.owed or max(since, self.moved) + STILL < now


class Ages:
    """Since when each effect of a run has been owed. ``view``: the whole run. ``lease``: a claim's, in seconds."""

    def __init__(self, plan: Plan, run: Run, view: View, lease: float) -> None:
        self._plan, self._view, self._lease = plan, view, lease
        arrived = [run.started_at] * len(plan.joins)
        for node, state in view.states.items():
            if state.status.final and state.ended_at is not None:
                for join in plan.nodes[node].arrives:
                    arrived[join] = max(arrived[join], state.ended_at)
        joins = (node.join for node in plan.nodes)
        self._ready = [run.started_at if join is None else arrived[join] for join in joins]

    def of(self, effect: Effect) -> float:
        """Since when ``effect`` has been owed, in seconds since the epoch."""
        if isinstance(
            effect, Notify | Deadline | MissedStart
        ):  # a notification is never owed: its queue keeps it until it is done
            return effect.due
        node = effect.after if isinstance(effect, Finish) else effect.node
        if node < 0:
            return self._ready[self._plan.end]
        state = self._view.state(node)
        asked = state.stop.at if state.stop is not None else -inf
        freed = state.control.released_at if state.control is not None else -inf
        match effect:
            case Launch() if state.status is Status.UP_FOR_RETRY:
                return max(effect.due, freed)
            case Launch() if state.status is Status.LAUNCHING:
                return (state.claimed_at or 0.0) + self._lease
            case Check(chain=chain):
                return asked if chain == STOP else effect.due
            case Finish():
                return max(asked, state.ended_at or -inf)
            case Announce():
                return state.ended_at or -inf
            case Release():
                return effect.due
            case Limit(due=due):
                return due or self._first(node)
            case _:
                return max(asked, freed, self._ready[node])

    def _first(self, node: int) -> float:
        """When the first of the steps before a step ended."""
        states = (self._view.state(self._plan.numbers[name]) for name in self._plan.steps[node].after)
        ended = [state.ended_at for state in states if state.status.final and state.ended_at is not None]
        return min(ended, default=-inf)

    def pace(self, nodes: Iterable[int]) -> Pace:
        """How far the queue of launches has come, judged by those of the steps ``nodes`` whose launch was delivered.

        These were claimed, or their ``when`` was false. For later attempts, and for steps with an impatient rule, it is
        not known since when the launch had been owed.
        """
        pace = Pace()
        for node in nodes:
            state = self._view.state(node)
            reached = state.ended_at if state.cause in BY_LAUNCH else state.claimed_at
            if reached is not None:
                known = state.attempt <= 1 and self._plan.nodes[node].rule not in IMPATIENT
                pace = pace.and_of(Pace(self._ready[node] if known else -inf, reached))
        return pace
