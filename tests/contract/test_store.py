"""What every store promises."""

import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Counter, Run, RunStatus, Status, StepState, Stop, Transition, View
from orchestrator.core.names import run_key
from orchestrator.core.rules import Tally
from orchestrator.core.run_filter import RunFilter
from orchestrator.core.steps import Step
from orchestrator.errors import StoreError
from orchestrator.ports import Commit, Store

PLAN = compile_plan("g", "v1", (Step("a"), Step("b"), Step("c", after=("a", "b"))))
RUN = Run("run-1", "key1", "g", "v1", {"date": "2026-11-23", "n": 3}, started_at=100.0, folder="/graphs")
DONE = StepState(Status.SUCCEEDED, attempt=1, job="j", outputs={"rows": 3})


def end(state: StepState) -> Transition | None:
    """Ends a step that has not ended, and arrives at the join 0."""
    return None if state.status.final else Transition(DONE, (0,), Tally(succeeded=1))


def test_a_run_is_opened_once_and_stays_as_it_was(store: Store):
    assert store.open_run(RUN, PLAN) == RUN
    assert store.open_run(replace(RUN, params={"date": "other"}), PLAN) == RUN
    assert store.get_run("key1") == RUN


def test_of_two_runs_of_one_id_whoever_comes_second_is_given_the_first_as_it_stands(store: Store):
    newer = replace(PLAN, version="v2")
    store.open_run(RUN, PLAN)
    store.end_run("key1", RunStatus.FAILED, 150.0)
    ended = replace(RUN, status=RunStatus.FAILED, ended_at=150.0)
    assert store.open_run(Run("run-1", "key2", "g", "v2", {}, 200.0), newer) == ended
    assert (store.find_run("run-1"), store.get_run("key2"), store.get_plan("v2")) == (ended, None, None)
    assert list(store.list_runs()) == [ended]


def test_of_many_who_open_a_run_of_one_id_with_keys_of_their_own_one_does(store: Store):
    runs = [replace(RUN, key=f"key{number}", params={"n": number}) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda run: store.open_run(run, PLAN), runs))
    (held,) = store.list_runs()
    assert opened == [held] * 8
    assert held in runs
    assert [run for run in runs if store.get_run(run.key) is not None] == [held]


RERUN = replace(RUN, id="run-1.2", key="rerunkey", kept="s..", rerun_of="run-1", family="run-1")


def test_what_a_rerun_keeps_is_there_with_the_run_and_arrives_nowhere(store: Store):
    assert store.open_run(RERUN, PLAN, iter([(0, DONE)])) == RERUN
    assert store.load_all("rerunkey") == View({0: DONE})
    assert store.load("rerunkey", (0, 1), (0,)) == View({0: DONE})
    assert store.transact("rerunkey", 0, end) == Commit(False, DONE, {})
    assert store.transact("rerunkey", 1, end).counters == {0: Counter(1, Tally(succeeded=1))}
    assert store.get_run("rerunkey") == store.find_run("run-1.2") == RERUN


CHILD = replace(RUN, id="a--key1-0-1", key="childkey", parent="key1-0-1", root="run-1", started_at=120.0)


def test_a_run_that_is_a_steps_job_is_found_but_in_no_list_but_that_of_the_unfinished(store: Store):
    store.open_run(RUN, PLAN)
    assert store.open_run(CHILD, PLAN) == CHILD
    assert store.get_run("childkey") == store.find_run(CHILD.id) == CHILD
    for wanted in (RunFilter(), RunFilter(graph="g"), RunFilter(statuses={RunStatus.RUNNING}), RunFilter(since=110.0)):
        assert CHILD not in store.list_runs(wanted=wanted)
    assert list(store.list_runs()) == [RUN]
    assert store.run_ids(10) == [("run-1", "key1")]
    assert sorted(run.key for run in store.unfinished()) == ["childkey", "key1"]
    assert store.end_run("childkey", RunStatus.FAILED, 150.0, {"a": "exit"})
    ended = replace(CHILD, status=RunStatus.FAILED, ended_at=150.0, failed={"a": "exit"})
    assert store.get_run("childkey") == store.find_run(CHILD.id) == ended
    assert list(store.unfinished()) == [RUN]
    assert list(store.list_runs(wanted=RunFilter(statuses={RunStatus.FAILED}))) == []


def test_what_a_rerun_keeps_is_not_even_read_where_the_run_is_there(store: Store):
    store.open_run(RERUN, PLAN, [(0, DONE)])
    store.end_run("rerunkey", RunStatus.SUCCEEDED, 300.0)

    def read() -> Iterator[tuple[int, StepState]]:
        raise AssertionError("read")
        yield

    assert store.open_run(RERUN, PLAN, read()).status is RunStatus.SUCCEEDED


