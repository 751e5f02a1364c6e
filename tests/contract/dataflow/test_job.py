"""A Dataflow job, from its launch to its end."""

from dataclasses import replace
from pathlib import Path

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.steps import Json
from orchestrator.ports import JobBackend, JobRunning
from tests.contract.dataflow.bench import Bench, Make


def test_it_is_a_job_backend(bench: Bench):
    backend: JobBackend = bench.backend
    assert backend is bench.backend


def test_a_job_has_the_options_of_its_deployment_and_is_found_again_with_or_without_them(make: Make):
    bench = make({"defaults": {"temp_location": "gs://common", "labels": {"env": "dev"}}})
    request = bench.request("slow", labels={"team": "sales"})
    first = bench.backend.launch(request)
    (job,) = bench.fake.service.jobs.values()
    assert job.call.environment == {
        "tempLocation": f"gs://common/{request.name}",
        "additionalUserLabels": {
            "env": "dev",
            "team": "sales",
            "orchestrator-graph": "g",
            "orchestrator-run": "run-1",
            "orchestrator-step": "orders",
            "orchestrator-attempt": "1",
        },
    }
    bench.backend._defaults = {}  # an upgrade in between
    assert bench.backend.find(request) == first


FUNCTIONS = """
def late(date):
    raise ValueError(f"no orders of {date} yet")

def common(**kwargs):
    where = kwargs["template_location"]
    return {"parameters": {"both": "function", "job": kwargs["job_name"]}, "template_location": where}
"""


def test_a_function_that_raises_is_a_failed_attempt_and_nothing_is_sent(bench: Bench, tmp_path: Path):
    (tmp_path / "late_functions.py").write_text(FUNCTIONS)
    request = bench.request("slow", parameters_from="late_functions:late")
    run = replace(request.run, params={"date": "2026-11-23"}, folder=str(tmp_path))
    over = bench.backend.launch(replace(request, run=run))
    assert isinstance(over, JobEnd)
    assert (over.outcome, over.cause, over.permanent) == (Outcome.FAILED, "exception", False)
    assert over.error == "step 'orders': parameters_from: ValueError: no orders of 2026-11-23 yet (late_functions.py:3)"
    assert bench.fake.service.jobs == {}


def test_what_a_function_returns_is_launched_between_the_common_parameters_and_the_steps_own(
    bench: Bench, tmp_path: Path
):
    (tmp_path / "late_functions.py").write_text(FUNCTIONS)
    common: Json = {"both": "graph", "mine": "graph", "setup_file": "/template/setup.py"}
    own: dict[str, Json] = {"parameters": {"mine": "step"}, "common_parameters": common}
    request = bench.request("slow", parameters_from="late_functions:common", **own)
    bench.backend.launch(replace(request, run=replace(request.run, folder=str(tmp_path))))
    (job,) = bench.fake.service.jobs.values()
    assert (job.call.name, job.call.template) == (request.name, "gs://templates/slow")
    assert job.call.parameters == {
        "both": "function",
        "mine": "step",
        "setup_file": "/template/setup.py",
        "job": request.name,
    }


def test_a_job_that_succeeds_leaves_its_counters_as_outputs(bench: Bench):
    over = bench.over(bench.backend.launch(bench.request("good")).job)
    assert (over.outcome, over.outputs, over.error, over.cause) == (Outcome.SUCCEEDED, {"rows": 3}, None, None)


def test_a_job_that_fails_says_why(bench: Bench):
    over = bench.over(bench.backend.launch(bench.request("bad")).job)
    assert (over.outcome, over.error) == (Outcome.FAILED, "Workflow failed. Causes: no such day")
    assert (over.cause, over.permanent) == ("unknown", False)


def test_a_running_job_is_running_until_it_ends(bench: Bench):
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    assert bench.backend.status(job) == JobRunning()
    bench.fake.move(request.name, "DONE")
    assert bench.over(job).outcome is Outcome.SUCCEEDED


def test_launching_a_name_again_gives_the_same_job_while_it_runs_and_after(bench: Bench):
    request = bench.request("slow")
    first = bench.backend.launch(request)
    assert bench.backend.launch(request) == first
    bench.fake.move(request.name, "FAILED")
    assert bench.backend.launch(request) == first
    assert bench.fake.launches == {request.name: 1}


def test_a_job_is_found_by_its_name_in_whatever_state(bench: Bench):
    request = bench.request("slow")
    assert bench.backend.find(request) is None
    launched = bench.backend.launch(request)
    assert bench.backend.find(request) == launched
    bench.fake.move(request.name, "CANCELLED")
    assert bench.backend.find(request) == launched


def test_attempts_are_different_jobs(bench: Bench):
    first, second = (bench.backend.launch(bench.request("slow", attempt)) for attempt in (1, 2))
    assert first.job != second.job


def test_a_step_s_region_wins_and_is_kept_in_the_job(bench: Bench):
    assert bench.backend.launch(bench.request("slow")).job.startswith("europe-west4/2")
    elsewhere = bench.backend.launch(bench.request("slow", region="us-central1"))
    assert elsewhere.job.startswith("us-central1/2")
    assert bench.backend.status(elsewhere.job) == JobRunning()


def test_a_classic_template_is_launched_by_its_path_and_may_have_no_state_yet(bench: Bench):
    launched = bench.backend.launch(bench.request("slow", classic=True))
    assert bench.fake.calls["templates.launch"] == 1
    assert bench.backend.status(launched.job) == JobRunning()
