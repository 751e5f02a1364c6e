"""Which log entries call a function: the filter that Terraform gives the sink, tested on recorded entries."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.cloud.endings import ENDINGS
from orchestrator.cloud.signals import tells_of_an_end
from orchestrator.core.names import JobRef, job_name, run_key
from tests.fixtures import fixture
from tests.launcher_texts import LAUNCHER_TEXTS
from tests.terraform.imaginary import Deployed
from tests.terraform.log_filter import compiled

ENDED = ("worker-pool-stopped", "worker-pool-stopped-streaming", "launcher-failed", "launcher-failed-early")
GOING_ON = ("success-step",)
FUNCTIONS = ("function-started", "function-finished")

Example = Callable[[str], Deployed]


def entry(name: str) -> dict[str, Any]:
    """A recorded entry, unchanged."""
    found: dict[str, Any] = fixture(f"events/{name}")["entry"]
    return found


def of(name: str, job: str, project: str = "your-project") -> dict[str, Any]:
    """A recorded entry, as if it were about another job in another project."""
    text = json.dumps(entry(name)).replace(entry(name)["resource"]["labels"]["job_name"], job)
    found: dict[str, Any] = json.loads(text)
    log = found["logName"].split("/", 2)[2]
    return found | {"logName": f"projects/{project}/{log}"}


def ours(prefix: str = "orchestrator-prod") -> str:
    return job_name("Extract orders", JobRef(run_key("sales-2026-01-31"), 31, 2), prefix)


@pytest.mark.parametrize("name", ENDED)
def test_the_end_of_one_of_our_jobs_calls_a_function(example: Example, name: str):
    assert compiled(example("minimal").outputs["log_filter"])(of(name, ours()))


def test_the_sink_lets_through_what_the_reader_reads_and_nothing_else(example: Example):
    """In upper or lower case, anywhere in the text. Both have the same texts."""
    found = example("minimal").outputs["log_filter"]
    assert tuple(re.findall(r'textPayload:"([^"]*)"', found)) == ENDINGS
    texts = [*LAUNCHER_TEXTS, *ENDINGS, "Workflow: failed", "The launcher", "Worker pool started.", ""]
    texts += [text.upper() for text in texts] + [f"2026-01-31\n  {text} (x)" for text in texts]
    sample = of(ENDED[0], ours())
    through = [text for text in texts if compiled(found)({**sample, "textPayload": text})]
    assert through == [text for text in texts if tells_of_an_end(text)]
    assert set(LAUNCHER_TEXTS) < set(through)


@pytest.mark.parametrize("name", GOING_ON)
def test_other_entries_of_our_jobs_do_not(example: Example, name: str):
    assert not compiled(example("minimal").outputs["log_filter"])(of(name, ours()))


@pytest.mark.parametrize("name", [*ENDED, *GOING_ON, *FUNCTIONS])
def test_recorded_entries_of_other_jobs_do_not(example: Example, name: str):
    assert not compiled(example("minimal").outputs["log_filter"])(entry(name))


@pytest.mark.parametrize(
    "job",
    [
        "my-job-name-1w2",
        "orchestrator-prod",
        "orchestrator-prod--orders",
        "orchestrator-prod-orders--k3v9x2qa7b-1f-2",
        job_name("orders", JobRef(run_key("r"), 1, 1)),
        ours("orchestrator-dev"),
        ours("orchestrator-prod-2"),
        ours("orchestrator"),
        f"x-{ours()}",
    ],
)
@pytest.mark.parametrize("name", ENDED)
def test_the_end_of_another_job_of_the_project_does_not(example: Example, name: str, job: str):
    assert not compiled(example("minimal").outputs["log_filter"])(of(name, job))


def test_the_same_job_in_another_project_does_not(example: Example):
    assert not compiled(example("minimal").outputs["log_filter"])(of(ENDED[0], ours(), "somebody-elses"))


@pytest.mark.slow
def test_each_of_two_environments_receives_only_its_own_jobs(example: Example):
    filters = {name: compiled(example(name).outputs["log_filter"]) for name in ("minimal", "dev")}
    heard = {
        (name, prefix): filters[name](of(ENDED[0], ours(prefix)))
        for name in filters
        for prefix in ("orchestrator-prod", "orchestrator-dev")
    }
    own = [("minimal", "orchestrator-prod"), ("dev", "orchestrator-dev")]
    assert [which for which, was in heard.items() if was] == own


def test_the_matcher_binds_as_cloud_logging_does():
    """OR before AND, NOT before both; case matters only in patterns."""
    assert compiled('a="1" OR b="2" AND c="3"')({"a": "1", "c": "x"}) is False
    assert compiled('a="1" OR b="2" AND c="3"')({"a": "1", "c": "3"}) is True
    assert compiled('NOT a="1" AND b:"wor"')({"a": "2", "b": "WORKER"}) is True
    assert compiled('a=~"^wor"')({"a": "WORKER"}) is False
    assert compiled('severity>=ERROR AND NOT jsonPayload.counted="run_failed"')({"severity": "ERROR"}) is True
    with pytest.raises(ValueError, match="not understood"):
        compiled("a ~ b")
