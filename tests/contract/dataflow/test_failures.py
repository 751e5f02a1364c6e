"""A failed job says why it failed, and whether to try again."""

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.ports import JobRunning
from tests.contract.dataflow.bench import Bench, Make


def test_a_failure_without_a_message_is_looked_at_again_later(make: Make):
    now = [0.0]
    bench = make(backend={"clock": lambda: now[0]}, message_lag=1e6)
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, "FAILED", "Workflow failed.")
    assert bench.backend.status(job) == JobRunning()
    now[0] = 1e12
    over = bench.over(job)
    assert (over.outcome, over.cause) == (Outcome.FAILED, "unknown")
    assert "and none of its messages says why" in (over.error or "")


@pytest.mark.parametrize(
    ("text", "cause", "permanent", "retry_after"),
    [
        ("PERMISSION_DENIED: no", "permission", True, 0.0),
        ("ZONE_RESOURCE_POOL_EXHAUSTED", "stockout", False, 600.0),
        ("QUOTA_EXCEEDED: CPUS", "quota", False, 300.0),
        ("java.lang.OutOfMemoryError: Java heap space", "memory", False, 0.0),
    ],
)
def test_a_failure_has_a_cause_that_says_whether_and_when_it_is_tried_again(
    bench: Bench, text: str, cause: str, permanent: bool, retry_after: float
):
    request = bench.request("slow")
    job = bench.backend.launch(request).job
    bench.fake.move(request.name, "FAILED", text)
    over = bench.over(job)
    assert (over.error, over.cause, over.permanent, over.retry_after) == (text, cause, permanent, retry_after)


def test_a_launcher_that_failed_is_recognised_and_its_log_named(make: Make):
    bench = make()
    request = bench.request("queued")
    job = bench.backend.launch(request).job
    text = "Error occurred in the launcher container: Template launch failed. See console logs."
    bench.fake.move(request.name, "FAILED", text)
    over = bench.over(job)
    number = job.partition("/")[2]
    log = f"[its launcher's log: template_launches/{number}/console_logs in the staging location]"
    assert (over.cause, over.permanent, over.error) == ("launcher", False, f"{text} {log}")
