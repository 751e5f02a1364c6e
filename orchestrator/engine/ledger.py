"""Commits what an event changes, then pays what is owed: the end of every handler. The machine decides both.

What the state owes goes onto the queue *after* the commit. A handler returns only when everything it owed is paid; if
it raises, the queue delivers the task again and the same lines pay. A commit that was refused is no proof that somebody
else has paid, so then the state is read and paid again (``roll_forward``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import inf

from orchestrator.core import machine
from orchestrator.core.events import Event
from orchestrator.core.kinds import kind_of
from orchestrator.core.messages import Effect, Launch
from orchestrator.core.model import Run, RunStatus, Status, StepState, View
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Step, Work
from orchestrator.engine.cache import Remembered, weight_of_plan, weight_of_run
from orchestrator.engine.check_times import SIGNAL_DELAYS
from orchestrator.engine.execution import Execution
from orchestrator.engine.rendering import Facts, facts_of
from orchestrator.errors import LaunchRefusedError, NotFoundError
from orchestrator.ports import CHECKS, LAUNCHES, Clock, Commit, JobBackend, Queue, Store, Task

#: How many runs, and how many plans, an engine remembers, and how many bytes of them. A plan of 13,000 steps takes some
#: 20 MiB, and the params of a run up to 24 times the megabyte that their text may take; an instance has 512 MiB.
_RUNS, _RUNS_BYTES = 256, 32 * 2**20
_PLANS, _PLANS_BYTES = 8, 96 * 2**20

#: Called with a step that has failed for good.
Hear = Callable[[Run, Step, StepState], None]


@dataclass
class Ledger:
    """The ports of one world, and how changes are committed there.

    ``stand_ins``: run each step's ``local`` block where it has one. ``launch_lease``: for so many seconds after a claim
    nobody else launches that attempt; it must outlast a launch call where the backend cannot refuse a taken name.
    ``launch_margin``: for so many seconds before the end of that no launch is sent any more, for it takes time to be
    sent, and to be seen by others, whose clocks may be wrong.
    ``signal_delay``: seconds from a signal to the first check. ``clock_skew``: seconds by which a clock may be wrong.
    ``facts``: what ``{{ run.… }}`` may name. ``job_prefix``: what the names of jobs begin with (core/names.py).
    ``alone``: nobody else launches for the runs that this engine serves, or puts tasks for them.
    ``retention``: seconds after its end for which the store keeps all of a run.
    ``step_failed``: called once for each step that fails for good, by whoever's commit was applied, before what follows
    is paid; not at all if the answer of that commit is lost.
    ``apart``: what users wrote is called within it, and never while the store has a transaction open: it may take its
    time, and others wait for the store's lock.
    """

    store: Store
    queue: Queue
    backends: Mapping[str, JobBackend]
    clock: Clock
    stand_ins: bool = False
    launch_lease: float = 0.0
    launch_margin: float = 0.0
    signal_delay: float = SIGNAL_DELAYS[0]
    clock_skew: float = 60.0
    facts: Facts = facts_of
    job_prefix: str = ""
    alone: bool = False
    retention: float = inf
    step_failed: Hear | None = None
    apart: Callable[[], AbstractContextManager[None]] = nullcontext

    def __post_init__(self) -> None:
        # Neither a plan nor the parameters of a run ever change, so they are remembered.
        self._runs = Remembered(self._read_run, weight_of_run, _RUNS, _RUNS_BYTES)
        self._plans = Remembered(self._read_plan, weight_of_plan, _PLANS, _PLANS_BYTES)

    def commit(self, execution: Execution, node: int, event: Event) -> Commit:
        """Commit what an event changes, without paying."""
        plan = execution.plan
        return self.store.transact(execution.run.key, node, lambda state: machine.evolve(plan, node, state, event))

    def handle(self, execution: Execution, node: int, event: Event) -> None:
        """An event happened at a node: commit what it changes, and pay what is owed then."""
        self.follow(execution, node, self.commit(execution, node, event))

    def follow(self, execution: Execution, node: int, commit: Commit) -> None:
        """Pay what is owed after a commit, whether it was applied or not."""
        if not commit.applied:
            self.roll_forward(execution, node)
            return
        if self.step_failed is not None and commit.state.status is Status.FAILED:
            self.step_failed(execution.run, execution.plan.steps[node], commit.state)
        view = View({node: commit.state}, commit.counters)
        stopped = commit.state.stop is not None  # its job may go on, though it has ended
        behind = execution.plan.successors(node) if commit.state.status.final else ()
        self.pay(execution, view, (node, *behind) if stopped or not behind else behind)

    def roll_forward(self, execution: Execution, node: int) -> None:
        """A node's event changed nothing: whoever changed it may have died before paying. Pay what it owes now."""
        nodes = {node, *execution.plan.successors(node)}
        self.pay(execution, self.joins(execution, nodes, also=nodes), sorted(nodes))

    def pay(self, execution: Execution, view: View, nodes: Iterable[int]) -> None:
        """Put what is owed at ``nodes`` on the queue."""
        effects = machine.owed(execution.plan, execution.run.key, view, nodes)
        if execution.run.seal:
            effects = sealed(effects, execution.run.seal)
        tasks = [Task(effect.name, self.queue_of(execution.plan, effect), effect) for effect in effects]
        if tasks:
            self.queue.put(tasks)

    def join(self, execution: Execution, node: int) -> View:
        """What must be read to judge a node's join."""
        return self.joins(execution, (node,), also=())

    def work(self, step: Step) -> Work:
        """What a step runs here: its own work, or its ``local`` block."""
        return step.local if self.stand_ins and step.local is not None else step.work

    def backend(self, kind: str) -> JobBackend:
        """The backend for jobs of this kind. Raises LaunchRefusedError if there is none."""
        try:
            return self.backends[kind]
        except KeyError:
            raise LaunchRefusedError(f"no job of kind '{kind}' can run here") from None

    def queue_of(self, plan: Plan, effect: Effect) -> str:
        """The name of the queue that an effect goes to."""
        launches = isinstance(effect, Launch) and kind_of(self.work(plan.steps[effect.node])).launch_slot
        return LAUNCHES if launches else CHECKS

    def known(self, key: str) -> Execution:
        """The run of that key, as it was when it started, and its plan. Raises NotFoundError."""
        run = self._runs[key]
        return Execution(run, self._plans[run.version])

    def with_plan(self, run: Run) -> Execution:
        """A run with its plan; only the plan is remembered."""
        return Execution(run, self._plans[run.version])

    def expired(self, run: Run) -> bool:
        """Whether a run has ended, perhaps so long ago that parts of it are gone: an absent step would run again.

        False, without a read, for a run that began less than the retention ago.
        """
        # Three clocks may be wrong: that of whoever started the run may be ahead; that of whoever ended it, from which
        # the retention counts, may be behind, and so may ours.
        if self.retention == inf or self.clock() < run.started_at + self.retention - 3 * self.clock_skew:
            return False
        stored = self.store.get_run(run.key)
        return stored is None or stored.status is not RunStatus.RUNNING

    def joins(self, execution: Execution, nodes: Iterable[int], also: Iterable[int]) -> View:
        """The joins of ``nodes``: counters, or states that stand for them; and the states of ``also``."""
        plan = execution.plan
        joins = {join for node in nodes if (join := plan.nodes[node].join) is not None}
        states = {only for join in joins if (only := plan.joins[join].only) is not None}
        counters = [join for join in joins if plan.joins[join].only is None]
        return self.store.load(execution.run.key, states.union(also), counters)

    def _read_run(self, key: str) -> Run:
        run = self.store.get_run(key)
        if run is None:
            raise NotFoundError(f"no run has the key '{key}'")
        return run

    def _read_plan(self, version: str) -> Plan:
        plan = self.store.get_plan(version)
        if plan is None:
            raise NotFoundError(f"no plan has the version '{version}'")
        return plan


def sealed(effects: Iterable[Effect], seal: str) -> Iterator[Effect]:
    """``effects``, which are owed: the launches among them with the proof of that (proving.py)."""
    return (effect.proved(seal) if isinstance(effect, Launch) else effect for effect in effects)
