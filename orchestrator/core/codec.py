"""Converts what is stored (steps, plans, states, runs) to JSON data and back. Fields at their default are left out.

Stored data may come from another version, or be damaged: unknown fields are ignored, and everything else that does not
fit raises ValueError with a sentence. docs/adr/0017-who-may-read-what.md says which version may read what.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from orchestrator.core.control import Act, Control, Hold
from orchestrator.core.model import MARKS, Run, RunStatus, Status, StepState, Stop
from orchestrator.core.names import RUN_ID, STEP_NAME
from orchestrator.core.param import Param
from orchestrator.core.past import Past
from orchestrator.core.plan import FailsOn, Inner, JoinPlan, Node, Plan, Role
from orchestrator.core.pools import MAX_PLACES, Place, Wait
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import CheckPolicy, OnFailure, Retry, Step, Work
from orchestrator.core.times import LATEST

JsonObject = dict[str, Any]

#: Increase this when the stored form changes in a way that an older version would handle wrongly; that version then
#: leaves such records alone. A new field that an older version may drop without harm is no reason.
SCHEMA = 2

#: Records that all versions handle correctly are still written with the first schema, so that a deployment can be
#: rolled back. Only the states of steps with ``control``, and reruns, are left to versions that know these.
FIRST = 1

_E = TypeVar("_E", bound=StrEnum)

_NUMBERS = (int, float)


def step_to_json(step: Step) -> JsonObject:
    """A step as JSON data."""
    data = _sparse(step)
    for name in ("work", "retry", "check", "local"):
        if name in data:
            data[name] = _sparse(data[name])
    return data


def step_from_json(data: Mapping[str, Any]) -> Step:
    """The step that ``step_to_json`` wrote."""
    values = _fitting(Step, data)
    for name, made in (("work", Work), ("local", Work), ("retry", Retry), ("check", CheckPolicy)):
        if values.get(name) is not None:
            values[name] = made(**_fitting(made, values[name]))
    values["after"] = tuple(values.get("after", ()))
    if not re.fullmatch(STEP_NAME, values["name"]):
        raise ValueError(f"Step.name: expected what a step may be called, got {values['name']!r:.60}")
    values["trigger"] = _word(TriggerRule, values.get("trigger", TriggerRule.ALL_SUCCESS))
    for rule, name in ((TriggerRule.AT_LEAST, "at_least"), (TriggerRule.ALL_DONE_WITHIN, "within")):
        if values["trigger"] is rule and values.get(name) is None:
            raise ValueError(f"a Step with the trigger {rule} lacks {name}")
    values["on_failure"] = _word(OnFailure, values.get("on_failure", OnFailure.FAIL))
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
    }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The plan that ``plan_to_json`` wrote."""
    values = _fitting(Plan, data)
    steps, nodes, joins = values["steps"], len(values["nodes"]), len(values["joins"])
    return Plan(
        values["graph"],
        values["version"],
        tuple(step_from_json(step) for step in steps),
        tuple(
            Node(str(name), _word(Role, role), _word(TriggerRule, rule), _one(join, joins), _all(arrives, joins))
            for name, role, rule, join, arrives, *_ in values["nodes"]
        ),
        tuple(
            JoinPlan(_number(size, nodes + 1), _all(waiting, nodes), _one(only, nodes))
            for size, waiting, only, *_ in values["joins"]
        ),
        _word(FailsOn, values.get("fails_on", FailsOn.LEAVES)),  # a plan without this field was compiled for leaves
        {version: _inner_from_json(inner) for version, inner in values.get("inners", {}).items()},
    )


def _inner_to_json(inner: Inner) -> JsonObject:
    return {**_sparse(inner), "plan": plan_to_json(inner.plan), "params": [_sparse(param) for param in inner.params]}


def _inner_from_json(data: object) -> Inner:
    values = _fitting(Inner, data)
    values["plan"] = plan_from_json(values["plan"])
    values["params"] = tuple(_param_from_json(param) for param in values.get("params", ()))
    values["unsafe"] = tuple(map(str, values.get("unsafe", ())))
    return Inner(**values)


def _param_from_json(data: Mapping[str, Any]) -> Param:
    values = _fitting(Param, {key: value for key, value in data.items() if key != "default"})
    values["values"] = tuple(map(str, values.get("values", ())))
    return Param(**values, default=data.get("default"))


