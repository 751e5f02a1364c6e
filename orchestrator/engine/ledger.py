"""Commits what an event changes, then pays what is owed. Every handler ends here; the state machine decides both.

"Paying" means putting effects onto the queue, *after* the commit. A handler returns only when everything owed is paid;
if it raises, the queue delivers the task again, and the same code pays. A refused commit does not prove that somebody
else has paid, so in that case the state is read and what it owes is paid again (``roll_forward``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import chain
from math import inf

from orchestrator.core import kept_steps, machine
from orchestrator.core.announcing import Failure, announcements
from orchestrator.core.deadlines import too_slow
from orchestrator.core.events import Event
from orchestrator.core.kinds import kind_of
from orchestrator.core.mapped import mapped
from orchestrator.core.messages import Effect, Launch
from orchestrator.core.model import MARKED, Run, RunStatus, Status, StepState, View
from orchestrator.core.names import ref_in
from orchestrator.core.plan import Plan
from orchestrator.core.pools import NO_MOVES, graph_with, pool_of_graph, pool_of_run, rank_of, run_with, usable
from orchestrator.core.steps import NO_JOB, Step, Work
from orchestrator.engine.cache import Remembered, weight_of_plan, weight_of_run
from orchestrator.engine.check_times import SIGNAL_DELAYS
from orchestrator.engine.execution import Execution
from orchestrator.engine.pool_line import look, may_have_given
from orchestrator.engine.rendering import Facts, facts_of
from orchestrator.errors import LaunchRefusedError, NotFoundError
from orchestrator.ports import CHECKS, LAUNCHES, Clock, Commit, JobBackend, Queue, Receivers, Store, Task

#: The most runs and plans that an engine caches, and the most bytes of them. A plan of 13,000 steps takes about 20 MiB.
#: The params of a run may have a megabyte of text, and take up to 24 times that in memory; an instance has 512 MiB.
_RUNS, _RUNS_BYTES = 256, 32 * 2**20
_PLANS, _PLANS_BYTES = 8, 96 * 2**20

#: A step that has failed, whatever becomes of it.
_FAILED = (Status.FAILED, Status.NEEDS_ATTENTION)

#: Called with a step that has failed and will not be retried.
Hear = Callable[[Run, Step, StepState], None]


#: A step's failure as a notification may quote it: the values of params may have to be left out.
Quotable = Callable[[Run, Step, Failure], Failure]


def _as_it_is(_run: Run, _step: Step, failure: Failure) -> Failure:
    return failure


@dataclass
class Ledger:
    """The ports that an engine uses, its settings, and how it commits changes.

    ``stand_ins``: run a step's ``local`` block instead of its own work, if it has one.
    ``launch_lease``: how many seconds a claim keeps others from launching the attempt. It must be longer than a launch
    call takes, where the backend does not refuse a name that is in use.
    ``launch_margin``: no launch is sent in the last seconds of the lease, this many, because sending takes time, others
    see the job later, and clocks may be wrong.
    ``signal_delay``: seconds from a signal to the first check. ``clock_skew``: how many seconds a clock may be wrong.
    ``facts``: what ``{{ run.… }}`` may name. ``job_prefix``: how the names of jobs begin (core/names.py).
    ``alone``: no other process launches jobs or creates tasks for the runs of this engine.
    ``retention``: for how many seconds after its end a run is kept complete.
    ``step_failed``: called once for each step that fails and will not be retried: after the commit, by the process that
    made it, before anything is paid. If the response to that commit is lost, it is not called at all.
    ``pools``: how many places each pool has. ``reap``: called with a full pool, to free places of what is over.
    ``receivers``: those who are notified. ``flags``: what is added to the commands that a notification tells, so that
    they find the run; ``rerun_flags``: the same for 'rerun', if that differs.
    ``quotable``: a step's failure as a notification may quote it.
    ``apart``: users' code runs inside this context, never inside a transaction of the store: it may take long, and
    others wait for the store's lock.
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
    pools: Mapping[str, int] = field(default_factory=dict)
    reap: Callable[[str], object] = lambda _pool: None
    apart: Callable[[], AbstractContextManager[None]] = nullcontext
    receivers: Receivers | None = None
    flags: str = ""
    rerun_flags: str | None = None
    quotable: Quotable = _as_it_is

    def __post_init__(self) -> None:
        # Plans, and the params of a run, never change, so they can be cached.
        self._begun = set[str]()
        self._runs = Remembered(self._read_run, weight_of_run, _RUNS, _RUNS_BYTES)
        self._plans = Remembered(self._read_plan, weight_of_plan, _PLANS, _PLANS_BYTES)
        self._reruns = Remembered(self._plan_of_rerun, weight_of_plan, _PLANS, _PLANS_BYTES)

    def commit(self, execution: Execution, node: int, event: Event) -> Commit:
        """Commit what an event changes, and pay nothing."""
        plan = execution.plan
        return self.store.transact(execution.run.key, node, lambda state: machine.evolve(plan, node, state, event))

    def handle(self, execution: Execution, node: int, event: Event) -> None:
        """Commit what an event changes at a node, and pay what is owed after that."""
        self.follow(execution, node, self.commit(execution, node, event))

    def follow(self, execution: Execution, node: int, commit: Commit, *, by_itself: bool = True) -> None:
        """Pay what is owed after a commit, whether it was applied or not.

        The launch of a step with ``control``, or that stood in line, has been delivered: what its join decides is owed
        again.
        ``by_itself``: the commit is not what a person requested.
        """
        launched = commit.state.control is not None or commit.moves.leaves is not None
        ready = launched and commit.state.status is Status.PENDING
        if ready or not commit.applied:
            self.roll_forward(execution, node)
            return
        failed = by_itself and commit.state.status in _FAILED and commit.state.cause != MARKED
        if failed and self.step_failed is not None:
            self.step_failed(execution.run, execution.plan.steps[node], commit.state)
        view = View({node: commit.state}, commit.counters)
        stopped = commit.state.stop is not None  # then its job may be running although the step has ended
        arrives = commit.state.status.final or commit.state.passed is not None
        behind = execution.plan.successors(node) if arrives else ()
        both = stopped or not behind or execution.run.notify
        self.pay(execution, view, (node, *behind) if both else behind)
        if commit.moves is not NO_MOVES:
            self.give(Launch(execution.run.key, node, max(commit.state.attempt, 1)), commit.moves.gives)

    def roll_forward(self, execution: Execution, *changed: int) -> None:
        """Pay what nodes owe now. For events that changed nothing: whoever made the change may not have paid."""
        nodes = {*changed, *(behind for node in changed for behind in execution.plan.successors(node))}
        view = self.joins(execution, nodes, also=nodes)
        self.pay(execution, view, sorted(nodes))
        for node in changed if self.pools or execution.run.max_parallel is not None else ():
            if node < len(execution.plan.steps) and may_have_given(state := view.state(node)):
                gone = Launch(execution.run.key, node, max(state.attempt, 1))
                self.give(gone, self.pools_of(execution, node), again=True)

    def give(self, by: Launch, pools: Iterable[str], *, again: bool = False) -> None:
        """Let others have a turn in ``pools``, in which an attempt freed a place, or left the line.

        ``again``: perhaps others had their turn already. Then each is woken once for it: in a slow queue, a step is
        delivered many times after its end, and would wake others each time, who do the same after theirs.
        """
        when = "again" if again else f"{round(1000 * self.clock()):x}"
        for pool in pools:
            if (size := self.size_of(pool, by.run)) is not None:
                look(self.store, self.queue, pool, size, f"{by.run}-{by.node:x}-{by.attempt}-{when}")

    def pay(self, execution: Execution, view: View, nodes: Iterable[int]) -> None:
        """Put onto the queue what is owed at ``nodes``."""
        run, plan = execution.run, execution.plan
        if run.notify or run.typical:
            nodes = tuple(nodes)
        effects: Iterable[Effect] = machine.owed(plan, run.key, view, nodes)
        if plan.prioritised:
            effects = machine.urgent_first(plan, effects)
        if run.seal:
            effects = sealed(effects, run.seal)
        if run.notify:
            effects = chain(effects, announcements(run, plan, view, nodes))
        if run.typical:
            effects = chain(effects, too_slow(run, plan, view, nodes))
        if tasks := self._tasks(plan, effects):
            self.queue.put(tasks)

    def _tasks(self, plan: Plan, effects: Iterable[Effect]) -> list[Task]:
        """The tasks of ``effects``, with the first launch of a released step also under the name it had before.

        Whoever comes to the step's join later pays under that name. If it was still free, and the step's document
        deleted, the step would begin again.
        """
        tasks = []
        for effect in effects:  # a step costs no call more for it
            tasks.append(Task(effect.name, self.queue_of(plan, effect), effect))
            if isinstance(effect, Launch) and effect.releases and effect.attempt == 1:
                first = replace(effect, releases=0)
                tasks.append(Task(first.name, self.queue_of(plan, first), first))
        return tasks

    def join(self, execution: Execution, node: int) -> View:
        """Load what decides a node's join."""
        return self.joins(execution, (node,), also=())

    def work(self, step: Step) -> Work:
        """What a step runs here: its own work, or its ``local`` block."""
        return step.local if self.stand_ins and step.local is not None else step.work

    def pools_of(self, execution: Execution, node: int) -> dict[str, int]:
        """The pools in which an attempt needs a place, and their sizes: the run's own first.

        So a step that its run does not let begin waits in that line, and not in one where others stand. The end of a
        run needs a place among the active runs of its graph.
        """
        run, plan = execution.run, execution.plan
        if node == plan.end:
            return {} if run.active_limit is None else self._of_graph(run.graph, run.active_limit)
        step = plan.steps[node]
        if self.work(step).kind == NO_JOB:
            return {}
        name = step.pool or kind_of(step.work).pool
        found = {} if run.max_parallel is None else {pool_of_run(run.key): run.max_parallel}
        if name is not None and (size := self.pools.get(name)) is not None:
            found[name] = size
        return found

    def _of_graph(self, graph: str, limit: int) -> dict[str, int]:
        """Places that a smaller limit of a newer version has taken away, and that runs still have, count too."""
        pool = pool_of_graph(graph)
        return {pool: usable(limit, (occupant.place.number for occupant in self.store.occupants(pool)))}

    def size_of(self, pool: str, run: str) -> int | None:
        """How many places a pool has, as far as ``run``, by its key, knows; None if there is no such pool."""
        if graph_with(pool) is not None:
            return self.known(run).run.active_limit
        key = run_with(pool)
        return self.pools.get(pool) if key is None else self.known(key).run.max_parallel

    def rank(self, execution: Execution, node: int, since: float) -> str:
        """Where a node would stand in line if it came at ``since``. Runs stand in the order in which they started."""
        plan, who = execution.plan, f"{execution.run.key}-{node}"
        if node == plan.end:
            return rank_of(0, 0, execution.run.started_at, who)
        step = plan.steps[node]
        return rank_of(step.priority, plan.hops[step.name], since, who)

    def has_begun(self, execution: Execution) -> bool:
        """Whether a run has a place among the active runs of its graph, or needs none. Then it keeps it to its end.

        One that was cancelled after it had begun needs none for its teardowns.
        """
        run, end = execution.run, execution.plan.end
        if run.active_limit is None or run.key in self._begun:
            return True
        state = self.store.load(run.key, (end,), ()).state(end)
        if state.status is Status.LAUNCHING:
            if len(self._begun) >= _RUNS:
                self._begun.clear()
            self._begun.add(run.key)
        return not waits_to_begin(run, state)

    def backend(self, kind: str) -> JobBackend:
        """The backend for jobs of this kind. Raises LaunchRefusedError if there is none."""
        try:
            return self.backends[kind]
        except KeyError:
            raise LaunchRefusedError(f"no job of kind '{kind}' can run here") from None

    def queue_of(self, plan: Plan, effect: Effect) -> str:
        """The name of the queue that an effect goes to."""
        launches = (
            isinstance(effect, Launch)
            and effect.node < len(plan.steps)
            and kind_of(self.work(plan.steps[effect.node])).launch_slot
        )
        return LAUNCHES if launches else CHECKS

    def known(self, key: str) -> Execution:
        """The run with this key, as it was when it started, and its plan, from the cache. Raises NotFoundError."""
        run = self._runs[key]
        if run.kept or run.mapped is not None:
            return self._derived(run)
        return Execution(run, self._plans[run.version])

    def with_plan(self, run: Run) -> Execution:
        """A run with its plan; only the plan is cached."""
        if run.kept or run.mapped is not None:
            return self._derived(run)
        return Execution(run, self._plans[run.version])

    def _derived(self, run: Run) -> Execution:
        """A run whose plan is not stored as it is."""
        plan = self._reruns[f"{run.version} {run.mapped or ''} {run.kept}"]
        outer = self.known(ref_in(run.parent).run) if run.mapped is not None and run.parent is not None else None
        return Execution(run, plan, outer)

    def expired(self, run: Run) -> bool:
        """Whether a run ended, perhaps so long ago that some of its records are deleted: their steps would run again.

        False, without reading anything, if the run started less than the retention period ago.
        """
        # Three clocks may be wrong: the one that timed the run's start may be ahead; the one that timed its end, from
        # which the retention counts, may be behind, and so may ours.
        if self.retention == inf or self.clock() < run.started_at + self.retention - 3 * self.clock_skew:
            return False
        stored = self.store.get_run(run.key)
        return stored is None or stored.status is not RunStatus.RUNNING

    def joins(self, execution: Execution, nodes: Iterable[int], also: Iterable[int]) -> View:
        """Load the joins of ``nodes`` and the states of ``also``. A join of one is the state of its predecessor."""
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

    def _plan_of_rerun(self, named: str) -> Plan:
        version, items, letters = named.rsplit(" ", 2)
        try:
            base = self._plans[version]
            return kept_steps.plan_of(mapped(base, int(items)) if items else base, letters)
        except ValueError as error:  # somebody has changed the run's record
            raise NotFoundError(f"no rerun can be made of the plan of version '{version}': {error}") from error


def waits_to_begin(run: Run, end: StepState) -> bool:
    """Whether a run has to wait for a place among the active runs of its graph. ``end``: the state of its end."""
    if run.active_limit is None or end.status.active or end.status is Status.SUCCEEDED:
        return False
    return end.stop is None or not end.attempt


def sealed(effects: Iterable[Effect], seal: str) -> Iterator[Effect]:
    """``effects``, with a proof added to each launch that it is owed (proof.py). Pass only effects that are owed."""
    return (effect.proved(seal) if isinstance(effect, Launch) else effect for effect in effects)
