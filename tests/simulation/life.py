"""The life of one run in a world: what it is to do, its record, and who watches it. A world has one or several."""

from collections.abc import Callable

from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.stores.memory import MemoryStore
from tests.simulation.scenario import Scenario
from tests.simulation.watch import Watch


class Life:
    """One run. It begins at ``begins``. Its graph's version is the run's own, as its scenario is."""

    def __init__(
        self,
        name: str,
        scenario: Scenario,
        store: MemoryStore,
        clock: Callable[[], float],
        begins: float,
        latest: float,
    ) -> None:
        self.scenario = scenario
        self.plan = scenario.compiled(version=f"of {name}")
        self.begins = begins
        self.run = Run(name, run_key(name), scenario.name, self.plan.version, scenario.params, begins)
        self.watch = Watch(scenario, self.plan, store, self.run.key, clock, latest)
        self._store = store

    @property
    def key(self) -> str:
        return self.run.key

    @property
    def over(self) -> bool:
        """The run has ended. One that has not begun has not."""
        return self.watch.status is not RunStatus.RUNNING

    @property
    def stored(self) -> Run | None:
        """Its record, if there is one."""
        return self._store.get_run(self.key)

    @property
    def patience(self) -> float:
        """Seconds within which the run must have ended, whatever happens."""
        attempts = sum(len(attempts) for attempts in self.scenario.attempts.values())
        return 86_400.0 + 7_200.0 * attempts
