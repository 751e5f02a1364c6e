"""The engine: read, decide, commit, pay. The only corridor between the machine and the world; it decides nothing.

Every handler ends in ``pay``: what the state owes goes onto the queue *after* the commit. A handler returns only when
everything it owed is paid; if it raises, the queue delivers the task again and the same lines pay. A commit that was
refused is no proof that somebody else has paid, so then the state is read and paid again (``roll_forward``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import assert_never

from orchestrator.core import machine
from orchestrator.core.messages import SIGNAL, Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.model import (
    Event,
    JobEnded,
    JobLaunched,
    LaunchClaimed,
    Outcome,
    Run,
    RunStatus,
    Status,
    StepSettled,
    StepState,
    Transition,
    View,
)
from orchestrator.core.names import JobRef, job_name, parse_job_name
from orchestrator.core.plan import Plan
from orchestrator.core.steps import NO_JOB, Json, Step, Work
from orchestrator.definition import expressions
from orchestrator.errors import BackendError, LaunchRefusedError, NotFoundError, UsageError
from orchestrator.ports import (
    CHECKS,
    LAUNCHES,
    Clock,
    JobBackend,
    JobOver,
    JobRequest,
    JobRunning,
    Queue,
    Store,
    Task,
)

#: Kinds that use no resource, so that no limit on launches holds them back.
FREE = frozenset({NO_JOB, "wait"})

#: Seconds between the looks at a job that is past its time-out and was asked to stop.
GRACE = 10.0

#: Seconds by which two clocks may differ.
SKEW = 30.0

#: How many looks one signal is worth; after them the watchdog is enough.
SIGNAL_LOOKS = 6


@dataclass
class Engine:
    """One engine serves any number of runs, from any number of threads and processes at once.

    ``stand_ins``: run each step's ``local`` block where it has one. ``launch_lease``: for so many seconds after a claim
    nobody else launches that attempt; it must outlast a launch call where the backend cannot refuse a taken name.
    ``facts``: what ``{{ run.… }}`` may name.
    """

    store: Store
    queue: Queue
    backends: Mapping[str, JobBackend]
    clock: Clock
    stand_ins: bool = False
    launch_lease: float = 0.0
    signal_delay: float = 30.0
    facts: Callable[[Run], Mapping[str, Json]] = lambda run: {"id": run.id, "started_at": run.started_at}
    _runs: dict[str, tuple[Run, Plan]] = field(default_factory=dict)

    # What the world asks for.

    def start(self, run: Run, plan: Plan) -> bool:
        """Start a run, or continue the start of the one that has this id. True if it is new."""
        created = self.store.open_run(run, plan)
        if not created:
            run, plan = self._known(run.key, expected=run.id)
        view = View() if created else self.store.load(run.key, plan.roots, ())
        self.pay(plan, run.key, view, plan.roots)
        return created

    def signal(self, name: str) -> bool:
        """Somebody says that the job ``name`` may have ended: go and look, a little later. False if it is not ours."""
        ref = parse_job_name(name)
        if ref is None:
            return False
        look = Check(ref.run, ref.node, ref.attempt, SIGNAL, due=self.clock() + self.signal_delay)
        self.queue.put([Task(look.name, CHECKS, look)])
        return True

    def perform(self, effect: Effect) -> None:
        """Do what a task asks for. Returns when everything that follows from it is on the queue."""
        run, plan = self._known(effect.run)
        match effect:
            case Launch():
                self._launch(run, plan, effect)
            case Check():
                self._check(run, plan, effect)
            case Skip(node=node):
                self._settle(run, plan, node, machine.settled(plan, node, self._door(run, plan, node), self.clock()))
            case Pass(node=node):
                self._settle(run, plan, node, machine.passed(plan, node, self._door(run, plan, node), self.clock()))
            case Finish():
                status = machine.run_status(plan, self._door(run, plan, plan.end))
                if status is not RunStatus.RUNNING:
                    self.store.end_run(run.key, status, self.clock())
            case _:
                assert_never(effect)

    def handle(self, run: Run, plan: Plan, node: int, event: Event) -> None:
        """An event happened at a node: commit what it changes, and pay what is owed then."""
        commit = self.store.transact(run.key, node, partial(_evolve, plan, node, event))
        if not commit.applied:
            self.roll_forward(run, plan, node)
            return
        view = View({node: commit.state}, commit.counters)
        self.pay(plan, run.key, view, plan.successors(node) if commit.state.status.final else (node,))

    def sweep(self, key: str, epoch: str) -> int:
        """Pay whatever a run still owes, and look at all its jobs now. Returns how many tasks that took.

        The names carry ``epoch``: a task that was given up keeps its name, and paying it again under that name would
        do nothing. So every sweep of a run needs an epoch of its own.
        """
        run, plan = self._known(key)
        stored = self.store.get_run(key)
        if stored is None or stored.status is not RunStatus.RUNNING:
            return 0
        tasks = []
        for effect in machine.owed(plan, run.key, self.store.load_all(key), range(len(plan.nodes))):
            if isinstance(effect, Check):
                look = replace(effect, chain=f"sweep{epoch}", due=0.0)
                tasks.append(Task(look.name, CHECKS, look))
            else:
                tasks.append(Task(f"{effect.name}-sweep{epoch}", self._lane(plan, effect), effect))
        self.queue.put(tasks)
        return len(tasks)

    def roll_forward(self, run: Run, plan: Plan, node: int) -> None:
        """A node's event changed nothing: whoever changed it may have died before paying. Pay what it owes now."""
        nodes = {node, *plan.successors(node)}
        doors = {plan.nodes[number].join for number in nodes}
        only = {join.only for number in doors if number is not None and (join := plan.joins[number]).only is not None}
        counters = [number for number in doors if number is not None and plan.joins[number].only is None]
        view = self.store.load(run.key, nodes | {number for number in only if number is not None}, counters)
        self.pay(plan, run.key, view, sorted(nodes))

    def pay(self, plan: Plan, key: str, view: View, nodes: Iterable[int]) -> None:
        """Put what is owed at ``nodes`` on the queue."""
        effects = machine.owed(plan, key, view, nodes)
        tasks = [Task(effect.name, self._lane(plan, effect), effect) for effect in effects]
        if tasks:
            self.queue.put(tasks)

    # Launching, exactly once: claim, then launch, then record. What may have been launched is looked for first.

    def _launch(self, run: Run, plan: Plan, effect: Launch) -> None:
        step, node = plan.steps[effect.node], effect.node
        work = self.work(step)
        try:
            if step.when is not None and effect.attempt == 1 and not self._holds(run, plan, step.when):
                return self.handle(run, plan, node, StepSettled(Status.SKIPPED, self.clock(), cause="when"))
            if work.kind == NO_JOB:
                return self.handle(run, plan, node, StepSettled(Status.SUCCEEDED, self.clock()))
            spec = self._render(run, plan, work.spec)
        except expressions.ExpressionError as error:
            return self._refuse(run, plan, effect, str(error), "expression")
        name = job_name(step.job_name or step.name, JobRef(run.key, node, effect.attempt))
        claimed = self._claim(run, plan, effect, name)
        if claimed is None:
            return self.roll_forward(run, plan, node)
        request = JobRequest(run, node, step.name, effect.attempt, name, work.kind, spec)
        try:
            backend = self._backend(work.kind)
            job = (None if claimed else backend.find(request)) or backend.launch(request)
        except LaunchRefusedError as error:
            return self.handle(run, plan, node, _hopeless(effect, str(error), "refused", self.clock()))
        return self.handle(run, plan, node, JobLaunched(effect.attempt, job.job, self.clock(), job.due))

    def _claim(self, run: Run, plan: Plan, effect: Launch, name: str) -> bool | None:
        """True: this call claimed the attempt. False: it was claimed before, and not launched yet. None: too late."""
        event = LaunchClaimed(effect.attempt, name, self.clock())
        commit = self.store.transact(run.key, effect.node, partial(_evolve, plan, effect.node, event))
        if commit.applied:
            return True
        state = commit.state
        if state.status is not Status.LAUNCHING or state.attempt != effect.attempt:
            return None
        if self.launch_lease:
            event = replace(event, over=state.claimed_at)
            fresh = event.at < (state.claimed_at or 0.0) + self.launch_lease
            if fresh or not self._take_over(run, plan, effect, event):
                by = f"another delivery claimed {state.job_name}"
                raise BackendError(f"{by} and may be launching it: try again later")
        return False

    def _take_over(self, run: Run, plan: Plan, effect: Launch, event: LaunchClaimed) -> bool:
        """Begin the lease anew, for one of those who found that it ran out: two of them might launch two jobs."""
        return self.store.transact(run.key, effect.node, partial(_evolve, plan, effect.node, event)).applied

    def _refuse(self, run: Run, plan: Plan, effect: Launch, error: str, cause: str) -> None:
        """The attempt cannot be launched, now or ever: it fails, and its step with it."""
        name = job_name(plan.steps[effect.node].name, JobRef(run.key, effect.node, effect.attempt))
        if self._claim(run, plan, effect, name) is None:
            return self.roll_forward(run, plan, effect.node)
        return self.handle(run, plan, effect.node, _hopeless(effect, error, cause, self.clock()))

    # Checking: the job's real state decides, whatever a signal said.

    def _check(self, run: Run, plan: Plan, look: Check) -> None:
        state = self.store.load(run.key, (look.node,), ()).state(look.node)
        if state.attempt != look.attempt or not state.status.active:
            return self.roll_forward(run, plan, look.node)
        if state.job is None:  # its launch is being recorded, or will be delivered again
            return self._look_again(plan, look, state)
        backend = self._backend(self.work(plan.steps[look.node]).kind)
        match backend.status(state.job):
            case JobOver() as over:
                return self.handle(run, plan, look.node, _ended(plan.steps[look.node], state, over))
            case JobRunning():
                if self.clock() >= _deadline(plan.steps[look.node], state):
                    backend.cancel(state.job)
                return self._look_again(plan, look, state)
            case never:
                assert_never(never)

    def _look_again(self, plan: Plan, look: Check, state: StepState) -> None:
        """Schedule the next look under a new name; the name of this one is taken."""
        step, now = plan.steps[look.node], self.clock()
        if look.chain == SIGNAL:
            if look.look + 1 >= SIGNAL_LOOKS:
                return
            wait = step.check.delay * 2**look.look
        else:
            left = _deadline(step, state) - now
            wait = min(step.check.every, left if left > 0 else GRACE)
        following = look.next(due=now + wait)
        self.queue.put([Task(following.name, CHECKS, following)])

    # Small things.

    def work(self, step: Step) -> Work:
        """What a step runs here: its own work, or what stands in for it."""
        return step.local if self.stand_ins and step.local is not None else step.work

    def _settle(self, run: Run, plan: Plan, node: int, event: Event | None) -> None:
        if event is None:
            self.roll_forward(run, plan, node)
        else:
            self.handle(run, plan, node, event)

    def _door(self, run: Run, plan: Plan, node: int) -> View:
        """What must be read to judge the join at a node's door."""
        number = plan.nodes[node].join
        if number is None:
            return View()
        only = plan.joins[number].only
        return self.store.load(run.key, () if only is None else (only,), (number,) if only is None else ())

    def _holds(self, run: Run, plan: Plan, when: str) -> bool:
        return expressions.holds(when, self._context(run, plan, expressions.references(when)))

    def _render(self, run: Run, plan: Plan, spec: Mapping[str, Json]) -> Mapping[str, Json]:
        context = self._context(run, plan, expressions.references(spec))
        return {key: expressions.render(value, context) for key, value in spec.items()}

    def _context(self, run: Run, plan: Plan, names: Iterable[str]) -> dict[str, Json]:
        """What expressions may name: params, the run, and the upstream steps among ``names``."""
        numbers = {name: plan.numbers[name] for name in names}
        view = self.store.load(run.key, tuple(numbers.values()), ()) if numbers else View()
        steps: dict[str, Json] = {}
        for name, number in numbers.items():
            state = view.state(number)
            steps[name] = {"status": str(state.status), "outputs": dict(state.outputs or {})}
        return {"params": dict(run.params), "run": dict(self.facts(run)), "steps": steps}

    def _lane(self, plan: Plan, effect: Effect) -> str:
        launches = isinstance(effect, Launch) and self.work(plan.steps[effect.node]).kind not in FREE
        return LAUNCHES if launches else CHECKS

    def _backend(self, kind: str) -> JobBackend:
        try:
            return self.backends[kind]
        except KeyError:
            raise LaunchRefusedError(f"no job of kind '{kind}' can run here") from None

    def _known(self, key: str, expected: str | None = None) -> tuple[Run, Plan]:
        """The run and its plan; neither the plan nor the parameters of a run ever change, so they are kept."""
        if key not in self._runs:
            run = self.store.get_run(key)
            plan = self.store.get_plan(run.version) if run else None
            if run is None or plan is None:
                raise NotFoundError(f"no run has the key '{key}'")
            self._runs[key] = run, plan
        run, plan = self._runs[key]
        if expected is not None and run.id != expected:
            raise UsageError(f"the run id '{expected}' has the same key as the run '{run.id}': choose another id")
        return run, plan


def _evolve(plan: Plan, node: int, event: Event, state: StepState) -> Transition | None:
    return machine.evolve(plan, node, state, event)


def _deadline(step: Step, state: StepState) -> float:
    if step.timeout is None or state.started_at is None:
        return float("inf")
    return state.started_at + step.timeout


def _hopeless(effect: Launch, error: str, cause: str, at: float) -> JobEnded:
    return JobEnded(effect.attempt, Outcome.FAILED, at, error=error, cause=cause, hopeless=True)


def _ended(step: Step, state: StepState, over: JobOver) -> JobEnded:
    """The end of a job as an event. What we stopped because its time was up has failed, not been cancelled.

    Whoever stopped it may have had a faster clock than the service, so that it seems to have ended too early.
    """
    late = over.at - _deadline(step, state)
    if late >= {Outcome.FAILED: 0.0, Outcome.CANCELLED: -SKEW}.get(over.outcome, float("inf")):
        error = f"took longer than its timeout of {step.timeout:g} s, and was stopped"
        return JobEnded(state.attempt, Outcome.FAILED, over.at, error=error, cause="timeout")
    return JobEnded(state.attempt, over.outcome, over.at, over.outputs, over.error, over.cause, over.hopeless)
