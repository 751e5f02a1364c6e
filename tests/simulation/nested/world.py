"""A world of runs inside runs, by one seed: what may go wrong in it, and what must hold all the same."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from orchestrator.core import compiler, mapped
from orchestrator.core.events import StopRequested
from orchestrator.core.invariants import violations
from orchestrator.core.job_end import Outcome
from orchestrator.core.model import Run, RunStatus, Status, Stop
from orchestrator.core.names import ref_in, run_key
from orchestrator.core.overdue import Pace
from orchestrator.core.plan import Plan
from orchestrator.definition.params import resolve
from orchestrator.definition.reruns import kept_states
from orchestrator.engine import Engine
from orchestrator.engine.children import RunBackend
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError, OrchestratorError, QueueError, StoreError
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import JobRequest, KeptState, Task
from tests.simulation.loop import START, Crash, Loop
from tests.simulation.nested.again import AGAIN, Again
from tests.simulation.nested.ports import Shaky
from tests.simulation.nested.setting import SETS, Setting, WatchedStore
from tests.simulation.nested.tree import ALL_THAT_FAILED, Oracle, Tree, drawn

MACHINES = 3

#: Seconds of a claim, those in which its owner sends nothing, and between two rounds of sweeps.
LEASE, MARGIN, PERIOD = 200.0, 60.0, 300.0

#: What may go wrong besides the calls; a test asserts that each did.
OTHERS = (
    "task: twice",
    "task: late",
    "task: given up",
    "operator: cancels the run",
    "operator: cancels a step",
    "operator: marks a step",
    *SETS,
    *AGAIN,
)


class World:
    """``force``: how likely a call has a fault. ``frozen``: how likely it stands still for a while before.

    A handler that stands still may go on when its request has timed out, unless only a sweep could then repair it if it
    is killed. Without ``sweeps``, no task is given up.
    """

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.tree: Tree = drawn(random)
        self.force, self.frozen = random.choice([0.0, 0.01, 0.03]), random.choice([0.0, 0.02])
        self.sweeps = random.random() < 0.5
        self.faults: Counter[str] = Counter()
        self.failures: list[str] = []
        self.tries: Counter[str] = Counter()
        self.loop = Loop(random, outlives=self.frozen > 0 and (self.sweeps or not self.force))
        self.store = WatchedStore(self)
        self.jobs = ScriptedBackend(self._script, lambda: self.loop.now)
        self.taken: set[str] = set()
        self.pace = Pace()
        self.cancelled: float | None = None
        self.run = Run("r", run_key("r"), "top", self.tree.version, {}, START)
        self.plan = self.tree.plan()
        self.machines = [self._machine() for _ in range(MACHINES)]
        self.again, self.wishes = Again(Random(f"{seed} rerun")), [ALL_THAT_FAILED]
        self.kept: tuple[KeptState, ...] = ()
        self.marks = Random(f"{seed} marks")
        self.marked: int | None = None
        self.setting = Setting(self, Random(f"{seed} sets"))
        self._wide = random.choice([(compiler.WIDE, compiler.SPREAD), (2, 3), (3, 2)])

    def play(self) -> list[str]:
        """Until all has ended and nothing is left to do. Returns what is wrong.

        Small bounds make trees of gates of short lists.
        """
        bounds = compiler.WIDE, compiler.SPREAD
        compiler.WIDE, compiler.SPREAD = self._wide
        try:
            return self._play()
        finally:
            compiler.WIDE, compiler.SPREAD = bounds

    def _play(self) -> list[str]:
        self._start()
        if self.sweeps:
            self.loop.at(START + PERIOD, self._sweep)
        if self.random.random() < 0.5:
            self.loop.at(START + self.random.random() * 300.0, self._cancel)
        self.setting.begin()
        self._settle()
        if not self.failures and self.cancelled is None and self.again.wanted(self.tree):
            self._rerun()
        if not self.failures:
            self._judge()
        self.loop.stop()
        return self.failures

    def _settle(self) -> None:
        turns, begun = 0, self.loop.now
        while not self.failures and self.loop.turn():
            turns += 1
            self._look()
            if turns > 200_000 or self.loop.now > begun + 10 * 86_400.0:
                self.failures.append(f"no end after {turns} turns and {self.loop.now - begun:.0f} s")

    def _rerun(self) -> None:
        """Somebody runs the run again, from a step inside, or only that, or what has failed."""
        self._judge()
        if self.failures or (rerun := self.again.planned(self.store, self.run, self.plan, self.loop.now)) is None:
            return
        self.count(f"operator: {self.again.what}")
        self.wishes.append(self.again.selection)
        self.run, self.kept = rerun.run, tuple(kept_states(self.store, rerun))
        self._start()
        if self.sweeps:
            self.loop.at(self.loop.now + PERIOD, self._sweep)
        self._settle()

    @property
    def runs(self) -> list[Run]:
        """All of them, the children too."""
        return list(self.store._runs.values())

    def count(self, fault: str) -> None:
        self.faults[fault] += 1

    def stands_still(self, call: str) -> float:
        """For how many seconds a handler stands still before this call. Before it opens a run, that does most harm."""
        if not self.frozen or self.random.random() >= self.frozen * (10 if call == "open_run" else 1):
            return 0.0
        return self.random.random() * (900.0 if call == "open_run" else 250.0)

    # What happens.

    def _machine(self) -> Engine:
        backends = {"job": Shaky(self, self.jobs, BackendError)}
        store, queue = Shaky(self, self.store, StoreError), Shaky(self, self, QueueError)
        ledger = Ledger(
            store, queue, backends, lambda: self.loop.now, launch_lease=LEASE, launch_margin=MARGIN
        )  # fmt: skip
        engine = Engine(ledger)
        backends["graph"] = backends["map"] = RunBackend(engine, resolve, lambda _: None)  # type: ignore[assignment]
        return engine

    def _script(self, request: JobRequest) -> Script:
        """A job of a step: its whole name says how often it was tried before."""
        path = self._path(request.run, request.step)
        self._unwanted(request.run, path)
        self.tries[path] += 1
        node = self.tree.find(path)
        failed = self.tries[path] <= node.fail(path)
        deaf = self.random.choice([0, 0, 1])
        return Script(node.seconds, Outcome.FAILED if failed else Outcome.SUCCEEDED, {"n": 1}, deaf=deaf)

    def _path(self, run: Run, step: str) -> str:
        while run.parent is not None:
            ref = ref_in(run.parent)
            parent = self.store.get_run(ref.run)
            assert parent is not None
            run, step = parent, f"{self._plan(parent).steps[ref.node].name}/{step}"
        return step

    def _unwanted(self, run: Run, path: str) -> None:
        """No job may begin in a run that has ended, or whose step has: unless somebody stood still for too long."""
        while not self.frozen:
            stored = self.store.get_run(run.key)
            if stored is None or stored.status is not RunStatus.RUNNING:
                self.failures.append(f"{path}: launched in run {run.id}, which has ended")
            if run.parent is None:
                return
            ref = ref_in(run.parent)
            state = self.store.load(ref.run, (ref.node,), ()).state(ref.node)
            if state.attempt != ref.attempt or state.status.final:
                self.failures.append(f"{path}: launched in {run.id}, whose step is {state.status} at {state.attempt}")
            parent = self.store.get_run(ref.run)
            assert parent is not None
            run = parent

    def put(self, tasks: Sequence[Task]) -> None:
        """The queue: a name is taken once. Some tasks come twice, late, or never."""
        for task in tasks:
            if task.name in self.taken:
                continue
            self.taken.add(task.name)
            wake = max(task.due, self.loop.now) + self.random.random()
            fault = self.random.random() if self.force else 1.0
            if fault < 0.01 and self.sweeps:
                self.count("task: given up")
                continue
            if fault < 0.05:
                self.count("task: late")
                wake += self.random.random() * 100.0
            self._deliver(task, wake)
            if 0.95 < fault < 1.0:
                self.count("task: twice")
                self._deliver(task, wake + self.random.choice([0.0, 0.0, 60.0]))

    def _deliver(self, task: Task, wake: float) -> None:
        def done(error: BaseException | None) -> None:
            if error is not None:
                self._deliver(task, self.loop.now + 1.0 + self.random.random() * 20.0)

        self._spawn(task.name, lambda engine: engine.perform(task.effect), done, wake)

    def _spawn(
        self, name: str, body: Callable[[Engine], object], done: Callable[[BaseException | None], None], wake: float
    ) -> None:
        number = self.random.randrange(MACHINES)

        def over(error: BaseException | None) -> None:
            if isinstance(error, Crash):
                self.machines[number] = self._machine()
            elif error is not None and not (isinstance(error, OrchestratorError) and error.retryable):
                self.failures.append(f"{name}: raised {error!r}")
                return
            done(error)

        self.loop.spawn(name, lambda: body(self.machines[number]), over, wake, number)

    def _start(self) -> None:
        def done(error: BaseException | None) -> None:
            if error is not None:
                self._start()

        self._spawn("start", lambda engine: engine.start(self.run, self.plan, kept=self.kept), done, self.loop.now)

    def _sweep(self) -> None:
        unfinished = self.store.unfinished()
        for run in unfinished:
            self._spawn(f"sweep {run.id}", partial(self._sweep_one, run.key), lambda _: None, self.loop.now)
        if unfinished or self.loop.handlers or not self.store.list_runs():  # one that stands still may open a run
            self.loop.at(self.loop.now + PERIOD, self._sweep)

    def _sweep_one(self, key: str, engine: Engine) -> None:
        run = engine.ledger.store.get_run(key)
        if run is not None:
            _, self.pace = engine.sweep_overdue(run, self.pace)

    def _cancel(self) -> None:
        """Somebody cancels all, or a step, or marks one; and again, until he hears that it was done."""
        if not self.store.list_runs():
            return
        if self.marks.random() < 0.4:
            self._mark(self.marks.randrange(len(self.plan.steps)))
            return
        nodes = None if self.random.random() < 0.6 else [self.random.randrange(len(self.plan.steps))]
        self.count("operator: cancels the run" if nodes is None else "operator: cancels a step")
        stop = Stop(self.loop.now, "somebody", "enough")
        self.cancelled = self.loop.now

        self._until_done("cancel", lambda engine: engine.cancel(self.run.key, stop, nodes))

    def _mark(self, node: int) -> None:
        """Nobody but the checks of the step tells the run inside to end."""
        self.count("operator: marks a step")
        self.cancelled, self.marked = self.loop.now, node
        event = StopRequested(Stop(self.loop.now, "somebody", "by hand", Status.SUCCEEDED, {"n": node}))
        self._until_done("mark", lambda engine: engine.control(self.run.key, event, [node]))

    def _until_done(self, name: str, act: Callable[[Engine], object]) -> None:
        def again(error: BaseException | None = None) -> None:
            if error is not None:
                self._spawn(name, act, again, self.loop.now + 3)

        again(Crash())

    # What must hold.

    def _look(self) -> None:
        """At no time has a run more active attempts than it may have."""
        for run in self.runs:
            most = self.setting.most(run, self._most(run))
            if run.status is not RunStatus.RUNNING or most is None:
                continue
            active = sum(state.status.active for state in self.store._states[run.key].values())
            self.faults["limit: reached"] += active == most
            if self.setting.too_many(run, active, most):
                self.failures.append(f"{run.id}: {active} attempts are active, and at most {most} may be")

    def _most(self, run: Run) -> int | None:
        if run.mapped is None or run.parent is None:
            return self._plan(run).max_parallel
        ref = ref_in(run.parent)
        parent = self.store.get_run(ref.run)
        assert parent is not None
        most = self._plan(parent).steps[ref.node].work.spec.get("max_parallel")
        return most if isinstance(most, int) else None

    def _judge(self) -> None:
        for run in self.runs:
            view = self.store.load_all(run.key)
            self.failures += [f"{run.id}: {said}" for said in violations(self._plan(run), view, run.status, run.stop)]
            if run.status is RunStatus.RUNNING:
                self.failures.append(f"{run.id} never ended")
            self._judge_child(run)
        if going := [name for name, job in self.jobs.jobs.items() if job.over > self.loop.now]:
            self.failures.append(f"still running: {going[:3]}")
        if self.cancelled is None and not self.setting.decides:
            self._judge_ends()
        elif self.cancelled is None:
            return  # each end of a map was judged when it came
        else:
            self._judge_cancelled()

    def _judge_child(self, run: Run) -> None:
        """It is opened once, is the job of its step's attempt, and ends no later than that; a late one is stopped."""
        if run.parent is None:
            return
        ref = ref_in(run.parent)
        twins = [one.id for one in self.runs if one.parent == run.parent]
        if len(twins) > 1:
            self.failures.append(f"the runs {twins} are one job")
        state = self.store.load(ref.run, (ref.node,), ()).state(ref.node)
        jobs = {past.attempt: past.job for past in state.past} | {state.attempt: state.job}
        if jobs.get(ref.attempt) != run.key:
            if run.status not in (RunStatus.CANCELLED, RunStatus.SUCCEEDED, RunStatus.FAILED):
                self.failures.append(f"{run.id} belongs to no attempt and goes on")
            if not (self.frozen or self.force):
                self.failures.append(f"{run.id} belongs to no attempt of its step: {jobs}")
            return
        ends = {past.attempt: past.ended_at for past in state.past} | {state.attempt: state.ended_at}
        ended = ends.get(ref.attempt)
        if (
            state.stop is not None
            and state.attempt == ref.attempt
            and ended == max(state.stop.at, state.started_at or 0)
        ):
            return  # it was cancelled between two attempts, by somebody whose order came late
        if ended is None or run.ended_at is None or run.ended_at > ended + 1e-6:
            self.failures.append(f"{run.id} ended at {run.ended_at}, and the attempt whose job it is at {ended}")

    def _judge_ends(self) -> None:
        """Nobody cancelled anything: every step has ended as the oracle says, after as many tries."""
        oracle = Oracle()
        for wanted in self.wishes:
            good = oracle.run(self.tree, wanted=wanted)
        wanted = RunStatus.SUCCEEDED if good else RunStatus.FAILED
        stored = self.store.get_run(self.run.key)
        if stored is None or stored.status is not wanted:
            self.failures.append(f"the run is {stored and stored.status}, expected {wanted}")
        self.failures += self._wrong_ends(oracle, self.run.key, "")
        if self.tries != oracle.tries:
            more, less = dict(self.tries - oracle.tries), dict(oracle.tries - self.tries)
            self.failures.append(f"launched too often: {more}, too seldom: {less}")

    def _wrong_ends(self, oracle: Oracle, key: str, path: str) -> list[str]:
        run = self.store.get_run(key)
        assert run is not None
        view = self.store.load_all(key)
        wrong = []
        for number, step in enumerate(self._plan(run).steps):
            state, name = view.state(number), f"{path}{step.name}"
            if state.status is not oracle.ends[name]:
                wrong.append(f"{name} is {state.status}, expected {oracle.ends[name]}: {state.error}")
            elif step.inner and state.job is not None:
                wrong += self._wrong_ends(oracle, state.job, f"{name}/")
                if state.status is Status.SUCCEEDED and step.work.kind == "graph" and run.mapped is None:
                    wrong += [f"{name} left {state.outputs}, expected n: {number}"] * (state.outputs != {"n": number})
        return wrong

    def _plan(self, run: Run) -> Plan:
        base = self.store.get_plan(run.version)
        assert base is not None
        return mapped.plan_of(base, run)

    def _judge_cancelled(self) -> None:
        """What somebody cancelled has ended within, too; jobs that are deaf once end after they are asked twice."""
        stored = self.store.get_run(self.run.key)
        self._judge_marked()
        if stored is not None and stored.stop is not None and stored.ended_at is not None:
            late = stored.ended_at - stored.stop.at
            if not self.force and not self.frozen and late > 300.0:
                self.failures.append(f"it took {late:.0f} s to cancel the run")

    def _judge_marked(self) -> None:
        """What is inside a step that somebody marked while it ran has ended soon."""
        if self.marked is None or self.force or self.frozen:
            return
        state = self.store.load(self.run.key, (self.marked,), ()).state(self.marked)
        began, stop, ended = state.started_at, state.stop, state.ended_at
        if stop is None or began is None or began > stop.at or ended is None:
            return
        if ended > stop.at + 120.0:
            self.failures.append(f"it took {ended - stop.at:.0f} s to end what is inside a step that was marked")
