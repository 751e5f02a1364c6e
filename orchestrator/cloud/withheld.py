"""Removes the values of params from a step's error before it is logged. The whole error is stored with the step.

More people read logs than runs, and logs are kept elsewhere.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

from orchestrator.core.announcing import Failure
from orchestrator.core.model import Run, StepState
from orchestrator.core.steps import Json, Step

#: The shortest value that is removed, and how many characters of a longer one identify it where it is cut off.
_SHORTEST, _KNOWN_BY = 4, 20


def error_for_log(run: Run, step: Step, state: StepState) -> str | None:
    """The step's error with ``{{ params.date }}`` in place of the param's value, also where the value is cut off.

    What an expression computed from params cannot be recognised: its error is replaced by the command that shows it.
    """
    if state.error is None:
        return None
    if state.cause == "expression":
        return f"an expression gave no value that is fit for its place: orchestrator explain {run.id} {step.name}"
    text = state.error
    known = {form: name for name, value in run.params.items() for one in _values(value) for form in _forms(one)}
    for value in sorted(known, key=len, reverse=True):
        text = _without(text, value, f"{{{{ params.{known[value]} }}}}")
    return text


def quotable(run: Run, step: Step, failure: Failure) -> Failure:
    """The failure as a notification quotes it: like the log, it goes elsewhere, and more people read it than runs."""
    return replace(failure, error=error_for_log(run, step, StepState(error=failure.error, cause=failure.cause)))


def _values(value: Json) -> Iterator[str]:
    """The texts and numbers in a param that are long enough to reveal something."""
    match value:
        case bool() | None:
            return
        case str() | int() | float():
            if len(str(value)) >= _SHORTEST:
                yield str(value)
        case dict():
            for key, item in value.items():
                yield from (*_values(key), *_values(item))
        case _:
            for item in value:
                yield from _values(item)


def _forms(text: str) -> set[str]:
    """The forms in which errors contain a text: as it is, escaped on one line, and as JSON."""
    return {text, repr(text)[1:-1], text.encode("unicode_escape").decode(), json.dumps(text)[1:-1]}


def _without(text: str, value: str, name: str) -> str:
    """``text`` with ``name`` in place of ``value``, or of the beginning of it."""
    head, kept, done = value[:_KNOWN_BY], [], 0
    while (start := text.find(head, done)) >= 0:
        kept += [text[done:start], name]
        done = start + len(head)
        for character in value[len(head) :]:
            if text[done : done + 1] != character:
                break
            done += 1
    return "".join((*kept, text[done:]))
