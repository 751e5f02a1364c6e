"""The deployed form: an engine on Firestore, Cloud Tasks and Dataflow, for one instance of a function.

Each client is imported and connected by the first request that needs it, and then shared: a signal of a foreign job
needs none, and one of our own only the queue.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from math import inf
from secrets import token_hex
from typing import TYPE_CHECKING

from orchestrator.cloud.auth import ForbiddenError, Verifier, claimed
from orchestrator.cloud.logs import Headers
from orchestrator.cloud.settings import CloudSettings
from orchestrator.cloud.starters import Starters
from orchestrator.cloud.withheld import quotable
from orchestrator.core.kinds import CALL, DATAFLOW, GRAPH, MAP
from orchestrator.core.messages import EVENT, Effect, Finish
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import parse_job_name
from orchestrator.core.steps import Json
from orchestrator.engine import Engine
from orchestrator.engine.children import RunBackend
from orchestrator.engine.ledger import Hear, Ledger
from orchestrator.engine.rendering import facts_of
from orchestrator.engine.signal import notice
from orchestrator.engine.sweep_rounds import Round
from orchestrator.errors import NotFoundError, OrchestratorError, UsageError
from orchestrator.ports import CHECKS, LAUNCHES, NOTICES, SIGNALS, JobBackend, Unreadable

if TYPE_CHECKING:
    from orchestrator.core.messages import MissedStart
    from orchestrator.core.param import Param
    from orchestrator.jobs.dataflow.backend import DataflowBackend
    from orchestrator.queues.cloud_tasks import CloudTasksQueue
    from orchestrator.receivers.notifier import Notifier
    from orchestrator.stores.firestore.store import FirestoreStore


#: Cloud Tasks' header: the id of the task's queue. Cloud Tasks overwrites it if the task's creator has set it.
QUEUE_NAME = "X-CloudTasks-QueueName"


@dataclass
class Deployed:
    """One instance's connections; thread-safe. ``step_failed`` is called for each step that finally fails here."""

    settings: CloudSettings
    step_failed: Hear | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def queue(self) -> "CloudTasksQueue":
        """The queue, connected on first use."""
        with self._lock:
            return self._queue

    @property
    def engine(self) -> Engine:
        """The engine, made on first use."""
        with self._lock:
            return self._engine

    @property
    def verifier(self) -> Verifier | None:
        """Checks the callers' tokens; None: only the platform does."""
        with self._lock:
            return self._verifier

    def notice(self, job_name: str, *, at_once: bool = False) -> bool:
        """Schedule a check of a job that may have ended. False, without any effect, if it is not one of our jobs."""
        prefix = self.settings.job_prefix
        if parse_job_name(job_name, prefix) is None:
            return False
        if at_once:
            return notice(self.queue, job_name, 0.0, prefix, EVENT, SIGNALS)
        return notice(self.queue, job_name, time.time() + self.settings.signal_delay, prefix, queue_name=SIGNALS)

    def queue_of(self, headers: Headers) -> str:
        """The queue of a task, from the header that names it. Raises ForbiddenError if it is not one of ours.

        The creator of a task cannot set that header, but a caller other than Cloud Tasks can: so the token, which the
        platform or ``verifier`` has checked, must be that of the account for the queue's tasks.
        """
        told, name = self.settings, headers.get(QUEUE_NAME, "")
        queues = {told.signals: SIGNALS, told.launches: LAUNCHES, told.notices: NOTICES, told.checks: CHECKS}
        if name not in queues:
            came = f"names {name[:100]!r}" if name else "is missing"
            raise ForbiddenError(
                f"expected a call from the queue {' or '.join(queues)}: the header {QUEUE_NAME} {came}"
            )
        account = claimed(headers)
        if account == told.signals_account != told.task_account and queues[name] != SIGNALS:
            raise ForbiddenError(f"the token of {account} is not accepted for the queue {name}")
        return queues[name]

    def deliver(self, effect: Effect, body: bytes, queue: str) -> Run | None:
        """Perform a task, or put it on the queue again if it is due in days. ``effect`` is parsed from ``body``.

        Returns the run if the task was to end it and it has ended, also if the task is delivered again; but not a run
        that is the job of another run's step.
        """
        from orchestrator.engine.queue_permissions import misplaced
        from orchestrator.queues.cloud_tasks import hop

        if (said := misplaced(queue, effect)) is not None:
            raise UsageError(said)
        try:
            onward = hop(body, time.time())
        except ValueError as error:
            raise UsageError(str(error)) from error
        if onward is not None:
            if onward.queue != queue or queue == SIGNALS:
                raise UsageError(f"a delayed task of the queue {queue} cannot be put on the queue {onward.queue}")
            self.queue.put([onward])
            return None
        self.engine.perform(effect)
        run = self.engine.ledger.store.get_run(effect.run) if isinstance(effect, Finish) else None
        return run if run is not None and run.status is not RunStatus.RUNNING and run.parent is None else None

    def names(self, effect: Effect) -> dict[str, str]:
        """The id of the run and the name of the step of a task, as far as they are known."""
        try:
            execution = self.engine.ledger.known(effect.run)
        except OrchestratorError:
            return {}
        plan = execution.plan
        node = getattr(effect, "node", len(plan.nodes))
        return {"run": execution.run.id, "step": plan.steps[node].name if node in range(len(plan.steps)) else ""}

    def start(
        self,
        graph: str,
        run_id: str | None,
        params: Mapping[str, object],
        headers: Headers,
        due: datetime | None = None,
    ) -> tuple[Run, bool]:
        """Start a run of a deployed graph. Returns the run, and whether it is new.

        ``headers``: those of the request. ``due``: when a schedule's start was due, which is then the meaning of
        ``today`` and ``now``. Raises UsageError for an invalid request, and UnauthenticatedError or ForbiddenError if
        the caller may not start that graph.
        """
        from orchestrator.definition.catalog import graphs
        from orchestrator.definition.load import load_graph
        from orchestrator.definition.run_request import run_request

        starters = Starters(self.settings.starters, self.settings.scheduler_account)
        starters.check(headers, graph, None)  # before the graph is read, which may run its code
        known = graphs(self.settings.folder)
        if graph not in known:
            there = ", ".join(sorted(known)) or "none"
            raise NotFoundError(f"no deployed graph is called '{graph}': there are {there}")
        loaded = load_graph(known[graph])
        rehearsed = self.settings.dataflow_endpoint is not None
        if not (loaded.deploy or rehearsed):  # its params may choose code, which must run with the caller's own rights
            raise NotFoundError(f"the graph '{graph}' says deploy: false, so it runs on one machine only")
        starters.check(headers, graph, loaded.schedule is not None)
        wanted = run_request(loaded, known[graph], run_id, params, time.time(), due)
        run = replace(wanted.run(time.time()), seal=token_hex(16))  # others can put tasks on these queues
        found = self.engine.start(run, loaded.compile(), lambda there: wanted.check_same(there, in_cloud=True))
        return found, found.key == run.key

    def sweep(self, unreadable: Unreadable, doubtful: Callable[[Run, str], None]) -> Round:
        """Sweep all runs that have not ended, or as many as there is time for.

        ``unreadable`` is called for each document that cannot be read, and the sweep goes on. ``doubtful`` is called
        for each inconsistency in a run.
        """
        return Round(self.engine, self._store, self.settings.sweep_for, unreadable, doubtful)

    def missed_starts(self) -> "list[MissedStart]":
        """Have told which starts of schedules were due and did not happen. Returns those found now."""
        if not self.settings.schedules or self._receivers is None:
            return []
        from orchestrator.cloud.missed_starts import look

        return look(self.engine, self._store, self.settings.schedules, time.time())

    def close(self) -> None:
        """Close all connections."""
        connected = vars(self)
        if "_engine" in connected:
            self._dataflow.close()
            self._store.close()
        if "_queue" in connected:
            self._queue.close()

    @cached_property
    def _verifier(self) -> Verifier | None:
        asked = self.settings
        return Verifier(asked.verify_audience, asked.verify_accounts) if asked.verify_audience else None

    @cached_property
    def _queue(self) -> "CloudTasksQueue":
        from orchestrator.queues.cloud_tasks import CloudTasksConfig, connect

        settings = self.settings
        config = CloudTasksConfig(
            project=settings.project,
            location=settings.region,
            queues={
                LAUNCHES: settings.launches,
                CHECKS: settings.checks,
                SIGNALS: settings.signals,
                NOTICES: settings.notices,
            },
            url=settings.task_url,
            audience=settings.task_audience,
            service_account=settings.task_account,
            accounts={SIGNALS: settings.signals_account},
        )
        return connect(config, settings.tasks_endpoint)

    @cached_property
    def _store(self) -> "FirestoreStore":
        from orchestrator.stores.firestore.store import connect

        return connect(self.settings.project, self.settings.database, self.settings.retention)

    @cached_property
    def _dataflow(self) -> "DataflowBackend":
        from orchestrator.jobs.dataflow.backend import DRAIN_FOR, DataflowBackend

        settings = self.settings
        return DataflowBackend(
            settings.project,
            settings.region,
            api_endpoint=settings.dataflow_endpoint,
            defaults=settings.job_options,
            drain_for=DRAIN_FOR,
        )

    @cached_property
    def _receivers(self) -> "Notifier | None":
        """Those who are notified; None if there are none, so that nothing of this is imported."""
        if not self.settings.notify:
            return None
        from orchestrator.receivers.notifier import Notifier
        from orchestrator.receivers.topic import Topics

        source = f"/orchestrator/{self.settings.project}/{self.settings.job_prefix or self.settings.database}"
        return Notifier(self.settings.notify, source, publish=Topics(self.settings.pubsub_endpoint).publish)

    @property
    def _rerun_flags(self) -> str:
        """The options by which ``rerun`` finds this deployment, as far as the name of its database tells."""
        named = self.settings.database.removeprefix("orchestrator-")
        environment = f" --environment {named}" if named not in ("prod", "(default)") else ""
        return f" --project {self.settings.project} --region {self.settings.region}{environment}"

    @cached_property
    def _engine(self) -> Engine:
        from orchestrator.jobs.anywhere import anywhere
        from orchestrator.jobs.call import CallBackend

        backends: dict[str, JobBackend] = {
            **anywhere(time.time),
            DATAFLOW.key: self._dataflow,
            CALL.key: CallBackend(time.time),
        }
        engine = Engine(
            Ledger(
                self._store,
                self.queue,
                backends,
                time.time,
                launch_lease=self.settings.launch_lease,
                launch_margin=self.settings.launch_margin,
                signal_delay=self.settings.signal_delay,
                job_prefix=self.settings.job_prefix,
                facts=lambda run: facts_of(run) | {"deployment": dict(self.settings.values)},
                retention=inf if self.settings.retention is None else self.settings.retention,
                step_failed=self.step_failed,
                pools=self.settings.pools,
                receivers=self._receivers,
                flags=f" --store 'firestore://{self.settings.project}/{self.settings.database}'",
                rerun_flags=self._rerun_flags,
                quotable=quotable,
            )
        )
        backends[GRAPH.key] = backends[MAP.key] = RunBackend(engine, _params)
        return engine


def _params(params: Sequence["Param"], given: Mapping[str, object], now: datetime) -> Mapping[str, Json]:
    """The params of a run that is a step's job. What reads them is only imported when there is such a run."""
    from orchestrator.definition.params import resolve

    return resolve(params, given, now)
