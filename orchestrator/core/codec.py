"""Converts the states of steps, and runs, to JSON data and back. Fields at their default are left out.

Stored data may come from another version, or be damaged: unknown fields are ignored, and everything else that does not
fit raises ValueError with a sentence. docs/adr/0017-who-may-read-what.md says which version may read what.
"""

import re
from collections.abc import Mapping
from math import inf
from typing import Any

from orchestrator.core.active_runs import Policy
from orchestrator.core.control import Act, Control, Hold, Limits
from orchestrator.core.json_fields import JsonObject, fitting, number, sparse, word
from orchestrator.core.model import MARKS, Run, RunStatus, Status, StepState, Stop
from orchestrator.core.names import RUN_ID
from orchestrator.core.past_attempts import Past, Queued
from orchestrator.core.pools import MAX_PLACES, Place, Wait
from orchestrator.core.rules import Tally
from orchestrator.core.times import LATEST

#: Increase this when the stored form changes in a way that an older version would handle wrongly; that version then
#: leaves such records alone. A new field that an older version may drop without harm is no reason.
SCHEMA = 2

#: Records that all versions handle correctly are still written with the first schema, so that a deployment can be
#: rolled back. Only the states of steps with ``control``, and reruns, are left to versions that know these.
FIRST = 1


def schema_of(record: StepState | Run) -> int:
    """The first schema whose versions handle a record correctly. Older ones would ignore a step's ``control``, and
    let a rerun wait for the steps that it keeps. They would list a run that is a step's job, and not tell that step.
    """
    if isinstance(record, Run):
        new = record.kept or record.nests or record.parent or record.max_parallel is not None
        new = new or record.active_limit is not None
        return SCHEMA if new else FIRST
    plain = record.control is None and record.status is not Status.NEEDS_ATTENTION
    plain = plain and not record.places and record.waits is None  # others would keep places of what has ended
    return FIRST if plain or record.status.final else SCHEMA


def state_to_json(state: StepState) -> JsonObject:
    """A step's state as JSON data."""
    data = sparse(state)
    if state.control is not None:
        data["control"] = _control_to_json(state.control)
    if state.past:
        data["past"] = [sparse(past) for past in state.past]
    if state.queued:
        data["queued"] = [sparse(queued) for queued in state.queued]
    if state.places:
        data["places"] = [[place.pool, place.number] for place in state.places]
    if state.waits is not None:
        data["waits"] = wait_to_json(state.waits)
    if state.passed is not None:
        data["passed"] = sparse(state.passed)
    if state.stop is not None:
        data["stop"] = sparse(state.stop)
    return data


def state_from_json(data: Mapping[str, Any]) -> StepState:
    """The state that ``state_to_json`` wrote."""
    values = fitting(StepState, data)
    values["status"] = word(Status, values.get("status", Status.PENDING))
    if values.get("passed") is not None:
        values["passed"] = Tally(**fitting(Tally, values["passed"]))
    if values.get("stop") is not None:
        values["stop"] = _stop_from_json(values["stop"])
    if values.get("control") is not None:
        values["control"] = _control_from_json(values["control"])
    if "past" in values:
        values["past"] = tuple(Past(**fitting(Past, past)) for past in values["past"])
    if "queued" in values:
        values["queued"] = tuple(Queued(**fitting(Queued, queued)) for queued in values["queued"])
    if "places" in values:
        values["places"] = tuple(_place(place) for place in values["places"])
    if values.get("waits") is not None:
        values["waits"] = wait_from_json(values["waits"])
    return StepState(**values)


def wait_to_json(wait: Wait) -> JsonObject:
    """Who waits for a place, as JSON data."""
    return sparse(wait)


def wait_from_json(data: object) -> Wait:
    """The wait that ``wait_to_json`` wrote."""
    return Wait(**fitting(Wait, data))


def _place(data: object) -> Place:
    if not isinstance(data, list | tuple) or len(data) != 2 or type(data[0]) is not str:
        raise ValueError(f"expected a pool and the number of a place in it, got {data!r:.60}")
    return Place(data[0], number(data[1], MAX_PLACES))


def _stop_from_json(data: object) -> Stop:
    values = fitting(Stop, data)
    if (mark := values.get("mark")) is not None:
        values["mark"] = word(Status, mark)
        if mark not in MARKS:
            raise ValueError(f"Stop.mark: expected {' or '.join(MARKS)}, got {mark!r:.60}")
    return Stop(**values)


def _control_to_json(control: Control) -> JsonObject:
    data = sparse(control)
    if control.hold is not None:
        data["hold"] = sparse(control.hold)
    if control.acts:
        data["acts"] = [sparse(act) for act in control.acts]
    if control.limits is not None:
        data["limits"] = sparse(control.limits)
    return data


def _control_from_json(data: object) -> Control:
    values = fitting(Control, data)
    if values.get("hold") is not None:
        values["hold"] = Hold(**fitting(Hold, _clamped(values["hold"])))
    values["acts"] = tuple(Act(**fitting(Act, act)) for act in values.get("acts", ()))
    if values.get("limits") is not None:
        values["limits"] = Limits(**fitting(Limits, values["limits"]))
    return Control(**values)


def _clamped(hold: object) -> object:
    """A hold whose end the calendar can represent: older versions accepted days of the year 9999."""
    match hold:
        case {"until": int() | float() as until, **others} if LATEST < until < inf:
            return {**others, "until": LATEST}
    return hold


def run_to_json(run: Run) -> JsonObject:
    """A run as JSON data."""
    data = {**sparse(run), "status": run.status}
    if run.stop is not None:
        data["stop"] = sparse(run.stop)
    if run.drives:
        data["drives"] = [sparse(act) for act in run.drives]
    return data


def run_from_json(data: Mapping[str, Any]) -> Run:
    """The run that ``run_to_json`` wrote."""
    values = fitting(Run, data)
    if not re.fullmatch(RUN_ID, values["id"]):
        raise ValueError(f"Run.id: expected what a run may be called, got {values['id']!r:.60}")
    values["status"] = word(RunStatus, values.get("status", RunStatus.RUNNING))
    if "active_policy" in values:
        values["active_policy"] = word(Policy, values["active_policy"])
    if values.get("stop") is not None:
        values["stop"] = _stop_from_json(values["stop"])
    notify = values.get("notify")
    if notify and not all(isinstance(occasions, list | tuple) for occasions in notify.values()):
        raise ValueError(f"Run.notify: expected a list for each receiver, got {notify!r:.60}")
    if not all(type(at) in (int, float) and 0 <= at <= LATEST for at in values.get("moments", {}).values()):
        raise ValueError(f"Run.moments: expected numbers from 0 to {LATEST:,}, got {values['moments']!r:.60}")
    values["inside"] = tuple(values.get("inside", ()))
    if not all(type(path) is str for path in values["inside"]):
        raise ValueError(f"Run.inside: expected names of steps, got {values['inside']!r:.60}")
    values["drives"] = tuple(Act(**fitting(Act, act)) for act in values.get("drives", ()))
    return Run(**values)
