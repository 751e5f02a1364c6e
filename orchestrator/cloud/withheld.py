"""What a log is told of a step's error: nothing that its run was given in confidence. The whole is kept with the step.

Logs are read by more people than runs are, and kept elsewhere.
"""

import json
from collections.abc import Iterator

from orchestrator.core.model import Run, StepState
from orchestrator.core.steps import Json, Step

#: The shortest value that says anything by itself, and of a longer one the letters by which its beginning is known.
_SHORTEST, _KNOWN_BY = 4, 20


def error_for_log(run: Run, step: Step, state: StepState) -> str | None:
    """The step's error, in which a param's value is its name, ``{{ params.date }}``, also where the value is cut off.

    What an expression made of params cannot be told from other text: of its error, it is said where it is to be read.
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


def _values(value: Json) -> Iterator[str]:
    """The texts and numbers in a param that are long enough to say anything."""
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
    """How errors write a text: as it is, on one line, and as JSON."""
    return {text, repr(text)[1:-1], text.encode("unicode_escape").decode(), json.dumps(text)[1:-1]}


def _without(text: str, value: str, name: str) -> str:
    """``text`` with ``name`` where it has ``value``, or the beginning of it."""
    head, kept, done = value[:_KNOWN_BY], [], 0
    while (start := text.find(head, done)) >= 0:
        kept += [text[done:start], name]
        done = start + len(head)
        for letter in value[len(head) :]:
            if text[done : done + 1] != letter:
                break
            done += 1
    return "".join((*kept, text[done:]))
