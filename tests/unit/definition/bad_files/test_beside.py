"""A mistake in one step hides none in another: whatever is wrong with a value, the rest of the file is checked."""

from pathlib import Path

import pytest

from orchestrator import load_graph
from orchestrator.errors import InvalidGraphError

GRAPH = """name: g
steps:
  a:
    {wrong}
  b: {{after: [nobody], command: [x, "{{{{ params.nope }}}}"]}}
"""

OTHERS = (
    "g.yaml:5: step 'b': after: no step is called 'nobody'",
    "g.yaml:5: step 'b': command[1]: no param is called 'nope'",
)


@pytest.mark.parametrize(
    "wrong",
    [
        "dataflow: {template: s3://x}",
        "dataflow: {template: 5, region: 7}",
        "dataflow: {region: europe-west4}",
        "dataflow: {template: gs://b/t, nope: 1}",
        "dataflow: {template: gs://b/t, labels: 5}",
        "dataflow: 5",
        "retry: {attempts: x}",
        "retry: 5",
        "check: {every: x}",
        "trigger: {at_least: x}",
        "trigger: {nope: 1}",
        "local: {dataflow: {template: s3://x}}",
        "command: {}",
        "python: 7",
        "wait: x",
        "timeout: -1",
        "nonsense: 5",
        "5",
    ],
)
def test_a_wrong_value_hides_no_other_mistake(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "g.yaml"
    file.write_text(GRAPH.format(wrong=wrong))
    with pytest.raises(InvalidGraphError) as refused:
        load_graph(file)
    told = [line.removeprefix(f"{tmp_path}/") for line in refused.value.lines]
    assert [line for line in told if ": step 'a'" in line] != []
    assert [[line for line in told if line.startswith(other)] != [] for other in OTHERS] == [True, True]


def test_what_is_left_of_a_job_without_a_template_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "g.yaml"
    file.write_text(
        'name: g\nsteps:\n  a: {dataflow: {template: s3://x, region: r1, parameters: {d: "{{ params.no }}"}}}\n'
    )
    with pytest.raises(InvalidGraphError) as refused:
        load_graph(file)
    assert [line.partition("dataflow.")[2][:13] for line in refused.value.lines] == ["template: exp", "parameters.d:"]