def test_a_thousand_kept_states_with_large_outputs_are_all_there(store: Store):
    plan = compile_plan("g", "many", [Step(f"s{number}") for number in range(1001)])
    run = replace(RERUN, version="many", kept="s" * 1000 + ".")
    state = StepState(Status.SUCCEEDED, 1, outputs={"text": "x" * 20_000})
    store.open_run(run, plan, ((number, state) for number in range(1000)))
    view = store.load_all("rerunkey", outputs=False)
    assert view.states == {number: state.without_outputs() for number in range(1000)}
    assert store.load("rerunkey", (999,), ()).state(999) == state


def test_a_run_is_found_by_its_id_alone(store: Store):
    odd = [
        replace(RUN, id=name, key=f"key{n}") for n, name in enumerate(("a", "A", "a.", "7", "a-b", "a_b", "a" * 100))
    ]
    for run in odd:
        store.open_run(run, PLAN)
    assert [store.find_run(run.id) for run in odd] == odd
    assert [store.find_run(name) for name in ("", "b", "key0", run_key("a"))] == [None] * 4
    assert store.get_run(run_key("a")) is None


def test_ids_are_told_without_the_params_which_may_be_large(store: Store):
    for number in range(3):
        run = replace(RUN, id=f"run-{number}", key=f"key{number}", started_at=float(number))
        store.open_run(replace(run, params={"x": [[]] * 50_000}), PLAN)
    store.run_ids(3)  # what a client brings along the first time
    tracemalloc.start()
    found = store.run_ids(2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [("run-2", "key2"), ("run-1", "key1")]
    assert most < 1_000_000


def test_a_run_of_old_whose_key_is_made_of_its_id_is_found_by_both_and_keeps_its_id(store: Store):
    old = replace(RUN, key=run_key("run-1"))
    assert store.open_run(old, PLAN) == old
    assert store.open_run(RUN, PLAN) == old
    assert (store.find_run("run-1"), store.get_run(old.key), store.get_run("key1")) == (old, old, None)
    store.end_run(old.key, RunStatus.FAILED, 150.0)
    assert store.find_run("run-1") == replace(old, status=RunStatus.FAILED, ended_at=150.0)


def test_a_plan_is_kept_with_the_runs_that_started_with_it(store: Store):
    store.open_run(RUN, PLAN)
    newer = replace(PLAN, version="v2")
    store.open_run(Run("run-2", "key2", "g", "v2", {}, 200.0), newer)
    assert store.get_plan("v1") == PLAN
    assert store.get_plan("v2") == newer


def test_what_was_never_written_is_absent(store: Store):
    assert store.get_run("nobody") is None
    assert store.get_plan("nothing") is None
    store.open_run(RUN, PLAN)
    assert store.load("key1", [0, 1, 2], [0]) == View({}, {})
    assert store.load_all("key1") == View({}, {})


@pytest.mark.parametrize("steps", [500, 501])
def test_as_many_steps_as_wanted_are_read_at_once(store: Store, steps: int):
    store.open_run(RUN, compile_plan("g", "v1", [Step(f"s{number}") for number in range(steps)]))
    done = replace(DONE, outputs=None)
    store.transact("key1", steps - 1, lambda _: Transition(done))
    assert store.load("key1", range(steps), ()) == View({steps - 1: done}, {})


def test_a_commit_writes_the_step_and_the_arrivals_together(store: Store):
    store.open_run(RUN, PLAN)
    assert store.transact("key1", 0, end) == Commit(True, DONE, {0: Counter(1, Tally(succeeded=1))})
    assert store.transact("key1", 1, end) == Commit(True, DONE, {0: Counter(2, Tally(succeeded=2))})
    assert store.load("key1", [0, 1, 2], [0, 1]) == View({0: DONE, 1: DONE}, {0: Counter(2, Tally(succeeded=2))})
    assert store.load_all("key1") == View({0: DONE, 1: DONE}, {0: Counter(2, Tally(succeeded=2))})


@pytest.mark.slow
def test_all_of_a_run_can_be_had_without_its_outputs_and_then_takes_no_memory_for_them(store: Store):
    """In memory a list takes thirty times what it takes as JSON: 20 MB here, of 1.2 MB."""
    store.open_run(RUN, PLAN)
    large = replace(DONE, outputs={"x": [[]] * 50_000})
    for node in range(8):
        store.transact("key1", node, lambda _: Transition(large))
    bare = View(dict.fromkeys(range(8), replace(DONE, outputs=None)), {})
    store.load_all("key1", outputs=False)  # what a client brings along the first time
    tracemalloc.start()
    found = store.load_all("key1", outputs=False)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == bare
    assert most < 12_000_000
    assert store.load_all("key1").states == dict.fromkeys(range(8), large)


def test_a_refused_commit_writes_nothing_and_shows_what_is_there(store: Store):
    store.open_run(RUN, PLAN)
    store.transact("key1", 0, end)
    assert store.transact("key1", 0, end) == Commit(False, DONE, {})
    assert store.load("key1", [], [0]).counters == {0: Counter(1, Tally(succeeded=1))}


def test_one_commit_may_arrive_at_many_joins_and_add_any_tally(store: Store):
    store.open_run(RUN, PLAN)
    adds = Tally(succeeded=1, failed=2, upstream_failed=3, skipped=4)
    commit = store.transact("key1", 0, lambda _: Transition(DONE, tuple(range(400)), adds))
    assert commit.counters == dict.fromkeys(range(400), Counter(1, adds))
    assert store.load("key1", [], range(1000)).counters == commit.counters


def test_a_node_may_add_to_a_counter_before_it_arrives(store: Store):
    store.open_run(RUN, PLAN)
    some = StepState(passed=Tally(succeeded=3))
    early = Transition(some, (0,), Tally(succeeded=3), arrived=0)
    assert store.transact("key1", 0, lambda _: early) == Commit(True, some, {0: Counter(0, Tally(succeeded=3))})
    assert store.transact("key1", 0, end).counters == {0: Counter(1, Tally(succeeded=4))}
    assert store.load("key1", [0], [0]) == View({0: DONE}, {0: Counter(1, Tally(succeeded=4))})


def test_a_commit_that_firestore_would_long_have_refused_is_refused_everywhere(store: Store):
    store.open_run(RUN, PLAN)
    with pytest.raises(StoreError, match="501 writes"):
        store.transact("key1", 0, lambda _: Transition(DONE, tuple(range(500)), Tally()))
    assert store.load_all("key1") == View({}, {})


def test_an_exception_while_deciding_writes_nothing_and_comes_out_as_it_is(store: Store):
    store.open_run(RUN, PLAN)

    def fail(_: StepState) -> Transition:
        raise RuntimeError("thought of something")

    with pytest.raises(RuntimeError, match="thought of something"):
        store.transact("key1", 0, fail)
    assert store.load_all("key1") == View({}, {})
    assert store.transact("key1", 0, end).applied


def test_the_same_event_from_many_threads_at_once_counts_once(store: Store):
    store.open_run(RUN, PLAN)
    ready = threading.Barrier(16)

    def deliver(_: int) -> Commit:
        ready.wait()
        return store.transact("key1", 0, end)

    with ThreadPoolExecutor(16) as pool:
        commits = list(pool.map(deliver, range(16)))
    assert [commit.applied for commit in commits].count(True) == 1
    assert store.load("key1", [], [0]).counters == {0: Counter(1, Tally(succeeded=1))}


def test_of_many_arrivals_at_once_none_is_lost_and_exactly_one_sees_the_last(store: Store):
    store.open_run(RUN, PLAN)
    with ThreadPoolExecutor(16) as pool:
        commits = list(pool.map(lambda node: store.transact("key1", node, end), range(200)))
    assert sorted(commit.counters[0].arrived for commit in commits) == list(range(1, 201))
    assert store.load("key1", [], [0]).counters == {0: Counter(200, Tally(succeeded=200))}


def test_a_state_is_only_overwritten_by_who_saw_it(store: Store):
    """Three threads count up from what they read: no count is lost. More threads would spend a commit's retries."""
    store.open_run(RUN, PLAN)

    def count(state: StepState) -> Transition:
        return Transition(replace(state, attempt=state.attempt + 1))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: store.transact("key1", 0, count), range(60)))
    assert store.load("key1", [0], []).state(0).attempt == 60


