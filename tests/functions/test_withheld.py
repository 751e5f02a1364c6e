"""What a log says of a failed step: no value that somebody gave the run, and the whole is kept with the step."""

import pytest

from orchestrator.core.messages import Launch
from orchestrator.core.model import Status
from tests.functions.cloud import KEY, Cloud, logged

SECRET = "hunter2-secret"
STEPS = {
    "when": 'when: "{{ params.p }}", wait: 1s',
    "date": 'dataflow: {template: gs://b/x, region: r, parameters: {d: "{{ params.p | add_days(1) }}"}}',
    "derived": 'dataflow: {template: gs://b/x, region: r, parameters: {d: "{{ params.p | upper | add_days(1) }}"}}',
    "key": 'dataflow: {template: gs://b/x, region: r, parameters: {d: "{{ {params.n: 1}[params.p] }}"}}',
    "filter": 'dataflow: {template: gs://b/x, region: r, parameters: {d: "{{ [1] | map(params.p) | list }}"}}',
    "number": 'dataflow: {template: gs://b/x, region: r, parameters: {d: "{{ params.p | filesizeformat }}"}}',
    "region": 'dataflow: {template: gs://b/x, region: "{{ params.p }}!"}',
    "workers": 'dataflow: {template: gs://b/x, region: r, max_workers: "{{ params.p }}"}',
}


@pytest.mark.parametrize("step", STEPS)
def test_the_log_of_a_failed_step_has_no_param_in_it_and_the_step_has_it_all(cloud: Cloud, step: str) -> None:
    text = f"name: l\nparams: {{p: string, n: 1}}\nsteps:\n  {step}: {{{STEPS[step]}}}\n"
    (cloud.folder / "graphs" / "l.yaml").write_text(text)
    with logged() as lines:
        assert cloud.post("start", {"graph": "l", "run_id": "l1", "params": {"p": SECRET}}).status_code == 201
        assert cloud.task(Launch(KEY, 0, 1)).status_code == 200
    state = cloud.world("on_task").engine.ledger.store.load_all(KEY).state(0)
    assert state.status is Status.FAILED
    assert state.error is not None
    assert SECRET in state.error.lower()
    assert SECRET not in str(lines).lower()
    (line,) = [line for line in lines if line.get("counted") == "step_failed"]
    if state.cause == "expression":
        assert line["error"] == f"an expression gave no value that is fit for its place: orchestrator explain l1 {step}"
    else:
        assert "{{ params.p }}" in line["error"]
    assert line["message"] == f"step '{step}' of run l1 failed: {line['error']}"
