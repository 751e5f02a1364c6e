"""Binds a user's function: chooses the arguments that its parameters name."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.text import did_you_mean, listed, quoted

#: The parameters that every function may have beside the run's params, named as in the original article.
OF_JOB = ("job_name", "template_location")

#: If a function's only parameter has this name, it gets a mapping of the run's params.
PARAMS = "params"


class BindingError(TypeError):
    """A function has a parameter that cannot be given. The text says which ones can."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call."""

    positional: tuple[object, ...] = ()
    named: Mapping[str, object] | None = None

    def give(self, function: Callable[..., object]) -> object:
        """The function's return value. Raises what it raises."""
        return function(*self.positional, **(self.named or {}))


def bound(function: Callable[..., object], params: Mapping[str, object], job: Mapping[str, object]) -> Arguments:
    """The arguments by the names that ``function`` takes: of ``job`` and, after those, of the run's ``params``.

    ``**kwargs`` gets all of them, a lone parameter called ``params`` a mapping of the params; what has a default may
    be left out. Raises BindingError if it takes anything else.
    """
    try:
        takes = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # a builtin without a signature
        return Arguments()
    there: dict[str, Any] = {**job, **{name: value for name, value in params.items() if name not in job}}
    if [one.name for one in takes] == [PARAMS] and takes[0].kind not in (takes[0].VAR_POSITIONAL, takes[0].VAR_KEYWORD):
        there = {PARAMS: dict(params)}
    elif unknown := [one.name for one in takes if _must_be_given(one) and one.name not in there]:
        raise BindingError(_refusal(unknown, there))
    positional = [there.pop(one.name, one.default) for one in takes if one.kind is one.POSITIONAL_ONLY]
    if not any(one.kind is one.VAR_KEYWORD for one in takes):
        names = {one.name for one in takes if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
        there = {name: value for name, value in there.items() if name in names}
    return Arguments(tuple(positional), there)


def _must_be_given(parameter: inspect.Parameter) -> bool:
    many = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return not many and parameter.default is parameter.empty


def _refusal(unknown: list[str], there: Mapping[str, object]) -> str:
    hint = did_you_mean(unknown[0], list(there)) if len(unknown) == 1 else ""
    return (
        f"it requires {listed((quoted(name) for name in unknown), 'and')}, which it does not get{hint}: its arguments "
        f"can be {listed(there, 'and')}, by these names, or all of them as **kwargs, or only the params as '{PARAMS}'"
    )
