"""Builds the engine of the embedded form: the only place there where ports meet adapters."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from orchestrator.core.job_end import Outcome
from orchestrator.core.kinds import GRAPH, KINDS, MAP
from orchestrator.definition.params import resolve as resolve_params
from orchestrator.engine import Engine
from orchestrator.engine.children import RunBackend
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.rendering import facts_of
from orchestrator.errors import NotFoundError
from orchestrator.home import Home
from orchestrator.home.database import Database
from orchestrator.home.store_url import StoreUrl
from orchestrator.jobs.anywhere import anywhere
from orchestrator.jobs.process.backend import ProcessBackend
from orchestrator.jobs.python.backend import PythonBackend
from orchestrator.jobs.python.functions import FunctionRaisedError
from orchestrator.jobs.python.isolated import PythonSteps
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.jobs.settled import OutsideTransaction, Settled
from orchestrator.local.clock import SteadyClock
from orchestrator.ports import JobBackend, JobRequest, Receivers, Store
from orchestrator.queues.local import LocalQueue
from orchestrator.stores.sqlite.store import SqliteStore
from orchestrator.system.files import PLAIN, sort_of

#: How long a simulated job takes, in seconds.
SIMULATED = 1.0


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedded form: everything on one machine, in one home folder. ``ended`` gets the names of ended jobs.

    ``opened`` gets the keys of runs that are jobs of other runs' steps, to be driven too.
    """

    home: Home
    database: Database
    store: SqliteStore
    queue: LocalQueue
    engine: Engine
    processes: ProcessBackend
    functions: PythonBackend
    ended: "SimpleQueue[str | None]"
    clock: SteadyClock
    opened: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Close the database and end the threads. What still runs is left running."""
        self.functions.close()
        self.processes.close()
        self.database.close()

    @property
    def running(self) -> int:
        """How many jobs this process is running on this machine."""
        return self.processes.running + self.functions.running


@contextmanager
def reading(home: Home) -> Iterator[SqliteStore]:
    """The store of an existing home, for reading."""
    with _sqlite(home.database, looking=True) as store:
        yield store


@contextmanager
def writing(home: Home) -> Iterator[SqliteStore]:
    """The store of a home, which is created if missing. Raises ReadOnlyError."""
    home.make()
    with _sqlite(home.database, looking=False) as store:
        yield store


@contextmanager
def _sqlite(file: Path, looking: bool) -> Iterator[SqliteStore]:
    database = Database(file, looking=looking)
    try:
        yield SqliteStore(database, Home(file.parent).driven)
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class Records:
    """What the database of a home has of its runs: the store and the queue."""

    database: Database
    store: SqliteStore
    queue: LocalQueue


@contextmanager
def records(home: Home) -> Iterator[Records]:
    """The records of a home, which is created if missing, without anything that runs steps. Raises ReadOnlyError."""
    home.make()
    database = Database(home.database)
    try:
        yield Records(database, SqliteStore(database), LocalQueue(database))
    finally:
        database.close()


@contextmanager
def open_store(url: StoreUrl) -> Iterator[Store]:
    """The store at ``url``, for reading.

    Raises NotFoundError if there is no such file, OSError if its path cannot be used, StoreError as stores do.
    """
    if url.file is not None:
        if (found := sort_of(url.file)) != PLAIN:
            wrong = f"expected a file, got {found}" if found else f"there is no file {url.file}"
            raise NotFoundError(f"{url.text}: {wrong}")
        with _sqlite(url.file, looking=True) as local:
            yield local
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
    fake_dataflow: bool = False,
    deployment: Mapping[str, str] | None = None,
    pools: Mapping[str, int] | None = None,
    variables: Mapping[str, str] | None = None,
    make_store: Callable[[Database], SqliteStore] = SqliteStore,
    clock: SteadyClock | None = None,
    receivers: Receivers | None = None,
    flag: str = "",
) -> Embedded:
    """Open a home, created if missing.

    ``fake_dataflow``: Dataflow steps without a ``local:`` block succeed after a moment. ``deployment``: values
    of ``{{ run.deployment.NAME }}``, unless the run has its own. ``pools``: their sizes, which
    all processes that share the home should be told alike.
    ``variables``: environment variables of what steps run. ``receivers``: who is notified; ``flag``: what the commands
    need that they are told, to find the home.
    """
    home.make()
    home = Home(home.path.resolve())
    database = Database(home.database, durable)
    store, tasks = make_store(database), LocalQueue(database)
    store.driven = home.driven
    ended: SimpleQueue[str | None] = SimpleQueue()
    clock = clock or SteadyClock()
    processes = ProcessBackend(home, ended.put, clock, variables or {})
    functions = PythonBackend(home, ended.put, clock, parallel, database.afterwards, variables or {})
    backends: dict[str, JobBackend] = {
        **anywhere(clock),
        "command": Settled(processes, database),
        "python": PythonSteps(home, functions, Settled(processes, database)),
        "call": functions,
    }
    if fake_dataflow:
        played = OutsideTransaction(ScriptedBackend(partial(_simulated, functions.parameters), clock), database)
        backends |= {kind.key: played for kind in KINDS if not kind.on_machine}
    opened: list[str] = []
    engine = Engine(
        Ledger(
            store,
            tasks,
            backends,
            clock,
            stand_ins=True,
            alone=True,  # the driving process has taken the run's lock (Home.driving)
            clock_skew=0.0,
            facts=lambda run: (
                facts_of(run)
                | {"dir": str(home.data(run.first)), "deployment": {**(deployment or {}), **run.deployment}}
            ),
            pools=pools or {},
            apart=database.suspended,
            receivers=receivers,
            flags=flag,
        )
    )
    backends[GRAPH.key] = backends[MAP.key] = RunBackend(engine, resolve_params, opened.append)
    return Embedded(home, database, store, tasks, engine, processes, functions, ended, clock, opened)


def _simulated(parameters: Callable[[JobRequest], object], request: JobRequest) -> Script:
    """A simulated Dataflow job. Its parameters are computed as for a real one, so that mistakes show."""
    try:
        parameters(request)
    except FunctionRaisedError as error:
        return Script(0.0, Outcome.FAILED, error=str(error))
    return Script(SIMULATED)
