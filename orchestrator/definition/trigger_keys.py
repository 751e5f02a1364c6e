"""The trigger rule of a step, as it is written in a graph file: its name, or a mapping of it to its number."""

from typing import Annotated, Any, NamedTuple

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from orchestrator.core.rules import TriggerRule
from orchestrator.definition.durations import DURATION_SCHEMA, some_seconds
from orchestrator.definition.keys import refusal
from orchestrator.text import did_you_mean, listed, shown

#: The trigger rules that need a number, with an example of it.
_NUMBERED = {TriggerRule.AT_LEAST: "3", TriggerRule.ALL_DONE_WITHIN: "2h"}

_RULES = {str(rule): rule for rule in TriggerRule if rule not in _NUMBERED}

_WITH_NUMBERS = " or ".join(f"{{{rule}: {example}}}" for rule, example in _NUMBERED.items())


class Trigger(NamedTuple):
    """A trigger rule with its number: the fields of a step."""

    trigger: TriggerRule
    at_least: int | None = None
    within: float | None = None


def trigger(value: object) -> Trigger:
    """A rule by its name, or a mapping of a rule to its number."""
    if isinstance(value, dict):
        return _numbered(value)
    if isinstance(value, str) and value in _RULES:
        return Trigger(_RULES[value])
    if isinstance(value, str) and (example := _NUMBERED.get(value)):  # type: ignore[call-overload]
        raise refusal(f"{value} needs a number: write {{{value}: {example}}}")
    hint = did_you_mean(value, list(TriggerRule)) or f": it is one of {listed(_RULES)}, or {_WITH_NUMBERS}"
    raise refusal(f"no trigger rule is called {shown(value)}{hint}")


def _numbered(value: dict[Any, Any]) -> Trigger:
    if len(value) != 1 or (rule := next(iter(value))) not in _NUMBERED:
        raise refusal(f"expected the name of a rule, or {_WITH_NUMBERS}, got {shown(value)}")
    number = value[rule]
    if rule == TriggerRule.ALL_DONE_WITHIN:
        try:
            return Trigger(TriggerRule.ALL_DONE_WITHIN, within=some_seconds(number))
        except PydanticCustomError as error:
            raise refusal(error.message(), (rule,)) from error
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise refusal(f"expected a whole number of at least 1, got {shown(number)}", (rule,))
    return Trigger(TriggerRule.AT_LEAST, at_least=number)


def default_trigger(value: object) -> Trigger:
    """The rule of steps that name none. How many steps come before one is known only at that step."""
    if isinstance(value, dict):
        raise refusal("expected the name of a rule: write one with a number at the step that it is meant for")
    return trigger(value)


_RULE_SCHEMA = {"enum": [*_RULES]}

_NUMBER_SCHEMAS = [
    {"type": "object", "properties": {rule: number}, "required": [rule], "additionalProperties": False}
    for rule, number in (("at_least", {"type": "integer", "minimum": 1}), ("all_done_within", DURATION_SCHEMA))
]

TriggerKey = Annotated[Trigger, PlainValidator(trigger), WithJsonSchema({"anyOf": [_RULE_SCHEMA, *_NUMBER_SCHEMAS]})]

DefaultTriggerKey = Annotated[Trigger, PlainValidator(default_trigger), WithJsonSchema(_RULE_SCHEMA)]
