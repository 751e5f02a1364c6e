"""One run in a world: its scenario, its record, and its watch. A world has one or several."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from orchestrator.core.kept_steps import letters, plan_of
from orchestrator.core.model import Run, RunStatus, StepState
from orchestrator.core.names import new_key
from orchestrator.ports import JobRequest
from tests.doubles.memory_store import MemoryStore
from tests.simulation.deadlines import moments
from tests.simulation.scenario import Attempt, Scenario
from tests.simulation.watch import Watch


class Life:
    """One run. It begins at ``begins``; ``key`` is empty until it has. Its graph's version is its own.

    ``kept``: the states that it keeps of an earlier run, of which it is a rerun then; ``base`` is the graph's own plan.
    ``id``: two runs may have one, one after the other. ``wrong``: by how many seconds the clock is that says when it
    began. ``last``: its record as it was when it was about to be deleted.
    """

    def __init__(
        self,
        name: str,
        scenario: Scenario,
        store: MemoryStore,
        clock: Callable[[], float],
        begins: float,
        latest: float,
        kept: Mapping[int, StepState] = MappingProxyType({}),
        notify: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.notify = notify
        self.name = self.id = name
        self.wrong = 0.0
        self.last: Run | None = None
        self.scenario = scenario
        self.base, self.kept = scenario.compiled(version=f"of {name}"), kept
        self.letters = letters(self.base, {node: state.status for node, state in kept.items()}) if kept else ""
        self.plan = plan_of(self.base, self.letters)
        self.begins = begins
        self.key = ""
        self.watch = Watch(scenario, self.plan, store, clock, latest)
        self._store = store

    def wanted(self, noise: bytes) -> Run:
        """The run as somebody wants to start it, with a key of his own. A rerun's is that of its choice."""
        began = self.begins + self.wrong
        graph, version, params = self.scenario.name, self.plan.version, self.scenario.params
        key = new_key(b"a rerun") if self.letters else new_key(noise)
        more = {"notify": self.notify, "typical": self.scenario.typical, "moments": moments(self.plan, began)}
        return Run(self.id, key, graph, version, params, began, seal=noise.hex(), kept=self.letters, **more)

    def opened(self, run: Run) -> None:
        """The run is there."""
        if self.key:
            self.watch.failures.append(f"{self.name} was opened twice, as {self.key} and as {run.key}")
        self.key = self.watch.key = run.key

    def attempt(self, request: JobRequest) -> Attempt:
        """What becomes of an attempt outside. Those for which there was no quota are none for the scenario."""
        quota = self._store.load(self.key, (request.node,), ()).state(request.node).quota
        return self.scenario.attempt(request.step, request.attempt - quota)

    @property
    def over(self) -> bool:
        """The run has ended. One that has not begun has not."""
        return self.watch.status is not RunStatus.RUNNING

    @property
    def stored(self) -> Run | None:
        """Its record, if there is one, or was."""
        return self.last or self._store.get_run(self.key)

    def keep(self, in_time: bool, waits: bool) -> None:
        """It may be deleted from now on: what it has come to is judged now, and is not to change any more."""
        self.last = self.stored
        self.watch.judge(in_time, waits)
        self.watch.keep()

    @property
    def patience(self) -> float:
        """Seconds within which the run must have ended, whatever happens."""
        attempts = sum(len(attempts) for attempts in self.scenario.attempts.values())
        return 86_400.0 + 7_200.0 * attempts
