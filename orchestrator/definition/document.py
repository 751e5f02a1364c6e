"""Writes a core graph as a document of the file format: the reverse of ``build``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.core.active_runs import ActiveRuns, Policy
from orchestrator.core.graph import Graph, Schedule
from orchestrator.core.kinds import kind_of
from orchestrator.core.param import Param
from orchestrator.core.plan import FailsOn, Inner
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, OnFailure, Retry, Step
from orchestrator.definition.kinds import seconds_text, write
from orchestrator.receivers.receiver import DEFAULT


def document(graph: Graph) -> dict[str, Any]:
    """The document of a graph: ``build(document(graph))`` is ``graph`` again."""
    result: dict[str, Any] = {"name": graph.name}
    if graph.description:
        result["description"] = graph.description
    if graph.params:
        result["params"] = {param.name: param_keys(param) for param in graph.params}
    if graph.unsafe_params:
        result["unsafe_params"] = list(graph.unsafe_params)
    if graph.schedule is not None:
        result["schedule"] = schedule_keys(graph.schedule)
    if graph.fails_on is not FailsOn.ANY:
        result["fails_on"] = str(graph.fails_on)
    if graph.max_parallel is not None:
        result["max_parallel"] = graph.max_parallel
    if graph.active is not None:
        result["max_active_runs"] = active_keys(graph.active)
    if graph.notify:
        result["notify"] = notify_keys(graph.notify)
    if graph.deadline is not None:
        result["deadline"] = _deadline(graph.deadline)
    if not graph.deploy:
        result["deploy"] = False
    if graph.outputs:
        result["outputs"] = dict(graph.outputs)
    result["steps"] = {step.name: step_keys(step, graph.inners) for step in graph.steps}
    return result


def active_keys(active: ActiveRuns) -> int | dict[str, Any]:
    """The keys of how many runs of a graph may be active at once."""
    return active.limit if active.policy is Policy.QUEUE else {"limit": active.limit, "policy": str(active.policy)}


def notify_keys(notify: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The keys of what a graph says about receivers."""
    return {name: DEFAULT if tuple(said) == (DEFAULT,) else list(said) for name, said in notify.items()}


def step_keys(step: Step, inners: Mapping[str, Inner]) -> dict[str, Any]:
    """The keys of one step, ``after`` included. ``inners``: those of its graph."""
    keys = write(step.work)
    if kind_of(step.work).maps:
        (body,) = inners[step.inner].plan.steps
        given = {key: step.work.spec[key] for key in ("tolerate", "max_parallel") if key in step.work.spec}
        keys = {"map": step.work.spec["over"], **given, **step_keys(body, {})}
    if step.after:
        keys["after"] = list(step.after)
    if step.trigger is not TriggerRule.ALL_SUCCESS:
        keys["trigger"] = _trigger(step)
    for key in ("when", "job_name", "pool"):
        if (value := getattr(step, key)) is not None:
            keys[key] = value
    keys |= {key: value for key in ("allow_failure", "teardown", "priority") if (value := getattr(step, key))}
    if step.on_failure is not OnFailure.FAIL:
        keys["on_failure"] = str(step.on_failure)
    if step.description:
        keys["description"] = step.description
    keys |= _times(step)
    if step.local is not None:
        keys["local"] = write(step.local)
    return keys


def _times(step: Step) -> dict[str, Any]:
    """The keys of a step that say when something is done."""
    keys: dict[str, Any] = {}
    if step.retry != Retry():
        retry = step.retry
        delays = {"delay": seconds_text(retry.delay), "max_delay": seconds_text(retry.max_delay)}
        keys["retry"] = {"attempts": retry.attempts, "backoff": retry.backoff, **delays}
    if step.timeout is not None:
        keys["timeout"] = seconds_text(step.timeout)
    if step.deadline is not None:
        keys["deadline"] = _deadline(step.deadline)
    if step.check != CheckPolicy():
        delay = {} if step.check.delay is None else {"delay": seconds_text(step.check.delay)}
        keys["check"] = {**delay, "every": seconds_text(step.check.every)}
    return keys


def _deadline(deadline: float | str) -> str:
    return deadline if isinstance(deadline, str) else seconds_text(deadline)


def _trigger(step: Step) -> str | dict[str, int | str]:
    if step.at_least is not None:
        return {str(step.trigger): step.at_least}
    return str(step.trigger) if step.within is None else {str(step.trigger): seconds_text(step.within)}


def param_keys(param: Param) -> dict[str, Any]:
    """The keys of one param, in full."""
    keys: dict[str, Any] = {"type": param.type}
    if not param.required:
        keys["default"] = param.default
    if param.values:
        keys["values"] = list(param.values)
    if param.pattern:
        keys["pattern"] = param.pattern
    if param.description:
        keys["description"] = param.description
    return keys


def schedule_keys(schedule: Schedule) -> dict[str, Any]:
    """The keys of a schedule, in full."""
    return asdict(schedule)
