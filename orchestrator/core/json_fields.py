"""The fields of what is stored, as JSON data has them: those at their default are left out, and each type is checked.

Unknown fields are ignored: a newer version may have written them. Everything else that does not fit raises ValueError.
"""

from dataclasses import MISSING, fields
from enum import StrEnum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from orchestrator.core.control import Act, Control, Hold, Limits
from orchestrator.core.model import Run, StepState, Stop
from orchestrator.core.param import Param
from orchestrator.core.past_attempts import Past, Queued
from orchestrator.core.plan import Inner, Plan
from orchestrator.core.pools import Wait
from orchestrator.core.rules import Tally
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work
from orchestrator.core.times import LATEST

JsonObject = dict[str, Any]

_E = TypeVar("_E", bound=StrEnum)

_NUMBERS = (int, float)

_PARTS = (
    Step, Work, Retry, CheckPolicy, StepState, Stop, Tally, Run, Control, Hold, Act, Limits, Past, Queued, Inner, Param,
    Wait,
)  # fmt: skip

_DEFAULTS = {
    kind: tuple((f.name, f.default if f.default_factory is MISSING else f.default_factory()) for f in fields(kind))
    for kind in _PARTS
}


def sparse(value: Any) -> JsonObject:
    """The fields of a dataclass that are not at their default, one level deep."""
    data: JsonObject = {}
    for name, default in _DEFAULTS[type(value)]:
        item = getattr(value, name)
        if item is not default and item != default:
            data[name] = item
    return data


def fitting(kind: type, data: object) -> JsonObject:
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


def word(kind: type[_E], value: object) -> _E:
    """The member of ``kind`` with this value. Raises ValueError, also for a value of a newer version."""
    found = kind._value2member_map_.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"expected a {kind.__name__}, got {value!r:.60}, which this version does not know")
    return found  # type: ignore[return-value]


def number(value: object, below: int) -> int:
    """``value`` if it is the number of a node or a join. Raises ValueError."""
    if type(value) is not int or not 0 <= value < below:
        raise ValueError(f"expected a whole number below {below:,} in a plan, got {value!r:.60}")
    return value


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
