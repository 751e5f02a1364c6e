"""Steps whose jobs are runs of their own, one handler at a time: what the nested worlds cannot say."""

from dataclasses import replace
from math import inf
from types import SimpleNamespace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.deadlines import due_of
from orchestrator.core.events import LaunchClaimed
from orchestrator.core.inner_graphs import times_of_day, version_of
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import Run, RunStatus, Status, Stop
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.core.param import Param
from orchestrator.core.plan import Inner, Plan
from orchestrator.core.steps import CheckPolicy, Step, Work
from orchestrator.definition.params import resolve
from orchestrator.engine.children import RunBackend
from orchestrator.engine.runs_inside import STEP_ENDED
from orchestrator.errors import BackendError
from orchestrator.jobs.scripted import Script
from orchestrator.ports import CHECKS, LAUNCHES, JobRequest
from orchestrator.rehearsal.result import _found
from orchestrator.reporting.explain import explain
from orchestrator.reporting.rows import rows
from orchestrator.reporting.summary import failures
from orchestrator.reporting.times import clock
from tests.unit.engine_world import KEY, World

DAY = 86_400.0


def plan_of(*steps: Step, given: dict[str, object] | None = None, outputs: dict[str, object] | None = None) -> Plan:
    """A graph whose only step runs a graph of ``steps``."""
    inner = Inner(
        compile_plan("inside", "w1", steps),
        (Param("date", "date", "today"), Param("n", "int", 1)),
        outputs or {},  # type: ignore[arg-type]
        folder="../inside",
        file="graph.yaml",
    )
    step = Step("outer", Work("graph", {"graph": "inside", "params": given or {}}), inner=version_of(inner))  # type: ignore[dict-item]
    return replace(compile_plan("g", "v1", (step,)), inners={version_of(inner): inner})


def begun(plan: Plan, scripts: dict[str, Script] | None = None, lease: float = 0.0, **run: object) -> World:
    world = World(plan, scripts or {}, lease=lease)
    world.engine.ledger.backends["graph"] = RunBackend(world.engine, resolve)  # type: ignore[index]
    world.engine.start(Run("r", KEY, "g", "v1", {}, 0.0, **run), plan)  # type: ignore[arg-type]
    return world


def settle(world: World, until: float = inf) -> None:
    """Delivers everything of all runs, moving the clock from task to task."""
    queues = [CHECKS, LAUNCHES]
    while (following := world.queue.next_due([*world.store._runs], queues)) is not None and following <= until:
        world.now = max(world.now, following)
        for item in [one for queue in queues for one in world.queue.lease([*world.store._runs], queue, world.now, 100)]:
            world.queue.acknowledge([item])
            world.engine.perform(item.effect)


def child(world: World, attempt: int = 1) -> Run:
    found = world.store.get_run(run_key(f"outer--{KEY}-0-{attempt}"))
    assert found is not None
    return found


JOB = Step("a", Work("job", {}))


def test_a_time_of_day_is_the_same_moment_in_the_run_inside():
    plan = plan_of(replace(JOB, deadline="06:30"))
    assert times_of_day(plan.steps, plan.deadline, plan.inners) == {"06:30"}
    world = begun(plan, moments={"06:30": 5.0})
    world.now = 9.0
    world.engine.perform(Launch(KEY, 0, 1))
    assert (child(world).started_at, child(world).moments) == (9.0, {"06:30": 5.0})
    (inner,) = plan.inners.values()
    assert due_of(child(world), inner.plan, 0) == 5.0


def test_the_run_inside_has_what_it_needs_of_the_run_outside():
    world = begun(plan_of(JOB, given={"n": "{{ 3 + 4 }}"}), folder="/p/graphs/night", time_zone="Asia/Tokyo", seal="s")
    world.engine.perform(Launch(KEY, 0, 1))
    run = child(world)
    assert (run.params, run.folder, run.file) == ({"date": "1970-01-01", "n": 7}, "/p/graphs/inside", "graph.yaml")
    assert (run.time_zone, run.parent, run.root) == ("Asia/Tokyo", f"{KEY}-0-1", "r")
    assert run.seal not in ("", "s")
    stored = world.store.get_run(KEY)
    assert stored is not None
    assert stored.nests
    assert not run.nests


def test_today_is_the_day_on_which_the_run_outside_began():
    world = begun(plan_of(JOB))
    world.now = 3 * DAY
    world.engine.perform(Launch(KEY, 0, 1))
    assert child(world).params["date"] == "1970-01-01"


