"""Job strings, times, counters and duplicates: the pure parts of the Dataflow backend."""

import json
from typing import Any

import pytest

from orchestrator.errors import BackendError
from orchestrator.jobs.dataflow.handle import Handle, read_handle
from orchestrator.jobs.dataflow.metrics import fitting, outputs
from orchestrator.jobs.dataflow.states import moment, next_check
from orchestrator.jobs.dataflow.twins import choose


@pytest.mark.parametrize(
    "handle",
    [
        Handle("europe-west4", "2026-02-19_21_08_53-1036"),
        Handle("us-central1", "x-1", streaming=True),
        Handle("us-central1", "x-1", keep=True),
    ],
)
def test_a_job_s_string_is_read_back(handle: Handle):
    assert read_handle(str(handle)) == handle


@pytest.mark.parametrize(
    "text", ["", "europe-west4", "europe-west4/", "Europe/1", "a/b/c", "a/b?drain", "a/b?keep?keep"]
)
def test_a_string_that_is_no_job_is_refused(text: str):
    with pytest.raises(BackendError, match="expected a Dataflow job as region/id"):
        read_handle(text)


def test_a_job_s_id_tells_when_it_was_created():
    """As recorded: 2026-02-19_21_08_53 was created at 2026-02-20T05:08:55Z."""
    assert Handle("r", "2026-02-19_21_08_53-10362018338394705846").born == moment("2026-02-20T05:08:53Z")
    assert Handle("r", "2026-13-45_21_08_53-1").born is None
    assert Handle("r", "abc").born is None


def test_times_are_read_with_any_number_of_digits_and_the_epoch_is_none():
    assert moment("2024-03-13T20:30:57.10656Z") == moment("2024-03-13T20:30:57.106560Z") == 1710361857.10656
    assert moment("2021-11-16T20:27:14.996634424Z") == 1637094434.996634
    assert [moment(text) for text in ("1970-01-01T00:00:00Z", None, "", "soon")] == [None] * 4


def test_a_job_that_is_awaited_is_looked_at_ever_more_seldom():
    born = moment("2026-02-19T21:00:00Z") or 0.0
    looks, now = [], born
    for _ in range(12):
        now = next_check({"createTime": "2026-02-19T21:00:00Z"}, now)
        looks.append(round(now - born))
    assert looks == [15, 30, 45, 60, 75, 94, 117, 146, 183, 229, 286, 358]
    assert next_check({"createTime": "2026-02-19T21:00:00Z"}, born + 86_400) == born + 86_400 + 300
    assert next_check({}, born) == born + 15


def test_counters_are_kept_as_far_as_they_fit():
    found = {"a": 1, "b": 22, "c": 3}
    whole = len(json.dumps(found))
    assert fitting(found, whole) == found
    assert fitting(found, whole - 1) == {"a": 1, "b": 22}
    assert fitting({}, 0) == {}


def counter(name: str, scalar: Any, **more: Any) -> dict[str, Any]:
    context = {"namespace": more.pop("namespace", "n"), "step": more.pop("step", "s1"), **more.pop("context", {})}
    return {"name": {"origin": more.pop("origin", "user"), "name": name, "context": context}, "scalar": scalar, **more}


def test_the_user_s_counters_become_outputs():
    found = outputs(
        [
            counter("rows", 2, kind="Sum"),
            counter("rows", 3, kind="Sum", step="s2"),
            counter("rows", 9, kind="Sum", context={"tentative": "true"}),
            counter("largest", 2, kind="Max"),
            counter("largest", 7, kind="Max", step="s2"),
            counter("smallest", 2.5, kind="Min"),
            counter("text", "9007199254740993", kind="Sum"),
            counter("unnamed_origin", 1, origin=""),
            counter("ElementCount", 12, origin="dataflow/v1b3"),
            counter("mean", 1.5, kind="Mean"),
            counter("broken", float("nan")),
            counter("words", "many"),
            counter("flag", True),
            {"name": {"origin": "user", "name": "sizes"}, "distribution": {"count": 1}},
            counter("sizes_MAX", 3),
            counter("error_COUNT", 4),
            {},
        ]
    )
    assert found == {
        "rows": 5,
        "largest": 7,
        "smallest": 2.5,
        "text": 9007199254740993,
        "unnamed_origin": 1,
        "error_COUNT": 4,
    }


def test_a_counter_in_two_namespaces_is_written_with_both():
    assert outputs([counter("rows", 1, namespace="a"), counter("rows", 2, namespace="b")]) == {"a.rows": 1, "b.rows": 2}


LABELS = {"orchestrator-run": "run-1", "orchestrator-attempt": "1"}


def job(number: int, state: str = "RUNNING", **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "createTime": f"2026-11-23T00:00:0{number}Z",
        "currentState": f"JOB_STATE_{state}",
        **more,
    }


def test_the_oldest_of_several_jobs_stays_and_what_still_runs_is_cancelled():
    first, second, third = job(1, "FAILED"), job(2), job(3, "DONE")
    assert choose([third, second, first], LABELS) == (first, [second])


def test_jobs_that_show_our_labels_come_first_and_others_are_never_touched():
    foreign, bare, ours = job(1, labels={**LABELS, "orchestrator-run": "run-2"}), job(2), job(3, labels=LABELS)
    assert choose([ours, bare, foreign], LABELS) == (ours, [bare])
    assert choose([foreign], LABELS) == (None, [])
    assert choose([], LABELS) == (None, [])


def test_an_update_leaves_two_jobs_of_one_name_and_neither_is_a_duplicate():
    old, new = job(1, "UPDATED"), job(2)
    assert choose([new, old], LABELS) == (old, [])
    assert choose([job(1, "RUNNING"), job(2, replaceJobId="1")], LABELS)[1] == []
