"""A run as one JSON object, the shape that ``run --json`` and ``status --json`` print. Pure."""

from collections.abc import Collection
from typing import Any

from orchestrator.core.kinds import kind_of
from orchestrator.core.model import PENDING, Run, StepState, Stop
from orchestrator.core.plan import Node, Plan, Role
from orchestrator.core.steps import Step
from orchestrator.reporting.deadlines import deadline_data
from orchestrator.reporting.held import hold_of
from orchestrator.reporting.in_line import waits_data
from orchestrator.reporting.limits import limits_data
from orchestrator.reporting.times import iso
from orchestrator.reporting.upstream import States


def report(run: Run, plan: Plan, states: States, word: str, unknown: Collection[int] = frozenset()) -> dict[str, Any]:
    """The run with every step of its graph, by name. Times are ISO 8601 in UTC; what is not known yet is null.

    Only a step that has succeeded while its job is still running has the key ``live``, only one that a rerun keeps has
    ``kept``, only one whose job is a run has ``run``, the id of that, only what has a deadline has ``deadline``, and
    only what waits in line for a place has ``waits``, and only what has limits that somebody has set has ``limits``.
    Steps in ``unknown`` are left out.
    """
    known = ((number, step) for number, step in enumerate(plan.steps) if number not in unknown)
    steps = {
        step.name: step_report(plan.nodes[number], states.get(number, PENDING))
        | _inside(step, states.get(number, PENDING))
        | deadline_data(run, plan, states.get(number, PENDING), number)
        | limits_data(plan, number, states.get(number, PENDING))
        for number, step in known
    }
    end = states.get(plan.end, PENDING)
    own = {**waits_data(end), **deadline_data(run, plan, end, plan.end), **limits_data(plan, plan.end, end)}
    return {**headline(run, word), **own, "steps": steps}


def headline(run: Run, word: str) -> dict[str, Any]:
    """The run without its steps, as ``runs --json`` lists it. ``word``: its status (``run_records.standing``).

    A failed run has ``failed``: the steps that made it fail, each with the class of its failure. A cancelled run has
    ``cancelled``. A rerun has ``rerun_of``, the id of the run that it keeps steps of, and ``family``, the first one's.
    """
    return {
        "run": run.id,
        "graph": run.graph,
        "version": run.version,
        "status": word,
        "params": dict(run.params),
        "time_zone": run.time_zone,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at),
        **({"rerun_of": run.rerun_of, "family": run.family} if run.rerun_of else {}),
        **({"failed": dict(run.failed)} if run.failed else {}),
        **_cancelled(run.stop),
    }


def step_report(node: Node, state: StepState) -> dict[str, Any]:
    """A step, as it is in the report of its run."""
    return {
        "status": str(state.status),
        "attempt": state.attempt,
        "started_at": iso(state.started_at),
        "ended_at": iso(state.ended_at),
        "job": state.job,
        "outputs": dict(state.outputs or {}),
        "error": state.error,
        "cause": state.cause,
        **_cancelled(state.stop),
        **_held(state),
        **waits_data(state),
        **({"live": True} if state.live else {}),
        **({"kept": True} if node.role is Role.KEPT else {}),
    }


def _inside(step: Step, state: StepState) -> dict[str, Any]:
    """The id of the run that is the job of a step, if it is one."""
    return {"run": state.job_name} if kind_of(step.work).runs and state.job_name is not None else {}


def _held(state: StepState) -> dict[str, Any]:
    """Who holds a step, when, why and until when; empty if nobody does."""
    if (hold := hold_of(state)) is None:
        return {}
    return {"held": {"by": hold.by, "why": hold.why, "at": iso(hold.at), "until": iso(hold.until)}}


def _cancelled(stop: Stop | None) -> dict[str, Any]:
    """Who cancelled a run or a step, or marked a step, when and why; empty if nobody did."""
    if stop is None:
        return {}
    about: dict[str, Any] = {"by": stop.by, "why": stop.why, "at": iso(stop.at)}
    return {"cancelled": about} if stop.mark is None else {"marked": {"as": str(stop.mark), **about}}
