"""The watch: examines a run after every turn, and records what must never happen. It changes nothing."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import wraps
from math import inf
from typing import Concatenate, ParamSpec

from orchestrator.core.arrows import ARROWS
from orchestrator.core.control import MAX_ACTS, NO_CONTROL, Control, Limits
from orchestrator.core.invariants import Inspector
from orchestrator.core.joins import decide
from orchestrator.core.model import MARKED, RunStatus, Status, StepState, View
from orchestrator.core.past_attempts import MAX_PAST, Queued
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Verdict
from orchestrator.ports import JobRequest
from tests.doubles.memory_store import MemoryStore
from tests.simulation.deadlines import Record, noted
from tests.simulation.oracle import GRACE, HOP, Ending, backoff, endings, longest, run_fails
from tests.simulation.punctual import Punctual
from tests.simulation.scenario import DEAF, Scenario
from tests.simulation.weather import MAX_SKEW

P = ParamSpec("P")

#: Most seconds by which a clock is wrong, and a little more.
SKEW = MAX_SKEW + 1.0

#: Who marks steps as their scenario decides.
DECIDES = "attendant"

#: Causes of ends that come with a launch.
_AT_LAUNCH = frozenset({"refused", "parameters", "launch", "expression"})

#: From which status to which a step may go.
_MAY_FOLLOW = {(arrow.source, arrow.target) for arrow in ARROWS}


def _told(hears: Callable[Concatenate["Watch", P], None]) -> Callable[Concatenate["Watch", P], None]:
    """``hears``, which is called in the middle of the product: what it raises there would look like a fault."""

    @wraps(hears)
    def heard(watch: "Watch", *given: P.args, **named: P.kwargs) -> None:
        try:
            hears(watch, *given, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, the watch is wrong, and says so
            watch.failures.append(f"the watch itself broke: {type(error).__name__}: {error}")

    return heard


class Watch:
    """Watches one run, once ``key`` is its. ``latest``: seconds after its claim until which a launch may arrive."""

    def __init__(
        self, scenario: Scenario, plan: Plan, store: MemoryStore, clock: Callable[[], float], latest: float
    ) -> None:
        self.plan = plan
        self._clock = clock
        self._latest = latest
        self._excused: set[tuple[int, int]] = set()
        self._surprised: set[int] = set()
        self._stopped: dict[int, float] = {}
        self._holding: dict[str, float] = {}
        self._needing: dict[str, float] = {}
        self.needed: set[tuple[int, int]] = set()
        self.announced: set[tuple[str, int, int]] = set()
        self.held_for: list[tuple[float, float]] = []
        self.failures: list[str] = []
        self.status = RunStatus.RUNNING
        self._scenario = scenario
        self._store = store
        self.key = ""
        self._inspector = Inspector(plan)
        self.changed: set[int] = set()
        self.record = Record()
        self.punctual = Punctual(scenario, plan, clock, self._began)
        self.lost: dict[int, StepState] = {}
        self.kept: View | None = None
        self.jobs: dict[tuple[int, int], list[str]] = {}
        self.goes_on: Callable[[str], bool] = lambda _: False

    @_told
    def committed(self, node: int, old: StepState, new: StepState) -> None:
        """A node's state was changed."""
        self._must_be_there(f"{self.plan.nodes[node].name}: became {new}")
        self.record.changed(self._clock(), node, new)
        self.changed.add(node)
        before, after = old, new
        if old.waits is not None or new.waits is not None:
            self._queued(node, old, new)
            before, after = replace(old, waits=None), replace(new, waits=None, queued=old.queued)
            if new.waits != old.waits and new.ended_by is None:  # an older version loses that
                after = replace(after, ended_by=old.ended_by)
        if before != after or old == new:  # else it joined a line, or left it
            self._became(node, before, after)

    def _queued(self, node: int, old: StepState, new: StepState) -> None:
        """Each line that a step joins is remembered with it, and no other."""
        wait, joined = new.waits, old.queued
        if wait is not None and (old.waits is None or old.waits.pool != wait.pool):
            joined = (*joined, Queued(new.attempt + 1, wait.pool, wait.since))[-MAX_PAST:]
        if new.queued != joined:
            self.failures.append(f"{self.plan.nodes[node].name}: it joined {joined}, and has {new.queued}")

    def _became(self, node: int, old: StepState, new: StepState) -> None:
        name = self.plan.nodes[node].name
        self.failures += self.punctual.changed(node, old, new)
        if (old.status, new.status) not in _MAY_FOLLOW:
            self.failures.append(f"{name}: went from {old.status} to {new.status}")
        step = 1 if new.status is Status.LAUNCHING and old.status is not Status.LAUNCHING else 0
        if new.attempt != old.attempt + step:
            self.failures.append(f"{name}: went from attempt {old.attempt} to {new.attempt}")
        began = old.attempt and new.attempt != old.attempt
        known = (*old.past, *new.past[-1:])[-MAX_PAST:] if began else old.past
        if new.past != known or (began and [past.attempt for past in new.past[-1:]] != [old.attempt]):
            self.failures.append(f"{name}: its past was {old.past} at attempt {old.attempt}, and became {new.past}")
        self._allowed(name, old, new)
        self._attended(name, old, new)
        if new.stop != old.stop:
            self._cancelled(node, old, new)
        elif new.control != old.control and new.status is old.status:
            self._controlled(name, old, new)
        elif new.overdue != old.overdue and new.status is old.status:
            self._overdue(name, old, new)
        elif new.announced != old.announced and new.status is old.status:
            self._announced(name, old, new)
        elif (
            not self.punctual.waits(old, new)
            and not noted(old, new)
            and new.status is old.status
            and new.status is not Status.LAUNCHING
            and not (old.live and not new.live)
        ):
            self.failures.append(f"{name}: {old} was written again, as {new}")
        self._let_go(name, old, new)
        self._stays_cancelled(name, old, new)
        if new.cause in _AT_LAUNCH and old.cause != new.cause and old.status is not Status.LAUNCHING:
            self.failures.append(f"{name}: {old} ended as its launch did, which another had taken over: {new}")
        if new.status is Status.UP_FOR_RETRY and old.status not in (new.status, Status.NEEDS_ATTENTION):
            self._put_off(node, old, new)
        again = old.status is Status.UP_FOR_RETRY and new.status is Status.LAUNCHING
        early = 3 * SKEW  # who ended it, who found that it is owed, and who claims it: each has a clock of its own
        if again and (new.claimed_at or 0.0) < (old.due or 0.0) - early:
            self.failures.append(f"{name}: attempt {new.attempt} was due at {old.due}, and claimed at {new.claimed_at}")

    def _overdue(self, name: str, old: StepState, new: StepState) -> None:
        """Its time is up; nothing else changes by that."""
        if new != replace(old, overdue=new.overdue) or old.overdue is not None:
            self.failures.append(f"{name}: {old} was overdue, and became {new}")

    def _announced(self, name: str, old: StepState, new: StepState) -> None:
        """The failure of the step is on its way to receivers; nothing else changes by that."""
        same = replace(
            old, announced=new.attempt, ended_by=new.ended_by and old.ended_by
        )  # an older version loses that
        failed = new.status is Status.FAILED and new.cause != MARKED  # else somebody marked it while it was announced
        occasion = "step_failed" if failed else "needs_attention"
        self.announced.add((occasion, self.plan.numbers[name], new.attempt))
        if new != same or new.status not in (Status.FAILED, Status.NEEDS_ATTENTION):
            self.failures.append(f"{name}: {old} was announced, and became {new}")

    def _stays_cancelled(self, name: str, old: StepState, new: StepState) -> None:
        """What was cancelled begins nothing."""
        if old.stop is None:
            return
        by_rule = old.stop.mark is not None and new.cause == "trigger"
        ends = (old.stop.mark or Status.CANCELLED, Status.PENDING)
        if old.status is Status.PENDING and new.status not in ends and not by_rule:
            self.failures.append(f"{name}: went to {new.status}, and it had been cancelled before it began")
        if new.attempt != old.attempt:
            self.failures.append(f"{name}: attempt {new.attempt} was claimed, and it had been cancelled")

    def _controlled(self, name: str, old: StepState, new: StepState) -> None:
        """Somebody held the step, or released it, or its time was up; nothing else changes by that."""
        before, after = old.control or NO_CONTROL, new.control or NO_CONTROL
        same = replace(old, control=new.control, ended_by=new.ended_by and old.ended_by)  # an older version loses that
        if new != same or after.acts[:-1] != (*before.acts, None)[-MAX_ACTS:-1]:
            self.failures.append(f"{name}: {old} got a request, and became {new}")
        if before.limits != after.limits:
            self._limited(name, before, after)
            return
        if (before.hold is None) == (after.hold is None):
            self.failures.append(f"{name}: was held as {before.hold}, and then as {after.hold}")
        now = self._clock()
        if after.hold is not None:
            self._holding.setdefault(name, now)
            return
        self.held_for.append((self._holding.pop(name, now), now))
        early = not after.acts[-1].by and before.hold is not None and (before.hold.until or inf) > now + 2 * SKEW
        if after.releases != before.releases + 1 or early:
            self.failures.append(f"{name}: {before.hold} became {after} at {now}")

    def _limited(self, name: str, before: Control, after: Control) -> None:
        """Somebody set limits, each time as a new version; nothing else changes by that."""
        was, now = before.limits or Limits(), after.limits or Limits()
        if now.version != was.version + 1 or replace(after, limits=None, acts=()) != replace(
            before, limits=None, acts=()
        ):
            self.failures.append(f"{name}: its limits were set, and {before} became {after}")

    def _attended(self, name: str, old: StepState, new: StepState) -> None:
        """What needs attention waits for people, and what was marked ends as it was marked."""
        if Status.NEEDS_ATTENTION not in (old.status, new.status) and new.stop is None:
            return
        now = self._clock()
        if new.status is Status.NEEDS_ATTENTION and old.status is not new.status:
            self._needing[name] = now
            self.needed.add((self.plan.numbers[name], new.attempt))
        if old.status is Status.NEEDS_ATTENTION and old.status is not new.status:
            self.held_for.append((self._needing.pop(name, now), now))
        marked = new.stop is not None and new.stop.mark is not None
        by_rule = not new.attempt and new.cause == "trigger"
        if marked and new.status.final and new.stop and new.status is not new.stop.mark and not by_rule:
            self.failures.append(f"{name}: is {new.status}, and it was marked {new.stop}")

    def marked(self, node: int) -> None:
        """A mark has returned: the step knows, or has ended."""
        for number, state in self._of([node]):
            unsure = self._unsure(number)
            if not (state.status.final or state.stop or unsure):
                self.failures.append(f"{self.plan.steps[number].name}: it was marked, and it is {state}")

    def _allowed(self, name: str, old: StepState, new: StepState) -> None:
        """What is held begins nothing, and no request is forgotten."""
        if old.control is None:
            return
        if new.control is None:
            self.failures.append(f"{name}: {old} forgot what was requested, and became {new}")
        if old.control.hold is None:
            return
        if new.attempt != old.attempt:
            self.failures.append(f"{name}: attempt {new.attempt} was claimed, and it was held")
        began = new.status is not old.status and old.status is Status.PENDING and new.cause != "trigger"
        if began and old.stop is None:
            self.failures.append(f"{name}: went to {new.status} by {new.cause}, and it was held")
        if new.status.final and new.control is not None and new.control.hold is not None:
            self.failures.append(f"{name}: is {new.status}, and still held")

    def held(self, nodes: Collection[int] | None) -> None:
        """A hold has returned: each step that could be held was."""
        for number, state in self._of(nodes):
            unsure = self._unsure(number)
            if not (state.status.final or state.stop or unsure or (state.control and state.control.acts)):
                self.failures.append(f"{self.plan.steps[number].name}: a hold of it returned, and it is {state}")

    def released(self, nodes: Collection[int] | None, since: float) -> None:
        """A release that began then has returned: no step is held that was held before."""
        for number, state in self._of(nodes):
            hold = state.control.hold if state.control is not None else None
            held_since = self._holding.get(self.plan.steps[number].name, since)
            if hold is not None and held_since < since and not self.lost:
                self.failures.append(f"{self.plan.steps[number].name}: its release returned, and it is {state}")

    def _of(self, nodes: Collection[int] | None) -> list[tuple[int, StepState]]:
        """The steps that were meant, as they are now, unless the run has ended."""
        if self.status is not RunStatus.RUNNING:
            return []
        view = self.view()
        return [(number, view.state(number)) for number in (range(len(self.plan.steps)) if nodes is None else nodes)]

    def _let_go(self, name: str, old: StepState, new: StepState) -> None:
        """A job that went on though its step had succeeded is taken for ended."""
        if old.live and not new.live and old.job is not None and self.goes_on(old.job):
            self.failures.append(f"{name}: its job {old.job} was taken for ended, and goes on")

    def _cancelled(self, node: int, old: StepState, new: StepState) -> None:
        """Somebody cancelled the step; where it was the run, teardowns are left alone."""
        name, run = self.plan.nodes[node].name, self._store.get_run(self.key)
        if old.stop is not None or new.stop is None:
            self.failures.append(f"{name}: was cancelled as {old.stop}, and then as {new.stop}")
        if node == self.plan.end:
            return  # it waits for no place any more
        begun = run is None or run.active_limit is None or self.view().state(self.plan.end).attempt > 0
        if run is not None and run.stop == new.stop and self.plan.steps[node].teardown and begun:
            self.failures.append(f"{name}: a teardown was cancelled with its run")
        if not (old.status is Status.NEEDS_ATTENTION and new.stop is not None and new.stop.by == DECIDES):
            self._stopped[node] = self._clock()  # else it is as its scenario says, and the oracle knows

    def cancelled(self) -> None:
        """A cancelling of the whole run has returned, or a sweep that finishes it: each step knows, or has ended."""
        run, view = self._store.get_run(self.key), self.view()
        if run is None or run.status is not RunStatus.RUNNING:
            return
        if run.stop is None:
            self.failures.append("the run was cancelled, and does not know")
        for number, step in enumerate(self.plan.steps):
            state = view.state(number)
            unsure = self._unsure(number)
            if not (state.status.final or state.stop or step.teardown or unsure):
                self.failures.append(f"{step.name}: its run was cancelled, and it is {state.status} and does not know")

    def _unsure(self, node: int) -> bool:
        """Whether a step that looks pending may be what was lost: its join, or its time, could have let it begin."""
        waits = decide(self.plan, node, self.view()) is Verdict.WAIT and node not in self.plan.limited
        return bool(self.lost) and not waits

    @property
    def touched(self) -> set[int]:
        """The steps that were cancelled, or surprised, and all behind them: the oracle cannot know how they end."""
        found: set[int] = set()
        for node in self.plan.topological:
            if node in self._stopped or node in self._surprised or found.intersection(self._inspector.before[node]):
                found.add(node)
        return found

    def _put_off(self, node: int, old: StepState, new: StepState) -> None:
        """What failed waits for its next attempt as its step says; what was interrupted, longer each time."""
        retry, forgiven = self.plan.steps[node].retry, (new.control or NO_CONTROL).forgiven
        failures = new.attempt - new.interruptions - forgiven
        wait = min(retry.delay * retry.backoff ** (failures - 1), retry.max_delay) if failures else 0.0
        if new.quota > old.quota:
            wait = 30.0
            for past in reversed(new.past):
                if past.cause != "quota" or past.job is not None or wait == 300.0:
                    break
                wait = min(2 * wait, 300.0)
        elif new.interruptions > old.interruptions:
            wait = backoff(old.unasked) if new.unasked > old.unasked else 0.0
        if new.due is None or new.ended_at is None or abs(new.due - new.ended_at - wait) > 0.01:
            name = self.plan.nodes[node].name
            self.failures.append(f"{name}: ended at {new.ended_at}, due again at {new.due}, and not {wait} s later")

    @_told
    def ended(self, status: RunStatus) -> None:
        """The run's record was closed."""
        if self.status is not RunStatus.RUNNING:
            self.failures.append(f"the run ends twice, {self.status} and {status}")
        self._must_be_there("the run ended")
        self.status = status
        run = self._store.get_run(self.key)
        self.failures += self._inspector.ending(self.view(), status, run.stop if run else None)

    @_told
    def created(self, request: JobRequest, job: str) -> None:
        """A job was made outside."""
        self._must_be_there(f"{request.name}: launched")
        attempt = (request.node, request.attempt)
        jobs = self.jobs.setdefault(attempt, [])
        jobs.append(job)
        if attempt in self._excused:
            return
        if len(jobs) > 1:
            self.failures.append(f"{request.name}: a second job, {job}, beside {jobs[0]}")
        state = self._store.load(self.key, (request.node,), ()).state(request.node)
        if state.status is not Status.LAUNCHING or state.attempt != request.attempt:
            self.failures.append(f"{request.name}: launched, and the step is {state.status} at {state.attempt}")
        since = self._clock() - self._stopped.get(request.node, self._clock())
        if since > self._latest:
            self.failures.append(f"{request.name}: launched, and it was cancelled {since:.0f} s before")

    def excuse(self, request: JobRequest) -> None:
        """Nothing could have kept this attempt from having a second job. Somebody must have stopped it, though."""
        self._excused.add((request.node, request.attempt))

    def keep(self) -> None:
        """What there is of the run is deleted from now on: it is kept here as it is, and nothing may change it."""
        self.kept = self.view()

    def _must_be_there(self, said: str) -> None:
        if self.kept is not None:
            self.failures.append(f"{said}, and the run may be gone by now")

    def view(self) -> View:
        """All of the run, with what somebody has deleted: nobody else may do so, and it counts all the same."""
        if self.kept is not None:
            return self.kept
        found = self._store.load_all(self.key)
        return View({**self.lost, **found.states}, found.counters)

    def surprise(self, node: int) -> None:
        """Dataflow contradicts itself about a step's job: how the step ends depends on who sees what."""
        self._surprised.add(node)

    def look(self) -> list[str]:
        """All that was found wrong so far, the nodes changed since the last look included."""
        if self.changed:
            self.failures += self._inspector.violations(self.view(), self.changed)
            self.changed.clear()
        return self.failures

    def judge(self, in_time: bool, waits: bool = False) -> None:
        """Nothing will happen any more: is it as the oracle says? And, if so asked, was it in time?

        ``waits``: steps may have waited for places in pools.
        """
        if self.kept is not None:
            return  # it was judged before
        view = self.view()
        self.failures += self._inspector.violations(view)
        known, touched = endings(self._scenario), self.touched
        for number, step in enumerate(self.plan.steps):
            came = ending(view.state(number))
            if number in touched:
                known[step.name] = came
            elif came != known[step.name]:
                self.failures.append(f"{step.name}: expected {known[step.name]}, got {came}")
        run = self._store.get_run(self.key)
        expected = RunStatus.FAILED if run_fails(self._scenario, known) else RunStatus.SUCCEEDED
        if (
            run
            and run.stop
            and any(state.stop == run.stop and state.status == "cancelled" for state in view.states.values())
        ):
            expected = RunStatus.CANCELLED
        if self.status is not expected:
            self.failures.append(f"the run: expected {expected}, got {self.status}")
        if in_time:
            self.failures += self.punctual.late(touched)
        if in_time and touched:
            self._judge_stops(view)
        elif (
            in_time
            and run
            and run.ended_at
            and not waits
            and run.ended_at > run.started_at + longest(self._scenario, known) + self._lasted()
        ):
            self.failures.append(
                f"the run ended after {run.ended_at - run.started_at:.0f} s, and nothing kept it so long"
            )

    def _began(self) -> float:
        run = self._store.get_run(self.key)
        return run.started_at if run is not None else inf

    def _lasted(self) -> float:
        """Seconds that holds may have cost: from the first to the last release, and a hop for each."""
        if not self.held_for:
            return 0.0
        begins, ends = zip(*self.held_for, strict=True)
        return max(ends) - min(begins) + HOP * len(self.held_for)

    def _judge_stops(self, view: View) -> None:
        """Jobs of steps that were cancelled were asked to stop at once, and again every 10 s."""
        for node, at in self._stopped.items():
            state = view.state(node)
            if state.job and state.ended_at and state.ended_at > at + (DEAF + 1) * GRACE + 4 * HOP:
                self.failures.append(f"{self.plan.nodes[node].name}: its job ran on for {state.ended_at - at:.0f} s")


def ending(state: StepState) -> Ending:
    attempts, interruptions = state.attempt - state.quota, state.interruptions - state.quota
    return Ending(str(state.status), attempts, interruptions, state.cause, state.outputs)
