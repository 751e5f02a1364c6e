"""The only place where ports meet adapters: builds an engine for one world. Contains no behaviour."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from orchestrator.core.kinds import KINDS
from orchestrator.core.model import Outcome
from orchestrator.engine import Engine
from orchestrator.engine.rendering import facts_of
from orchestrator.errors import NotFoundError
from orchestrator.home import Home
from orchestrator.home.database import Database
from orchestrator.home.store_url import StoreUrl
from orchestrator.jobs.anywhere import anywhere
from orchestrator.jobs.process.backend import ProcessBackend
from orchestrator.jobs.python.backend import PythonBackend
from orchestrator.jobs.python.functions import FunctionRaisedError, parameters
from orchestrator.jobs.python.isolated import PythonSteps
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.jobs.settled import OutsideTransaction, Settled
from orchestrator.local.clock import SteadyClock
from orchestrator.ports import JobBackend, JobRequest, Store
from orchestrator.queues.local import LocalQueue
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
    clock: SteadyClock

    @property
    def running(self) -> int:
        """How many jobs run on this machine for this process."""
        return self.processes.running + self.functions.running


@contextmanager
def reading(home: Home) -> Iterator[SqliteStore]:
    """The store of a home where something has run, to look at it."""
    with _sqlite(home.database, looking=True) as store:
        yield store


@contextmanager
def writing(home: Home) -> Iterator[SqliteStore]:
    """The store of a home, which is made if it is new. Raises ReadOnlyError."""
    home.make()
    with _sqlite(home.database, looking=False) as store:
        yield store


@contextmanager
def _sqlite(file: Path, looking: bool) -> Iterator[SqliteStore]:
    database = Database(file, looking=looking)
    try:
        yield SqliteStore(database)
    finally:
        database.close()


@contextmanager
def open_store(url: StoreUrl) -> Iterator[Store]:
    """The store at ``url``, to look at it. Raises NotFoundError if there is no such file, StoreError as stores do."""
    if url.file is not None:
        if not url.file.is_file():
            raise NotFoundError(f"{url.text}: there is no file {url.file}")
        with _sqlite(url.file, looking=True) as found:
            yield found
        return
    from orchestrator.stores.firestore.store import connect

    store = connect(url.project, url.database)
    try:
        yield store
    finally:
        store.close()


def embedded(
    home: Home,
    parallel: int,
    *,
    durable: bool = False,
    simulate: bool = False,
    deployment: Mapping[str, str] | None = None,
    make_store: Callable[[Database], SqliteStore] = SqliteStore,
    clock: SteadyClock | None = None,
) -> Embedded:
    """Open a home, and make it if it is new. ``simulate``: Dataflow steps without a ``local:`` block are played.

    ``deployment``: what ``{{ run.deployment.NAME }}`` gives to a run that does not say so itself.
    """
    home.make()
    home = Home(home.path.resolve())
    database = Database(home.database, durable)
    store, tasks = make_store(database), LocalQueue(database)
    ended: SimpleQueue[str | None] = SimpleQueue()
    clock = clock or SteadyClock()
    processes = ProcessBackend(home, ended.put, clock)
    functions = PythonBackend(home, ended.put, clock, parallel, database.afterwards)
    backends: dict[str, JobBackend] = {
        **anywhere(clock),
        "command": Settled(processes, database),
        "python": PythonSteps(home, functions, Settled(processes, database)),
        "call": functions,
    }
    if simulate:
        played = OutsideTransaction(ScriptedBackend(_simulated, clock), database)
        backends |= {kind.key: played for kind in KINDS if not kind.on_machine}
    engine = Engine(
        store,
        tasks,
        backends,
        clock,
        stand_ins=True,
        alone=True,  # who drives a run holds it (Home.hold)
        clock_skew=0.0,
        facts=lambda run: (
            facts_of(run) | {"dir": str(home.data(run.id)), "deployment": {**(deployment or {}), **run.deployment}}
        ),
        apart=database.suspended,
    )
    return Embedded(home, database, store, tasks, engine, processes, functions, ended, clock)


def _simulated(request: JobRequest) -> Script:
    """A played Dataflow job. Its parameters are made up as for a real one, so a mistake in them shows."""
    try:
        parameters(request)
    except FunctionRaisedError as error:
        return Script(0.0, Outcome.FAILED, error=str(error))
    return Script(SIMULATED)