def test_runs_do_not_see_each_other(store: Store):
    store.open_run(RUN, PLAN)
    store.open_run(Run("run-2", "key2", "g", "v1", {}, 200.0), PLAN)
    store.transact("key1", 0, end)
    assert store.load_all("key2") == View({}, {})


def test_a_run_ends_once(store: Store):
    store.open_run(RUN, PLAN)
    assert store.end_run("key1", RunStatus.FAILED, 150.0)
    assert not store.end_run("key1", RunStatus.SUCCEEDED, 160.0)
    assert store.get_run("key1") == replace(RUN, status=RunStatus.FAILED, ended_at=150.0)


def test_a_run_that_failed_names_the_steps_because_of_which(store: Store):
    store.open_run(RUN, PLAN)
    assert store.end_run("key1", RunStatus.FAILED, 150.0, {"orders": "permission", "report": ""})
    ended = replace(RUN, status=RunStatus.FAILED, ended_at=150.0, failed={"orders": "permission", "report": ""})
    assert store.get_run("key1") == ended
    assert list(store.list_runs()) == [ended]


STOP = Stop(120.0, "ann", "wrong input")


def test_of_several_who_cancel_a_run_the_first_is_recorded_and_each_is_told_so(store: Store):
    store.open_run(RUN, PLAN)
    assert store.stop_run("key1", STOP) == STOP
    assert store.stop_run("key1", Stop(130.0, "bob")) == STOP
    assert store.get_run("key1") == replace(RUN, stop=STOP)
    assert list(store.unfinished()) == [replace(RUN, stop=STOP)]
    assert store.end_run("key1", RunStatus.CANCELLED, 150.0)
    assert store.get_run("key1") == replace(RUN, stop=STOP, status=RunStatus.CANCELLED, ended_at=150.0)
    assert list(store.unfinished()) == []


