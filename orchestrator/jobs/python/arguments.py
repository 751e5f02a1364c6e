"""What a user's function is called with: what it names, of what there is. It calls nothing."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.text import did_you_mean, listed, quoted

#: What every function may take beside the run's params, by the names of the original article.
OF_JOB = ("job_name", "template_location")

#: A parameter of this name that is alone gets a mapping of the run's params.
PARAMS = "params"


class BindingError(TypeError):
    """A function takes what nobody can give it. Its text says what it may take."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a function is called with."""

    positional: tuple[object, ...] = ()
    named: Mapping[str, object] | None = None

    def give(self, function: Callable[..., object]) -> object:
        """What the function returns. Raises what it raises."""
        return function(*self.positional, **(self.named or {}))


def bound(function: Callable[..., object], params: Mapping[str, object], job: Mapping[str, object]) -> Arguments:
    """The arguments by the names that ``function`` takes: of ``job`` and, after those, of the run's ``params``.

    ``**kwargs`` gets all of them, a lone parameter called ``params`` a mapping of the params; what has a default may
    be left out. Raises BindingError if it takes anything else.
    """
    try:
        takes = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # a builtin that does not tell
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
        f"it takes {listed((quoted(name) for name in unknown), 'and')}, which nobody gives it{hint}: it may take "
        f"{listed(there, 'and')}, each by its name, or all of them as **kwargs, or the params alone as '{PARAMS}'"
    )