def schema_of(record: StepState | Run) -> int:
    """The first schema whose versions handle a record correctly. Older ones would ignore a step's ``control``, and
    let a rerun wait for the steps that it keeps. They would list a run that is a step's job, and not tell that step.
    """
    if isinstance(record, Run):
        return SCHEMA if record.kept or record.nests or record.parent else FIRST
    plain = record.control is None and record.status is not Status.NEEDS_ATTENTION
    plain = plain and not record.places and record.waits is None  # others would keep places of what has ended
    return FIRST if plain or record.status.final else SCHEMA


def schema_of_plan(plan: Plan) -> int:
    """The same for a plan: older versions would not hold a step that has failed, and know none of these rules, graphs
    inside and pools.
    """
    if plan.inners:
        return SCHEMA
    for step in plan.steps:  # a call for each of them would count
        new = step.at_least is not None or step.within is not None or step.pool is not None
        if step.on_failure is OnFailure.HOLD or new:
            return SCHEMA
    return FIRST


def state_to_json(state: StepState) -> JsonObject:
    """A step's state as JSON data."""
    data = _sparse(state)
    if state.control is not None:
        data["control"] = _control_to_json(state.control)
    if state.past:
        data["past"] = [_sparse(past) for past in state.past]
    if state.places:
        data["places"] = [[place.pool, place.number] for place in state.places]
    if state.waits is not None:
        data["waits"] = wait_to_json(state.waits)
    if state.passed is not None:
        data["passed"] = _sparse(state.passed)
    if state.stop is not None:
        data["stop"] = _sparse(state.stop)
    return data


def state_from_json(data: Mapping[str, Any]) -> StepState:
    """The state that ``state_to_json`` wrote."""
    values = _fitting(StepState, data)
    values["status"] = _word(Status, values.get("status", Status.PENDING))
    if values.get("passed") is not None:
        values["passed"] = Tally(**_fitting(Tally, values["passed"]))
    if values.get("stop") is not None:
        values["stop"] = _stop_from_json(values["stop"])
    if values.get("control") is not None:
        values["control"] = _control_from_json(values["control"])
    if "past" in values:
        values["past"] = tuple(Past(**_fitting(Past, past)) for past in values["past"])
    if "places" in values:
        values["places"] = tuple(_place(place) for place in values["places"])
    if values.get("waits") is not None:
        values["waits"] = wait_from_json(values["waits"])
    return StepState(**values)


def wait_to_json(wait: Wait) -> JsonObject:
    """Who waits for a place, as JSON data."""
    return _sparse(wait)


def wait_from_json(data: object) -> Wait:
    """The wait that ``wait_to_json`` wrote."""
    return Wait(**_fitting(Wait, data))


def _place(data: object) -> Place:
    if not isinstance(data, list | tuple) or len(data) != 2 or type(data[0]) is not str:
        raise ValueError(f"expected a pool and the number of a place in it, got {data!r:.60}")
    return Place(data[0], _number(data[1], MAX_PLACES))


def _stop_from_json(data: object) -> Stop:
    values = _fitting(Stop, data)
    if (mark := values.get("mark")) is not None:
        values["mark"] = _word(Status, mark)
        if mark not in MARKS:
            raise ValueError(f"Stop.mark: expected {' or '.join(MARKS)}, got {mark!r:.60}")
    return Stop(**values)


def _control_to_json(control: Control) -> JsonObject:
    data = _sparse(control)
    if control.hold is not None:
        data["hold"] = _sparse(control.hold)
    if control.acts:
        data["acts"] = [_sparse(act) for act in control.acts]
    return data


def _control_from_json(data: object) -> Control:
    values = _fitting(Control, data)
    if values.get("hold") is not None:
        values["hold"] = Hold(**_fitting(Hold, values["hold"]))
    values["acts"] = tuple(Act(**_fitting(Act, act)) for act in values.get("acts", ()))
    return Control(**values)


def run_to_json(run: Run) -> JsonObject:
    """A run as JSON data."""
    data = {**_sparse(run), "status": run.status}
    if run.stop is not None:
        data["stop"] = _sparse(run.stop)
    return data