def test_a_run_that_has_ended_is_not_cancelled_any_more(store: Store):
    store.open_run(RUN, PLAN)
    store.end_run("key1", RunStatus.FAILED, 150.0)
    assert store.stop_run("key1", STOP) is None
    assert store.get_run("key1") == replace(RUN, status=RunStatus.FAILED, ended_at=150.0)


def test_cancelling_a_run_that_is_not_there_is_an_error_and_not_silence(store: Store):
    with pytest.raises(StoreError):
        store.stop_run("nobody", STOP)


def test_a_step_keeps_who_cancelled_it(store: Store):
    store.open_run(RUN, PLAN)
    stopped = StepState(stop=STOP)
    store.transact("key1", 0, lambda _: Transition(stopped))
    assert store.load("key1", [0], []).state(0) == stopped


def test_runs_are_listed_newest_first(store: Store):
    runs = [Run(f"run-{n}", f"key{n}", "g", "v1", {}, started_at=float(n)) for n in range(5)]
    for run in runs:
        store.open_run(run, PLAN)
    assert list(store.list_runs()) == runs[::-1]
    assert list(store.list_runs(limit=2)) == [runs[4], runs[3]]


def test_runs_that_have_not_ended_are_all_found_and_no_others(store: Store):
    assert list(store.unfinished()) == []
    runs = [Run(f"run-{n}", f"key{n}", "g", "v1", {"n": n}, started_at=float(n)) for n in range(120)]
    for run in runs:
        store.open_run(run, PLAN)
    for run, status in zip(runs[10:], [RunStatus.SUCCEEDED, RunStatus.FAILED] * 55, strict=True):
        store.end_run(run.key, status, 200.0)
    assert sorted(store.unfinished(), key=lambda run: run.started_at) == runs[:10]


def test_ending_a_run_that_is_not_there_is_an_error_and_not_silence(store: Store):
    with pytest.raises(StoreError):
        store.end_run("nobody", RunStatus.FAILED, 1.0)


FAILED, SUCCEEDED, RUNNING = RunStatus.FAILED, RunStatus.SUCCEEDED, RunStatus.RUNNING

#: Of a run each: its graph, and how it ended. They start one after the other, at 0, 1, 2…
PAST = [("sales", FAILED), ("stock", FAILED), ("sales", SUCCEEDED), ("sales", FAILED), ("sales", RUNNING)]


def past(store: Store) -> list[Run]:
    """The runs of ``PAST``, in a store."""
    runs = []
    for number, (graph, status) in enumerate(PAST):
        run = Run(f"r{number}", f"key{number}", graph, "v1", {}, float(number))
        store.open_run(run, PLAN)
        if status is not RUNNING:
            store.end_run(run.key, status, 99.0)
            run = replace(run, status=status, ended_at=99.0)
        runs.append(run)
    return runs


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (RunFilter(graph="sales"), [4, 3, 2]),
        (RunFilter(graph="nothing"), []),
        (RunFilter(statuses={FAILED}), [3, 1, 0]),
        (RunFilter(statuses={RUNNING, SUCCEEDED}), [4, 2]),
        (RunFilter(since=2.0), [4, 3, 2]),
        (RunFilter(since=1.5, statuses={FAILED}), [3]),
        (RunFilter("sales", {FAILED}), [3, 0]),
        (RunFilter("sales", {FAILED}, 1.0), [3]),
        (RunFilter("sales", frozenset(), 4.0), [4]),
        (RunFilter(until=2.0), [2, 1, 0]),
        (RunFilter(since=1.0, until=3.0), [3, 2, 1]),
        (RunFilter("sales", until=3.0), [3, 2, 0]),
        (RunFilter(statuses={FAILED}, until=1.0), [1, 0]),
    ],
)
def test_only_the_runs_that_are_wanted_are_listed_the_newest_first(store: Store, wanted: RunFilter, numbers: list[int]):
    runs = past(store)
    assert list(store.list_runs(3, wanted=wanted)) == [runs[number] for number in numbers]
    assert list(store.list_runs(1, wanted=wanted)) == [runs[number] for number in numbers[:1]]