def test_params_that_do_not_fit_fail_the_step_at_once():
    world = begun(plan_of(JOB, given={"n": "{{ 'many' }}"}))
    world.engine.perform(Launch(KEY, 0, 1))
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.cause) == (Status.FAILED, "params")
    assert state.error == "graph 'inside': param 'n': expected a whole number, got 'many'"


def test_a_run_that_somebody_started_under_the_name_of_the_job_is_not_taken_for_it():
    world = begun(plan_of(JOB))
    world.store.open_run(Run(f"outer--{KEY}-0-1", "another", "x", "w1", {}, 0.0), compile_plan("x", "w1", (JOB,)))
    world.engine.perform(Launch(KEY, 0, 1))
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.error) == (Status.FAILED, f"the id 'outer--{KEY}-0-1' is taken by another run")


def test_a_run_inside_whose_record_is_gone_is_unknown_and_never_run_again():
    world = begun(plan_of(JOB))
    world.engine.perform(Launch(KEY, 0, 1))
    del world.store._runs[child(world).key]
    with pytest.raises(BackendError, match="is gone, so it is not known how it ended"):
        world.engine.perform(Check(KEY, 0, 1))
    assert world.store.load_all(KEY).state(0).status is Status.RUNNING


def test_outputs_that_cannot_be_computed_fail_the_step_and_say_why():
    world = begun(plan_of(JOB, outputs={"n": "{{ steps.a.outputs.n }}"}), {"a": Script(outputs={})})
    settle(world)
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.cause) == (Status.FAILED, "expression")
    assert (state.error or "").startswith("the outputs of graph 'inside' cannot be computed: ")


def test_the_end_of_a_run_says_which_steps_failed_and_why():
    failed = Script(outcome=Outcome.FAILED, error="no such day", cause="exit")
    for steps, said, cause in (
        ((JOB,), "step 'a' failed: no such day", "exit"),
        ((JOB, Step("b", Work("job", {}))), "these steps failed: a (exit) and b (exit)", "exit"),
        ((JOB, Step("b", Work("unheard-of", {}))), "these steps failed: a (exit) and b (refused)", "steps"),
    ):
        world = begun(plan_of(*steps), {"a": failed, "b": failed})
        backend = RunBackend(world.engine, resolve)
        settle(world)
        end = backend.status(child(world).key)
        assert isinstance(end, JobEnd)
        assert (end.outcome, end.error, end.cause) == (Outcome.FAILED, said, cause)


def test_a_step_inside_which_only_one_was_named_fails_if_it_would_run_all_again():
    world = begun(plan_of(JOB, Step("b", Work("job", {})), given={"n": "{{ run.id | length }}"}))
    settle(world)
    named = {"kept": ".", "rerun_of": "r", "inside": ("outer/a",)}
    world.engine.start(Run("r2", "again22222", "g", "v1", {}, 0.0, **named), world.plan)  # type: ignore[arg-type]
    settle(world)
    state = world.store.load_all("again22222").state(0)
    assert (state.status, state.error) == (
        Status.FAILED,
        "only a was to run again, but the list or the params of this step are no longer what they were: rerun the "
        "step as a whole",
    )


def test_a_cancellation_goes_inside_with_who_and_why():
    world = begun(plan_of(JOB), {"a": Script(1000.0)})
    settle(world, 4.0)
    world.engine.cancel(KEY, Stop(5.0, "ann", "wrong input"))
    settle(world)
    assert (child(world).status, child(world).stop) == (RunStatus.CANCELLED, Stop(5.0, "ann", "wrong input"))
    assert world.store.load_all(KEY).state(0).status is Status.CANCELLED


def test_a_step_whose_run_somebody_cancelled_says_who_did_when_and_why():
    """The step said that somebody else had stopped its job, not the orchestrator."""
    world = begun(plan_of(JOB), {"a": Script(1000.0)})
    settle(world, 4.0)
    world.engine.cancel(child(world).key, Stop(5.0, "ann", "wrong input"))
    settle(world)
    state = world.store.load_all(KEY).state(0)
    said = "the run inside was cancelled by ann at 1970-01-01 00:00:05 UTC: wrong input"
    assert (state.status, state.stop, state.error) == (Status.CANCELLED, None, said)
    known = world.engine.ledger.known(KEY)
    at = clock(5.0, "%Y-%m-%d %H:%M:%S")  # as all other times are shown
    shown = f"the run inside was cancelled by ann at {at}: wrong input"
    assert explain(known.plan, world.store.load_all(KEY), 0, None) == [f"cancelled: {shown}"]
    assert rows(known.plan, world.store.load_all(KEY).states, [0], None)[0].note.endswith(shown)


