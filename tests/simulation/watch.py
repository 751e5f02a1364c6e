"""The watch: looks at a run after every turn, and writes down what must never be. It changes nothing."""

from orchestrator.core.invariants import Inspector
from orchestrator.core.model import RunStatus, Status, StepState
from orchestrator.core.plan import Plan
from orchestrator.ports import JobRequest
from orchestrator.stores.memory import MemoryStore
from tests.simulation.oracle import Ending, endings, longest, run_fails
from tests.simulation.scenario import Scenario

#: Most seconds by which a clock is wrong, and a little more.
SKEW = 11.0

_ENDED = frozenset({"succeeded", "failed", "cancelled"})

#: From a status, those that may follow it.
ARROWS: dict[str, frozenset[str]] = {
    "pending": frozenset({"launching", "succeeded", "skipped", "upstream_failed"}),
    "launching": _ENDED | {"launching", "running", "up_for_retry"},
    "running": _ENDED | {"up_for_retry"},
    "up_for_retry": frozenset({"launching"}),
}


class Watch:
    """Watches one run, whose key is ``key``."""

    def __init__(self, scenario: Scenario, plan: Plan, store: MemoryStore, key: str) -> None:
        self.plan = plan
        self.failures: list[str] = []
        self.status = RunStatus.RUNNING
        self._scenario = scenario
        self._store = store
        self._key = key
        self._inspector = Inspector(plan)
        self._changed: set[int] = set()
        self._jobs: dict[tuple[int, int], str] = {}

    def committed(self, node: int, old: StepState, new: StepState) -> None:
        """A node's state was changed."""
        self._changed.add(node)
        name = self.plan.nodes[node].name
        if new.status not in ARROWS.get(old.status, ()):
            self.failures.append(f"{name}: went from {old.status} to {new.status}")
        step = 1 if new.status is Status.LAUNCHING and old.status is not Status.LAUNCHING else 0
        if new.attempt != old.attempt + step:
            self.failures.append(f"{name}: went from attempt {old.attempt} to {new.attempt}")
        if new.status is Status.UP_FOR_RETRY:
            self._put_off(node, old, new)
        if old.status is Status.UP_FOR_RETRY and (new.claimed_at or 0.0) < (old.due or 0.0) - SKEW:
            self.failures.append(f"{name}: attempt {new.attempt} was due at {old.due}, and claimed at {new.claimed_at}")

    def _put_off(self, node: int, old: StepState, new: StepState) -> None:
        """What failed waits for its next attempt as its step says; what was interrupted does not wait."""
        retry, failures = self.plan.steps[node].retry, new.attempt - new.interruptions
        wait = min(retry.delay * retry.backoff ** (failures - 1), retry.max_delay) if failures else 0.0
        if new.interruptions > old.interruptions:
            wait = 0.0
        if new.due is None or new.ended_at is None or abs(new.due - new.ended_at - wait) > 0.01:
            name = self.plan.nodes[node].name
            self.failures.append(f"{name}: ended at {new.ended_at}, due again at {new.due}, and not {wait} s later")

    def ended(self, status: RunStatus) -> None:
        """The run's record was closed."""
        if self.status is not RunStatus.RUNNING:
            self.failures.append(f"the run ends twice, {self.status} and {status}")
        self.status = status
        self.failures += self._inspector.ending(self._store.load_all(self._key), status)

    def created(self, request: JobRequest, job: str) -> None:
        """A job was made outside."""
        attempt = (request.node, request.attempt)
        if attempt in self._jobs:
            self.failures.append(f"{request.name}: a second job, {job}, beside {self._jobs[attempt]}")
        self._jobs[attempt] = job
        state = self._store.load(self._key, (request.node,), ()).state(request.node)
        if state.status is not Status.LAUNCHING or state.attempt != request.attempt:
            self.failures.append(f"{request.name}: launched, and the step is {state.status} at {state.attempt}")

    def look(self) -> list[str]:
        """All that was found wrong so far, the nodes changed since the last look included."""
        if self._changed:
            self.failures += self._inspector.violations(self._store.load_all(self._key), self._changed)
            self._changed.clear()
        return self.failures

    def judge(self, in_time: bool) -> None:
        """Nothing will happen any more: is it as the oracle says? And, if so asked, was it in time?"""
        view = self._store.load_all(self._key)
        self.failures += self._inspector.violations(view)
        known = endings(self._scenario)
        for number, step in enumerate(self.plan.steps):
            came = _ending(view.state(number))
            if came != known[step.name]:
                self.failures.append(f"{step.name}: expected {known[step.name]}, came {came}")
        expected = RunStatus.FAILED if run_fails(self._scenario, known) else RunStatus.SUCCEEDED
        if self.status is not expected:
            self.failures.append(f"the run: expected {expected}, came {self.status}")
        run, longest_time = self._store.get_run(self._key), longest(self._scenario, known)
        took = (run.ended_at or 0.0) - run.started_at if run else 0.0
        if in_time and took > longest_time:
            self.failures.append(f"the run took {took:.0f} s, and nothing kept it from ending in {longest_time:.0f}")


def _ending(state: StepState) -> Ending:
    return Ending(str(state.status), state.attempt, state.interruptions, state.cause, state.outputs)
