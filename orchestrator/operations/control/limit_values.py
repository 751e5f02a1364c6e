"""The limits that people write: ``max_parallel=50 tolerate=5%``."""

import re
from collections.abc import Iterable

from orchestrator.core.mapped import MAX_ITEMS
from orchestrator.core.pools import MAX_PLACES
from orchestrator.definition.fields import TOLERANCE
from orchestrator.errors import UsageError
from orchestrator.operations.requests import SetAsked
from orchestrator.text import did_you_mean, listed

_NAMES = ("max_parallel", "tolerate")
_FORMS = {
    "max_parallel": f"a whole number from 1 to {MAX_PLACES:,}",
    "tolerate": f"a number of items from 0 to {MAX_ITEMS:,}, or a share such as 5%",
}


def limits_from(texts: Iterable[str], step: str | None, why: str) -> SetAsked:
    """The request to set what ``NAME=VALUE`` says. Raises UsageError with all that is wrong."""
    values, wrong = dict[str, int | str](), list[str]()
    for text in texts:
        name, _, value = text.partition("=")
        if name not in _NAMES:
            wrong.append(f"{text}: expected {listed(_NAMES)}, got '{name}'{did_you_mean(name, _NAMES)}")
        elif name in values:
            wrong.append(f"{text}: {name} is given twice")
        elif (read := _read(name, value)) is None:
            wrong.append(f"{name}: expected {_FORMS[name]}, got '{value}'")
        else:
            values[name] = read
    if not values and not wrong:
        wrong.append("expected what to set: max_parallel=NUMBER, tolerate=NUMBER, or tolerate=SHARE such as 5%")
    if wrong:
        raise UsageError("\n".join(wrong))
    most, tolerate = values.get("max_parallel"), values.get("tolerate")
    return SetAsked(step, most if isinstance(most, int) else None, tolerate, why)


def _read(name: str, value: str) -> int | str | None:
    """None if it is no such value."""
    if re.fullmatch("[0-9]{1,9}", value):
        lowest, highest = (1, MAX_PLACES) if name == "max_parallel" else (0, MAX_ITEMS)
        return number if lowest <= (number := int(value)) <= highest else None
    return value if name == "tolerate" and re.fullmatch(TOLERANCE, value) else None
