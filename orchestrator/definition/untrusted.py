"""Checks that those who start a run choose only data for its jobs, not their code, service account or network.

Free-text params and the run's id may therefore be used in a job's ``parameters``, ``labels``, region and sizes, and in
no other option. Outputs of steps and return values of users' functions are not checked: they come from deployed code.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from orchestrator.core.kinds import kind_of
from orchestrator.core.steps import Json, Step
from orchestrator.definition.beam_options import BEAM_OPTIONS
from orchestrator.definition.kinds import place
from orchestrator.errors import Problem
from orchestrator.expressions import Code, ExpressionError, pieces, texts
from orchestrator.expressions.meaning import Meaning, meaning
from orchestrator.text import Path, did_you_mean, listed, quoted

if TYPE_CHECKING:
    from orchestrator.core.graph import Graph
    from orchestrator.core.param import Param
    from orchestrator.core.plan import Inner

#: The options of a job that decide which code runs, as which account, in which network, and where its files are.
GUARDED = (
    "template",
    "service_account",
    "sdk_container_image",
    "temp_location",
    "staging_location",
    "network",
    "subnetwork",
    "kms_key",
    "additional_experiments",
)

#: The same options among a template's parameters, in lower case, without '_' and '-'.
_PIPELINE_OPTIONS = BEAM_OPTIONS.union(option.replace("_", "") for option in GUARDED if option != "template")

#: The facts of ``run`` that its starter chooses. The others come from clocks and from the deployment.
_CHOSEN = frozenset({"id"})

#: The types that allow any text.
_FREE = ("string", "list")


def free(param: "Param") -> bool:
    """Whether the param accepts any text."""
    return param.type in _FREE and not param.pattern


def check(graph: "Graph") -> list[Problem]:
    """The options that a free-text param would choose, unless ``unsafe_params`` allows it.

    A graph with ``deploy: false`` allows it: users run it as themselves.
    """
    known = {param.name for param in graph.params}
    unknown = [
        Problem(("unsafe_params", number), f"no param is called {quoted(name)}{did_you_mean(name, known)}")
        for number, name in enumerate(graph.unsafe_params)
        if name not in known
    ]
    if not graph.deploy:
        return unknown
    names = frozenset(param.name for param in graph.params if free(param)).difference(graph.unsafe_params)
    return [*unknown, *(problem for step in graph.works for problem in _of_step(graph, step, names))]


def deployment_values(steps: Iterable[Step]) -> list[str]:
    """The values that the steps take from their deployment: each NAME in ``{{ run.deployment.NAME }}``."""
    found_in = [value for step in steps for value in (step.when, dict(step.work.spec))]
    return sorted(
        {name for value in found_in for text in texts(value) for found in _meanings(text) for name in found.deployment}
    )


def _of_step(graph: "Graph", step: Step, names: frozenset[str]) -> Iterator[Problem]:
    inner = graph.inner(step)
    if kind_of(step.work).maps:
        return
    if not kind_of(step.work).cloud_only and inner is None:
        return
    for path, value in _guarded(step) if inner is None else _given(step, inner):
        found = [meant for text in texts(value) for meant in _meanings(text)]
        if used := sorted({name for meant in found for name in (names if meant.all_params else meant.params & names)}):
            yield Problem(path, _refusal(used))
        if any(meant.item for meant in found) and (chosen := _listed(graph, step, names)):
            yield Problem(path, _refusal(chosen))
        for fact in sorted({fact for meant in found for fact in meant.run & _CHOSEN}):
            yield Problem(path, f"run.{fact} is {_WHY}: {_INSTEAD}")


def _listed(graph: "Graph", step: Step, names: frozenset[str]) -> list[str]:
    """The free params from which the list of a mapped step is made, and so each of its items."""
    over = graph.by_name[step.name].work.spec["over"]
    found = [meant for text in texts(over) for meant in _meanings(text)]
    return sorted({name for meant in found for name in (names if meant.all_params else meant.params & names)})


def _given(step: Step, inner: "Inner") -> Iterator[tuple[Path, Json]]:
    """What a step gives to the unsafe params of the graph that it runs, with their paths."""
    given = step.work.spec.get("params")
    for name, value in given.items() if isinstance(given, dict) else ():
        if name in inner.unsafe:
            yield ("steps", step.name, "params", name), value


def _guarded(step: Step) -> Iterator[tuple[Path, Json]]:
    """The guarded values, with their paths."""
    at: Path = ("steps", step.name, *place(step))
    spec = step.work.spec
    yield from (((*at, option), spec[option]) for option in GUARDED if option in spec)
    for key in ("parameters", "common_parameters"):
        given = spec.get(key)
        for name, value in given.items() if isinstance(given, dict) else ():
            if re.sub("[^a-z]", "", name.lower()) in _PIPELINE_OPTIONS:
                yield (*at, key, name), value


def _meanings(text: str) -> Iterator[Meaning]:
    try:
        yield from [meaning(part) for part in pieces(text) if isinstance(part, Code)]
    except ExpressionError:  # reported by another check
        return


_WHY = "free text, so whoever starts a run could choose the code, the service account or the network"
_INSTEAD = "use {{ run.started_at_epoch }}, {{ run.deployment.NAME }}, or a param that is an enum or has a pattern"


def _refusal(used: list[str]) -> str:
    name = used[0]
    those = f"param {quoted(name)} is" if len(used) == 1 else f"params {listed(map(quoted, used), 'and')} are"
    fixes = f"make it an enum, give it a pattern, take {{{{ run.deployment.{name} }}}}, or say unsafe_params: [{name}]"
    return f"{those} {_WHY}: {fixes}"
