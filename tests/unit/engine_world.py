"""A world for tests of the engine, in which nothing happens by itself; on the memory store and scripted jobs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestrator.core.messages import Effect
from orchestrator.core.model import Run, RunStatus, Stop
from orchestrator.core.names import new_key, run_key
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import AmbiguousLaunchError, BackendError, QueueError
from orchestrator.home.database import Database
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.jobs.wait import WaitBackend
from orchestrator.ports import CHECKS, LAUNCHES, JobRequest, Launched, Task
from orchestrator.queues.local import LocalQueue
from tests.doubles.memory_store import MemoryStore

JOB = Work("job", {})


STOP = Stop(5.0, "ann", "wrong input")


KEY = run_key("r")


#: The worlds of the test that runs.
OPEN: list["World"] = []


@dataclass
class World:
    """One run in a world where nothing happens by itself: ``deliver`` is the only thing that moves it."""

    plan: Plan
    scripts: dict[str, Script] = field(default_factory=dict)
    now: float = 0.0
    lease: float = 0.0

    def __post_init__(self) -> None:
        OPEN.append(self)
        self.store = MemoryStore()
        self.database = Database(":memory:")
        self.queue = LocalQueue(self.database)
        self.jobs = ScriptedBackend(self.script, lambda: self.now)
        self.waits = WaitBackend(lambda: self.now)
        backends = {"job": self.jobs, "wait": self.waits}
        self.engine = Engine(Ledger(self.store, self.queue, backends, lambda: self.now, launch_lease=self.lease))
        self.run = Run("r", KEY, self.plan.graph, self.plan.version, {"full": False, "date": "2026-11-23"}, self.now)

    def script(self, request: JobRequest) -> Script:
        return self.scripts.get(f"{request.step} {request.attempt}", self.scripts.get(request.step, Script()))

    def start(self) -> bool:
        """Somebody starts the run, with a key of his own if another has before. Whether it is new."""
        wanted = self.run if self.store.find_run("r") is None else replace(self.run, key=new_key(b"another"))
        return self.engine.start(wanted, self.plan) is wanted

    def due(self) -> list[Effect]:
        """Takes what is due off the queue."""
        found = [item for name in (CHECKS, LAUNCHES) for item in self.queue.lease([KEY], name, self.now, 100)]
        self.queue.acknowledge(found)
        return [item.effect for item in found]

    def finish(self) -> RunStatus:
        """Delivers everything, moving the clock to the next task, until the run has ended."""
        while (stored := self.store.get_run(KEY)) and stored.status is RunStatus.RUNNING:
            for effect in self.due():
                self.engine.perform(effect)
            following = self.queue.next_due([KEY], [CHECKS, LAUNCHES])
            self.now = max(self.now, following or 0.0)
        assert stored is not None
        return stored.status

    def statuses(self) -> dict[str, str]:
        view = self.store.load_all(KEY)
        return {step.name: str(view.state(number).status) for number, step in enumerate(self.plan.steps)}


def fails_once(call):
    """A call of a service that does not get through the first time."""
    calls = iter([BackendError("down")])

    def shaky(request: JobRequest) -> Launched:
        for error in calls:
            raise error
        return call(request)

    return shaky


class LossyBackend:
    """A job service whose first answer to a launch is lost, after or before it did what was asked."""

    def __init__(self, jobs: ScriptedBackend, launches: bool) -> None:
        self.jobs, self.launches, self.calls = jobs, launches, 0
        self.find, self.status, self.cancel = jobs.find, jobs.status, jobs.cancel

    def launch(self, request: JobRequest) -> Launched:
        self.calls += 1
        if self.calls > 1:
            return self.jobs.launch(request)
        if self.launches:
            self.jobs.launch(request)
        raise AmbiguousLaunchError("the connection was closed")


class BrokenQueue:
    """A queue that is out of order for a while."""

    def __init__(self, queue: LocalQueue) -> None:
        self.queue = queue
        self.broken = False

    def put(self, tasks: Sequence[Task]) -> None:
        if self.broken:
            raise QueueError("out of order")
        self.queue.put(tasks)
