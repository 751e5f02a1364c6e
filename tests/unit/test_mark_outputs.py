"""Who marks a step as succeeded without outputs is told which steps read them."""

from collections.abc import Mapping

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, Status, StepState, View
from orchestrator.core.steps import Step, Work
from orchestrator.operations.control.retry_and_mark import mark
from orchestrator.operations.requests import MarkAsked, Person
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found

READS = "echo {{ steps.load.outputs.rows }}"
STEPS = (
    Step("load", Work("command", {"command": "true"})),
    Step("report", Work("command", {"command": READS}), after=("load",)),
    Step("clean", Work("command", {"command": "echo {{ params.x }}"}), after=("load",)),
    Step("mail", Work("command", {"command": "true"}), after=("load",), when="{{ steps.load.outputs.rows > 1 }}"),
)
PLAN = Graph("g", STEPS).compile()
FOUND = Found(None, Run("r", "key1", "g", PLAN.version, {}, 1.0), PLAN, View(), flag=" --home h")
TOLD = (
    "report and mail read its outputs, and you gave none with --outputs: if that fails, "
    "'orchestrator rerun r --home h --from load' runs all of them again when the run has ended"
)


@pytest.mark.parametrize(
    ("step", "status", "outputs", "more"),
    [
        ("load", Status.SUCCEEDED, None, (TOLD,)),
        ("load", Status.SUCCEEDED, {"rows": 1}, ()),
        ("load", Status.SKIPPED, None, ()),
        ("clean", Status.SUCCEEDED, None, ()),
    ],
)
def test_who_gives_no_outputs_is_told_who_reads_them(
    step: str, status: Status, outputs: Mapping[str, int] | None, more: tuple[str, ...]
):
    def apply(_, event, nodes, __):  # type: ignore[no-untyped-def]
        (node,) = nodes
        return {node: Commit(True, StepState(stop=event.stop), {})}

    done = mark(MarkAsked(step, status, "late", outputs), FOUND, Person("ann", 2.0), apply)
    assert done.changed
    assert done.said[1:] == more