def test_the_result_of_a_rehearsal_names_what_failed_inside_a_step():
    plan = plan_of(JOB)
    world = begun(plan, {"a": Script(1.0, Outcome.FAILED, error="no such table")})
    settle(world)
    graph = SimpleNamespace(compile=lambda: plan)
    played = SimpleNamespace(run=lambda _: world.store.get_run(KEY), graph=graph, store=world.store)
    lines = [line.text for line in failures(_found(played, "r"))]  # type: ignore[arg-type]
    assert lines == ["outer failed: step 'a' failed: no such table", "  outer/a failed: no such table"]


def test_a_step_inside_whose_run_one_step_was_cancelled_says_who_did():
    world = begun(plan_of(JOB), {"a": Script(1000.0)})
    settle(world, 4.0)
    world.engine.cancel(child(world).key, Stop(5.0, "ann"), [0])
    settle(world)
    assert world.store.load_all(KEY).state(0).error == "step 'a' was cancelled by ann at 1970-01-01 00:00:05 UTC"


def test_a_run_that_a_handler_opens_after_its_step_has_ended_is_cancelled():
    """Whoever had claimed the launch stood still, and died after it had opened the run; another delivery finds that."""
    steps = plan_of(JOB)
    plan = replace(compile_plan("g", "v1", (*steps.steps, Step("other", Work("job", {})))), inners=steps.inners)
    world = begun(plan, {"a": Script(1000.0), "other": Script(5000.0)}, lease=200.0)
    name, ledger = job_name("outer", JobRef(KEY, 0, 1)), world.engine.ledger
    ledger.handle(ledger.known(KEY), 0, LaunchClaimed(1, name, 0.0))
    world.engine.cancel(KEY, Stop(1.0, "ann"), [0])
    world.now = 300.0
    world.engine.perform(Launch(KEY, 0, 1))
    assert world.store.load_all(KEY).state(0).status is Status.CANCELLED
    request = JobRequest(world.store.find_run("r"), 0, "outer", 1, name, "graph", {"params": {}})  # type: ignore[arg-type]
    ledger.backends["graph"].launch(request)
    assert child(world).status is RunStatus.RUNNING
    world.engine.perform(Launch(KEY, 0, 1))
    settle(world, 1000.0)
    assert (child(world).status, (child(world).stop or Stop(0.0)).why) == (RunStatus.CANCELLED, STEP_ENDED)


def test_a_sweep_cancels_a_run_whose_step_has_ended_and_leaves_others_alone():
    """Whoever opened it has died, and no other delivery comes."""
    world = begun(plan_of(JOB), {"a": Script(1000.0)})
    settle(world, 4.0)
    world.engine.sweep(child(world).key, "e1")
    assert (child(world).status, child(world).stop) == (RunStatus.RUNNING, None)
    state = world.store.load_all(KEY).state(0)
    world.store._states[KEY][0] = replace(state, status=Status.FAILED, ended_at=5.0)
    world.engine.sweep(child(world).key, "e2")
    settle(world)
    assert (child(world).status, (child(world).stop or Stop(0.0)).why) == (RunStatus.CANCELLED, STEP_ENDED)


def test_the_end_of_a_run_is_noticed_before_the_next_check_of_its_step():
    plan = plan_of(JOB)
    rare = replace(plan.steps[0], check=CheckPolicy(50_000.0, 50_000.0))
    world = begun(replace(plan, steps=(rare,)), {"a": Script(10.0)})
    settle(world, 1_000.0)
    assert world.store.load_all(KEY).state(0).status is Status.SUCCEEDED


def test_a_streaming_job_inside_goes_on_with_the_step_and_is_cancelled_with_the_run():
    step = Step("a", Work("job", {"streaming": True}))
    tail = Step("z", Work("job", {}), after=("outer",))
    plan = plan_of(step)
    both = replace(compile_plan("g", "v1", (*plan.steps, tail)), inners=plan.inners)
    world = begun(both, {"a": Script(1.0, live=True), "z": Script(1000.0)})
    settle(world, 100.0)
    state = world.store.load_all(KEY).state(0)
    assert (state.status, state.live) == (Status.SUCCEEDED, True)
    world.engine.cancel(KEY, Stop(200.0))
    settle(world)
    assert world.store.load_all(KEY).state(0).live is False
    assert not world.store.unfinished()
