"""Converts steps and plans to JSON data and back. Fields at their default are left out.

Stored data may come from another version, or be damaged: unknown fields are ignored, and everything else that does not
fit raises ValueError with a sentence. docs/adr/0017-who-may-read-what.md says which version may read what.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.core.active_runs import ActiveRuns, Policy
from orchestrator.core.codec import FIRST, SCHEMA
from orchestrator.core.json_fields import JsonObject, fitting, number, sparse, word
from orchestrator.core.names import STEP_NAME
from orchestrator.core.param import Param
from orchestrator.core.plan import FailsOn, Inner, JoinPlan, Node, Plan, Role
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, OnFailure, Retry, Step, Work


def step_to_json(step: Step) -> JsonObject:
    """A step as JSON data."""
    data = sparse(step)
    for name in ("work", "retry", "check", "local"):
        if name in data:
            data[name] = sparse(data[name])
    return data


def step_from_json(data: Mapping[str, Any]) -> Step:
    """The step that ``step_to_json`` wrote."""
    values = fitting(Step, data)
    for name, made in (("work", Work), ("local", Work), ("retry", Retry), ("check", CheckPolicy)):
        if values.get(name) is not None:
            values[name] = made(**fitting(made, values[name]))
    values["after"] = tuple(values.get("after", ()))
    if not re.fullmatch(STEP_NAME, values["name"]):
        raise ValueError(f"Step.name: expected what a step may be called, got {values['name']!r:.60}")
    values["trigger"] = word(TriggerRule, values.get("trigger", TriggerRule.ALL_SUCCESS))
    for rule, name in ((TriggerRule.AT_LEAST, "at_least"), (TriggerRule.ALL_DONE_WITHIN, "within")):
        if values["trigger"] is rule and values.get(name) is None:
            raise ValueError(f"a Step with the trigger {rule} lacks {name}")
    values["on_failure"] = word(OnFailure, values.get("on_failure", OnFailure.FAIL))
    return Step(**values)


def plan_to_json(plan: Plan) -> JsonObject:
    """A plan as JSON data: nodes and joins as short lists, since there may be thousands."""
    inners = {version: _inner_to_json(inner) for version, inner in plan.inners.items()}
    return {
        "graph": plan.graph,
        "version": plan.version,
        "steps": [step_to_json(step) for step in plan.steps],
        "nodes": [[n.name, n.role, n.rule, n.join, n.arrives] for n in plan.nodes],
        "joins": [[j.size, j.waiting, j.only] for j in plan.joins],
        "fails_on": plan.fails_on,
        **({"inners": inners} if inners else {}),
        **({} if plan.max_parallel is None else {"max_parallel": plan.max_parallel}),
        **({"deadline": plan.deadline} if plan.deadline is not None else {}),
        **({} if plan.active is None else {"active": {"limit": plan.active.limit, "policy": plan.active.policy}}),
    }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The plan that ``plan_to_json`` wrote."""
    values = fitting(Plan, data)
    steps, nodes, joins = values["steps"], len(values["nodes"]), len(values["joins"])
    return Plan(
        values["graph"],
        values["version"],
        tuple(step_from_json(step) for step in steps),
        tuple(
            Node(str(name), word(Role, role), word(TriggerRule, rule), _one(join, joins), _all(arrives, joins))
            for name, role, rule, join, arrives, *_ in values["nodes"]
        ),
        tuple(
            JoinPlan(number(size, nodes + 1), _all(waiting, nodes), _one(only, nodes))
            for size, waiting, only, *_ in values["joins"]
        ),
        word(FailsOn, values.get("fails_on", FailsOn.LEAVES)),  # a plan without this field was compiled for leaves
        {version: _inner_from_json(inner) for version, inner in values.get("inners", {}).items()},
        values.get("max_parallel"),
        values.get("deadline"),
        _active(data.get("active")),
    )


def _active(data: object) -> ActiveRuns | None:
    if data is None:
        return None
    match data:
        case {"limit": int(limit), "policy": policy}:
            return ActiveRuns(limit, word(Policy, policy))
    raise ValueError(f"Plan.active: expected a limit and a policy, got {data!r:.60}")


def _inner_to_json(inner: Inner) -> JsonObject:
    return {**sparse(inner), "plan": plan_to_json(inner.plan), "params": [sparse(param) for param in inner.params]}


def _inner_from_json(data: object) -> Inner:
    values = fitting(Inner, data)
    values["plan"] = plan_from_json(values["plan"])
    values["params"] = tuple(_param_from_json(param) for param in values.get("params", ()))
    values["unsafe"] = tuple(map(str, values.get("unsafe", ())))
    return Inner(**values)


def _param_from_json(data: Mapping[str, Any]) -> Param:
    values = fitting(Param, {key: value for key, value in data.items() if key != "default"})
    values["values"] = tuple(map(str, values.get("values", ())))
    return Param(**values, default=data.get("default"))


def _one(value: object, below: int) -> int | None:
    return None if value is None else number(value, below)


def _all(values: Iterable[object], below: int) -> tuple[int, ...]:
    return tuple(number(value, below) for value in values)


def schema_of_plan(plan: Plan) -> int:
    """The same for a plan: older versions would not hold a step that has failed, and know none of these rules, graphs
    inside and pools.
    """
    if plan.inners or plan.max_parallel is not None or plan.active is not None:
        return SCHEMA
    for step in plan.steps:  # a call for each of them would count
        new = step.at_least is not None or step.within is not None or step.pool is not None
        if step.on_failure is OnFailure.HOLD or new:
            return SCHEMA
    return FIRST
