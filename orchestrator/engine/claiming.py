"""The claim on a launch: who may send it, for how long, and how the owner verifies that just before sending.

Other deliveries leave an attempt alone until ``launch_lease`` has passed, by their own clocks. The claim's owner sends
nothing in the last ``launch_margin`` of the lease, by its own clock, unless it renews the claim first: a handler
may have stood still for any length of time, and nothing stops a handler whose request has timed out.
"""

from dataclasses import dataclass, replace

from orchestrator.core.control import Control
from orchestrator.core.events import LaunchClaimed, LaunchUnanswered, LaunchUnsent
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import Status, StepState
from orchestrator.core.names import JobRef, job_name
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.pools import begin
from orchestrator.errors import BackendError


@dataclass(slots=True)
class Claim:
    """The claim, made at ``at``, to launch an attempt as ``job_name``. ``new``: nobody can have launched it before.

    ``mine``: this call owns it. Otherwise another delivery does, and this one may only look for the attempt's job.
    ``abandoned``: the step was cancelled and nobody else can be launching it; if it has no job, it has ended.
    ``lost``: how many earlier owners in a row disappeared.
    ``control``: what people had requested for the step when it was claimed.
    """

    ledger: Ledger
    execution: Execution
    effect: Launch
    job_name: str
    at: float
    new: bool = False
    mine: bool = True
    abandoned: bool = False
    lost: int = 0
    control: Control | None = None

    def confirm(self) -> None:
        """Return if nobody else can be launching the attempt. A claim that is too old is renewed first.

        Raises BackendError if somebody has taken it over, or the step was cancelled meanwhile.
        """
        if self._in_time():
            return
        event = LaunchClaimed(self.effect.attempt, self.job_name, self.ledger.clock(), over=self.at)
        commit = self.ledger.commit(self.execution, self.effect.node, event)
        if commit.applied:
            self.at = event.at
            if commit.state.stop is None and self._in_time():
                return
        raise BackendError(f"{self.job_name}: its claim is too old to launch it, so nothing was sent")

    def must_be_mine(self) -> None:
        """Raises BackendError if another delivery owns the claim."""
        if not self.mine:
            name = self.job_name
            raise BackendError(f"another delivery claimed {name} and may be launching it: try again later")

    def unsent(self) -> None:
        """Record that this call certainly sent nothing, so that the next may launch at once."""
        if self.mine and self.ledger.launch_lease:
            event = LaunchUnsent(self.effect.attempt, self.at, self.ledger.clock())
            self.ledger.commit(self.execution, self.effect.node, event)

    def unanswered(self) -> None:
        """Record that this call may have launched the job but did not disappear. The claim stays valid."""
        if self.mine and self.lost:
            event = LaunchUnanswered(self.effect.attempt, self.at)
            self.ledger.commit(self.execution, self.effect.node, event)

    def _in_time(self) -> bool:
        lease = self.ledger.launch_lease
        return not lease or self.ledger.clock() < self.at + lease - self.ledger.launch_margin


def claimed(ledger: Ledger, execution: Execution, effect: Launch) -> Claim | StepState | None:
    """Claim the attempt. Returns this call's claim, or the existing one; the step's state if it is too late; None if it
    has to wait for a place in a pool.

    An existing claim keeps its job name, so that a job that was launched by an older version of this program, or with
    another prefix, is found.
    """
    event = LaunchClaimed(effect.attempt, name_of(ledger, execution, effect), ledger.clock())
    limited = ledger.pools or execution.run.max_parallel is not None  # what has no limit pays for no call
    commit = begin(ledger, execution, effect, event) if limited else ledger.commit(execution, effect.node, event)
    if commit is None:
        return None
    if commit.applied:
        return Claim(ledger, execution, effect, event.job_name, event.at, new=True, control=commit.state.control)
    state = commit.state
    if state.status is not Status.LAUNCHING or state.attempt != effect.attempt:
        return state
    claim = Claim(ledger, execution, effect, state.job_name or event.job_name, event.at, control=state.control)
    if not ledger.launch_lease:
        claim.at = state.claimed_at or 0.0
    else:
        fresh = state.due is None and event.at < (state.claimed_at or 0.0) + ledger.launch_lease
        # If several deliveries find the lease expired, only one takes the claim over: two might launch two jobs.
        anew = replace(event, job_name=claim.job_name, over=state.claimed_at, lost=True)
        if fresh or not (commit := ledger.commit(execution, effect.node, anew)).applied:
            claim.mine = False
            return claim
        claim.lost = commit.state.lost
    alone = ledger.alone or ledger.launch_lease > 0
    claim.abandoned = alone and state.stop is not None
    return claim


def name_of(ledger: Ledger, execution: Execution, effect: Launch | Check) -> str:
    """The name that this version of the program, with this prefix, gives the job of an attempt."""
    step = execution.plan.steps[effect.node]
    return job_name(
        step.job_name or step.name, JobRef(execution.run.key, effect.node, effect.attempt), ledger.job_prefix
    )
