"""Alerts are actionable: they name the run and the step, link to their logs, and name commands that exist."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import pytest

from orchestrator.cli.app import COMMANDS, app
from tests.terraform.imaginary import Deployed
from tests.terraform.log_filter import compiled

Example = Callable[[str], Deployed]

#: A log entry of functions/main.py, with what is counted left out.
ENTRY = {
    "severity": "ERROR",
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "orchestrator-prod-on-task"}},
    "jsonPayload": {
        "run": "sales-1",
        "graph": "sales",
        "step": "load",
        "cause": "worker",
        "message": "step 'load' of run sales-1 failed: disk full",
    },
}
LABELS = {"service_name": "orchestrator-prod-on-task", "queue_id": "orchestrator-prod-launches"}


def alerts(deployed: Deployed) -> dict[str, Mapping[str, Any]]:
    """The policies by their names without the deployment's name."""
    found = deployed.of("google_monitoring_alert_policy").values()
    return {policy["display_name"].partition(": ")[2]: policy for policy in found}


def entry(counted: str) -> dict[str, Any]:
    return {**ENTRY, "jsonPayload": {**ENTRY["jsonPayload"], "counted": counted}}  # type: ignore[dict-item]


def texts(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Subject, content and link as Monitoring sends them. Raises KeyError for a variable without a value."""
    (said,) = policy["documentation"]
    matched = policy["conditions"][0]["condition_matched_log"]
    values = {f"resource.label.{name}": value for name, value in LABELS.items()}
    for label, extractor in (matched[0]["label_extractors"] if matched else {}).items():
        (field,) = re.fullmatch(r"EXTRACT\(jsonPayload\.(\w+)\)", extractor).groups()  # type: ignore[union-attr]
        values[f"log.extracted_label.{label}"] = str(ENTRY["jsonPayload"][field])  # type: ignore[index]
    named = {"subject": said["subject"] or "", "content": said["content"], "link": said["links"][0]["url"]}
    for what, text in named.items():
        yield what, re.sub(r"\$\{([\w.]+)\}", lambda found: values[found[1]], text)


@pytest.mark.slow
def test_there_is_an_alert_for_everything_that_needs_attention(example: Example):
    assert set(alerts(example("prod"))) == {"failed run", "failed step", "stuck run", "late tasks", "function errors"}
    assert alerts(example("minimal")) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["failed run", "failed step", "stuck run", "late tasks", "function errors"])
def test_every_command_in_an_alert_exists(example: Example, name: str):
    said = dict(texts(alerts(example("prod"))[name]))
    (line,) = re.findall(r"`([^`]+)`", said["content"])
    program, command, *words = shlex.split(line)
    assert (program, command in COMMANDS) == ("orchestrator", True)
    context = app.make_context("orchestrator", [command, *words])
    found = app.get_command(context, command)
    assert found is not None
    assert found.make_context(command, words, parent=context).params


def test_an_alert_of_a_failed_step_names_its_run_and_cause_and_links_its_logs(example: Example):
    said = dict(texts(alerts(example("prod"))["failed step"]))
    assert said["subject"] == "orchestrator-prod: failed step: sales-1 load"
    assert said["content"] == (
        "step 'load' of run sales-1 failed: disk full\n\n"
        "- graph: sales\n- run: sales-1\n- step: load\n- cause: worker\n\n"
        "For details: `orchestrator explain sales-1 load --store 'firestore://your-project/orchestrator-prod'`"
    )
    assert unquote(said["link"]) == (
        "https://console.cloud.google.com/logs/query;"
        'query=resource.type="cloud_run_revision" AND jsonPayload.run="sales-1"?project=your-project'
    )


@pytest.mark.parametrize("name", ["failed run", "stuck run"])
def test_a_run_is_named_and_its_logs_are_linked(example: Example, name: str):
    said = dict(texts(alerts(example("prod"))[name]))
    assert said["subject"] == f"orchestrator-prod: {name}: sales-1"
    assert "orchestrator status sales-1 --store" in said["content"]
    assert 'jsonPayload.run="sales-1"' in unquote(said["link"])


@pytest.mark.parametrize("name", ["late tasks", "function errors"])
def test_a_queue_or_a_function_is_named_and_linked(example: Example, name: str):
    said = dict(texts(alerts(example("prod"))[name]))
    label = LABELS["queue_id" if name == "late tasks" else "service_name"]
    assert label in said["content"]
    assert label in said["link"]


def test_each_counted_log_entry_raises_the_right_alert(example: Example):
    """A cancelled run raises no alert, and neither it nor a failed step is an error of a function."""
    deployed = example("prod")
    filters = {
        name: compiled(policy["conditions"][0]["condition_matched_log"][0]["filter"])
        for name, policy in alerts(deployed).items()
        if policy["conditions"][0]["condition_matched_log"]
    }
    filters["function errors"] = compiled(deployed.resources["google_logging_metric.errors"]["filter"])
    kinds = ("run_succeeded", "run_failed", "run_cancelled", "run_stuck", "step_failed", "task_dropped")
    severity = {"run_succeeded": "INFO", "run_cancelled": "NOTICE", "run_stuck": "WARNING"}
    told = {
        kind: {
            name
            for name, matches in filters.items()
            if matches(entry(kind) | {"severity": severity.get(kind, "ERROR")})
        }
        for kind in kinds
    }
    assert told == {
        "run_succeeded": set(),
        "run_failed": {"failed run"},
        "run_cancelled": set(),
        "run_stuck": {"stuck run"},
        "step_failed": {"failed step"},
        "task_dropped": {"function errors"},
    }


@pytest.mark.slow
def test_the_dashboard_shows_how_runs_ended_and_what_went_wrong(example: Example):
    """Everything that is counted is in one of the two charts."""
    board = example("minimal").resources["google_monitoring_dashboard.runs"]["dashboard_json"].replace('\\"', '"')
    ends, wrong = re.findall(r"metric\.label\.counted=one_of\(([^)]+)\)", board)
    assert ends == '"run_succeeded","run_failed","run_cancelled"'
    assert wrong == '"run_stuck","step_failed","task_dropped","malformed","unreadable","task_refused"'