def run_from_json(data: Mapping[str, Any]) -> Run:
    """The run that ``run_to_json`` wrote."""
    values = _fitting(Run, data)
    if not re.fullmatch(RUN_ID, values["id"]):
        raise ValueError(f"Run.id: expected what a run may be called, got {values['id']!r:.60}")
    values["status"] = _word(RunStatus, values.get("status", RunStatus.RUNNING))
    if values.get("stop") is not None:
        values["stop"] = _stop_from_json(values["stop"])
    notify = values.get("notify")
    if notify and not all(isinstance(occasions, list | tuple) for occasions in notify.values()):
        raise ValueError(f"Run.notify: expected a list for each receiver, got {notify!r:.60}")
    return Run(**values)


_PARTS = (
    Step, Work, Retry, CheckPolicy, StepState, Stop, Tally, Run, Control, Hold, Act, Past, Inner, Param, Wait,
)  # fmt: skip

_DEFAULTS = {
    kind: tuple((f.name, f.default if f.default_factory is MISSING else f.default_factory()) for f in fields(kind))
    for kind in _PARTS
}


def _sparse(value: Any) -> JsonObject:
    """The fields of a dataclass that are not at their default, one level deep."""
    data: JsonObject = {}
    for name, default in _DEFAULTS[type(value)]:
        item = getattr(value, name)
        if item is not default and item != default:
            data[name] = item
    return data


def _fitting(kind: type, data: object) -> JsonObject:
    """The fields of ``data`` that ``kind`` has. Raises ValueError if one has a wrong type or is missing."""
    if type(data) is not dict:
        raise ValueError(f"expected a {kind.__name__} as a mapping, got {data!r:.60}")
    forms, values = _FORMS[kind], JsonObject()
    for name, value in data.items():
        if (form := forms.get(name)) is None:
            continue  # from a newer version
        if type(value) not in form:
            raise ValueError(f"{kind.__name__}.{name}: expected {_told(form)}, got {value!r:.60}")
        if type(value) in _NUMBERS and not 0 <= value <= LATEST:  # JSON, as Python reads it, has NaN and Infinity
            raise ValueError(f"{kind.__name__}.{name}: expected a number from 0 to {LATEST:,}, got {value!r:.60}")
        values[name] = value
    if lacking := [name for name in _REQUIRED[kind] if name not in values]:
        raise ValueError(f"a {kind.__name__} lacks {' and '.join(lacking)}")
    return values


def _word(kind: type[_E], value: object) -> _E:
    """The member of ``kind`` with this value. Raises ValueError, also for a value of a newer version."""
    found = kind._value2member_map_.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"expected a {kind.__name__}, got {value!r:.60}, which this version does not know")
    return found  # type: ignore[return-value]


def _number(value: object, below: int) -> int:
    """``value`` if it is the number of a node or a join. Raises ValueError."""
    if type(value) is not int or not 0 <= value < below:
        raise ValueError(f"expected a whole number below {below:,} in a plan, got {value!r:.60}")
    return value


def _one(value: object, below: int) -> int | None:
    return None if value is None else _number(value, below)


def _all(values: Iterable[object], below: int) -> tuple[int, ...]:
    return tuple(_number(value, below) for value in values)


def _form(kind: Any) -> frozenset[type]:
    """The types that a field with this annotation may have when read from JSON."""
    if isinstance(kind, UnionType):
        return frozenset[type]().union(*map(_form, get_args(kind)))
    made = get_origin(kind) or kind
    if isinstance(made, str):  # of an Inner its plan; and the default of a Param, which is any JSON
        return frozenset((dict,)) if made == "Plan" else frozenset()
    if made is float:
        return frozenset((int, float))
    if made in (str, int, bool, type(None)):
        return frozenset((made,))
    if issubclass(made, StrEnum):
        return frozenset((str, made))
    return frozenset((list, tuple)) if made is tuple else frozenset((dict,))


def _told(form: frozenset[type]) -> str:
    return " or ".join(sorted(kind.__name__ for kind in form))


_KINDS = (Plan, *_PARTS)
_FORMS: dict[type, dict[str, frozenset[type]]] = {
    kind: {one.name: _form(one.type) for one in fields(kind)} for kind in _KINDS
}
_REQUIRED: dict[type, list[str]] = {
    kind: [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]
    for kind in _KINDS
}
