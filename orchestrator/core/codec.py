"""Frozen data <-> JSON data, for what is stored: steps, plans, states, runs. What is at its default is left out."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from orchestrator.core.model import Run, RunStatus, Status, StepState, Stop
from orchestrator.core.plan import FailsOn, JoinPlan, Node, Plan, Role
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work

JsonObject = dict[str, Any]


def step_to_json(step: Step) -> JsonObject:
    """A step as JSON data."""
    data = _sparse(step)
    for name in ("work", "retry", "check", "local"):
        if name in data:
            data[name] = _sparse(data[name])
    return data


def step_from_json(data: Mapping[str, Any]) -> Step:
    """The step that ``step_to_json`` wrote."""
    values = dict(data)
    for name, made in (("work", Work), ("local", Work), ("retry", Retry), ("check", CheckPolicy)):
        if name in values:
            values[name] = made(**values[name])
    values["after"] = tuple(values.get("after", ()))
    values["trigger"] = TriggerRule(values.get("trigger", TriggerRule.ALL_SUCCESS))
    return Step(**values)


def plan_to_json(plan: Plan) -> JsonObject:
    """A plan as JSON data: nodes and joins as short lists, since there may be thousands."""
    return {
        "graph": plan.graph,
        "version": plan.version,
        "steps": [step_to_json(step) for step in plan.steps],
        "nodes": [[n.name, n.role, n.rule, n.join, n.arrives] for n in plan.nodes],
        "joins": [[j.size, j.doors, j.only] for j in plan.joins],
        "fails_on": plan.fails_on,
    }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The plan that ``plan_to_json`` wrote."""
    return Plan(
        data["graph"],
        data["version"],
        tuple(step_from_json(step) for step in data["steps"]),
        tuple(
            Node(name, Role(role), TriggerRule(rule), join, tuple(arrives))
            for name, role, rule, join, arrives in data["nodes"]
        ),
        tuple(JoinPlan(size, tuple(doors), only) for size, doors, only in data["joins"]),
        FailsOn(data.get("fails_on", FailsOn.LEAVES)),  # as plans were compiled that do not say
    )


def state_to_json(state: StepState) -> JsonObject:
    """A step's state as JSON data."""
    data = _sparse(state)
    if state.passed is not None:
        data["passed"] = _sparse(state.passed)
    if state.stop is not None:
        data["stop"] = _sparse(state.stop)
    return data


def state_from_json(data: Mapping[str, Any]) -> StepState:
    """The state that ``state_to_json`` wrote."""
    values = dict(data)
    values["status"] = Status(values.get("status", Status.PENDING))
    if "passed" in values:
        values["passed"] = Tally(**values["passed"])
    if "stop" in values:
        values["stop"] = Stop(**values["stop"])
    return StepState(**values)


def run_to_json(run: Run) -> JsonObject:
    """A run as JSON data."""
    data = {**_sparse(run), "status": run.status}
    if run.stop is not None:
        data["stop"] = _sparse(run.stop)
    return data


def run_from_json(data: Mapping[str, Any]) -> Run:
    """The run that ``run_to_json`` wrote."""
    values = dict(data)
    values["status"] = RunStatus(values["status"])
    if "stop" in values:
        values["stop"] = Stop(**values["stop"])
    return Run(**values)


_DEFAULTS = {
    kind: tuple((f.name, f.default if f.default_factory is MISSING else f.default_factory()) for f in fields(kind))
    for kind in (Step, Work, Retry, CheckPolicy, StepState, Stop, Tally, Run)
}


def _sparse(value: Any) -> JsonObject:
    """The fields of a dataclass that are not at their default, one level deep."""
    return {
        name: item
        for name, default in _DEFAULTS[type(value)]
        if (item := getattr(value, name)) is not default and item != default
    }
