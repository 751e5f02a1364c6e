"""What a queue should have done by now: since when each effect is owed, and whether it still waits or was lost. Pure.

A task that waits in a queue that lets one launch through a second is not lost, and whoever puts it again makes the
queue longer. So a launch is lost only if the queue has overtaken it, or has stood still; all else waits for nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from orchestrator.core.messages import STOP, Check, Effect, Finish, Launch
from orchestrator.core.model import Run, Status, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import IMPATIENT

#: Seconds for which what does not wait for a launch may be under way: a queue that tries again does so every 5 minutes
#: in the end (terraform/queues.tf), and clocks differ.
LATE = 600.0

#: Seconds for which the launches' queue may let nothing through before all that waits in it is taken for lost.
STILL = 1800.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the queue of launches has come, told from what was launched. Times are in seconds since the epoch.

    ``owed``: when the youngest launch became owed that it has let through. ``moved``: when it let one through last.
    """

    owed: float = -inf
    moved: float = -inf

    def and_of(self, other: "Pace") -> "Pace":
        """What two of them say together."""
        return Pace(max(self.owed, other.owed), max(self.moved, other.moved))

    def lost(self, since: float, now: float) -> bool:
        """Whether a launch that is owed ``since`` then does not wait in the queue any more.

        Younger ones were let through, and no queue keeps its order to the minute; or it stands still.
        """
        return since + LATE < self.owed or max(since, self.moved) + STILL < now


class Ages:
    """Since when what is owed in a view of a whole run is owed. ``lease``: seconds for which a claim protects."""

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
        """Since when ``effect`` is owed."""
        node = effect.after if isinstance(effect, Finish) else effect.node
        if node < 0:
            return self._ready[self._plan.end]
        state = self._view.state(node)
        asked = state.stop.at if state.stop is not None else -inf
        match effect:
            case Launch() if state.status is Status.UP_FOR_RETRY:
                return effect.due
            case Launch() if state.status is Status.LAUNCHING:
                return (state.claimed_at or 0.0) + self._lease
            case Check(chain=chain):
                return asked if chain == STOP else effect.due
            case Finish():
                return max(asked, state.ended_at or -inf)
            case _:
                return max(asked, self._ready[node])

    def pace(self, nodes: Iterable[int]) -> Pace:
        """How far the queue of launches has come, as those of the steps ``nodes`` tell that it let through.

        They were claimed, or their ``when`` said no. Since when a second attempt was owed is forgotten, and of an
        impatient step it never was known.
        """
        pace = Pace()
        for node in nodes:
            state = self._view.state(node)
            reached = state.ended_at if state.cause == "when" else state.claimed_at
            if reached is not None:
                known = state.attempt <= 1 and self._plan.nodes[node].rule not in IMPATIENT
                pace = pace.and_of(Pace(self._ready[node] if known else -inf, reached))
        return pace
