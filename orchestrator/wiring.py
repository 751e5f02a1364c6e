"""The only place where ports meet adapters: builds an engine for one world. Contains no behaviour."""

import time
from dataclasses import dataclass
from queue import SimpleQueue

from orchestrator.engine import Engine
from orchestrator.home import Home
from orchestrator.jobs.process import ProcessBackend
from orchestrator.jobs.python import PythonBackend
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.jobs.wait import WaitBackend
from orchestrator.ports import JobBackend
from orchestrator.queues.local import LocalQueue
from orchestrator.sqlite import Database
from orchestrator.stores.sqlite import SqliteStore

#: How long a simulated job takes, in seconds.
SIMULATED = 1.0


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedded world: everything on one machine, in one home folder. ``ended`` gets the names of ended jobs."""

    home: Home
    database: Database
    store: SqliteStore
    queue: LocalQueue
    engine: Engine
    processes: ProcessBackend
    functions: PythonBackend
    ended: "SimpleQueue[str | None]"

    @property
    def running(self) -> int:
        """How many jobs run on this machine for this process."""
        return self.processes.running + self.functions.running


def embedded(home: Home, parallel: int, *, durable: bool = False, simulate: bool = False) -> Embedded:
    """Open a home, and make it if it is new. ``simulate``: Dataflow steps without a ``local:`` block are played."""
    home.path.mkdir(parents=True, exist_ok=True)
    home = Home(home.path.resolve())
    database = Database(home.database, durable)
    store, tasks = SqliteStore(database), LocalQueue(database)
    ended: SimpleQueue[str | None] = SimpleQueue()
    processes = ProcessBackend(home, ended.put, time.time)
    functions = PythonBackend(home, ended.put, time.time, parallel)
    backends: dict[str, JobBackend] = {
        "command": processes,
        "python": functions,
        "wait": WaitBackend(time.time),
    }
    if simulate:
        backends["dataflow"] = ScriptedBackend(lambda _: Script(SIMULATED), time.time)
    engine = Engine(
        store,
        tasks,
        backends,
        time.time,
        stand_ins=True,
        facts=lambda run: {"id": run.id, "started_at": run.started_at, "dir": str(home.data(run.id))},
    )
    return Embedded(home, database, store, tasks, engine, processes, functions, ended)
