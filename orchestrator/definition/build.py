"""Builds a core graph from a document (the data of its file), or lists everything that is wrong with it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from orchestrator.core.graph import Graph, Schedule
from orchestrator.core.inner_graphs import version_of
from orchestrator.core.kinds import MAP, kind_of
from orchestrator.core.param import Param
from orchestrator.core.plan import FailsOn
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import NO_JOB, CheckPolicy, OnFailure, Retry, Step, Work
from orchestrator.definition import kinds, params, schedules, schema, untrusted
from orchestrator.definition.checks import check
from orchestrator.definition.conflicts import misfits
from orchestrator.definition.edges import edges
from orchestrator.definition.keys import merged
from orchestrator.definition.nesting import Nest
from orchestrator.definition.schema_errors import explained
from orchestrator.errors import Problem
from orchestrator.text import Path

#: The maximum number of steps of a graph: several times the largest that was ever run.
MAX_STEPS = 50_000

#: Stands for a template that is wrong or missing.
_TEMPLATE = "gs://bucket/template.json"


def build(document: object, file: FilePath = FilePath("graph.yaml")) -> tuple[Graph | None, list[Problem]]:
    """The graph and no problems; or all problems, and a graph that must not be used.

    ``file``: where the graph is written, so that the graphs that its steps run can be found.
    """
    if isinstance(document, dict) and len(_mapping(document, "steps")) > MAX_STEPS:
        came = f"expected at most {MAX_STEPS:,} steps, got {len(document['steps']):,}"
        return None, [Problem(("steps",), came)]
    problems = []
    try:
        keys = schema.GraphKeys.model_validate(document)
    except ValidationError as error:
        problems = list(explained(error))
        salvaged = _salvage(document, problems)
        if salvaged is None:
            return None, problems
        keys = salvaged
    raw = {name: step for name, step in _mapping(document, "steps").items() if isinstance(name, str)}
    problems += misfits(raw)
    after, wrong = edges(keys.steps, raw)
    problems += wrong
    declared, wrong = _params(keys)
    problems += wrong
    defaults = keys.defaults or schema.DefaultKeys.model_validate({})
    nest = Nest(file)
    steps = tuple(_step(name, step, after[name], defaults, nest) for name, step in keys.steps.items())
    about = keys.description or "", _schedule(keys), FailsOn(keys.fails_on), keys.deploy
    notify = {name: tuple(occasions) for name, occasions in (keys.notify or {}).items()}
    inside = dict(keys.outputs or {}), nest.inners
    unsafe = tuple(keys.unsafe_params or ())
    graph = Graph(keys.name, steps, declared, *about, unsafe, *inside, notify, keys.max_parallel, keys.deadline)
    graph = replace(graph, active=keys.max_active_runs)
    if raw:
        problems += graph.problems() if steps else []
    else:
        problems.append(Problem(("steps",), "expected at least one step, got none"))
    problems += (
        found for step in graph.works if "graph" in step.work.spec for found in nest.problems(step, keys.deploy)
    )
    problems += check(graph, steps=raw, params=_mapping(document, "params"))
    problems += untrusted.check(graph)
    unsure = {str(problem.path[1]) for problem in problems if problem.path[:1] == ("params",) and problem.path[1:]}
    problems += schedules.check(graph, unsure)
    return graph, _from_defaults(problems, document)


def _salvage(document: object, problems: list[Problem]) -> schema.GraphKeys | None:
    """The document without the keys that are wrong, so that the rest is checked too. None if nothing is left."""
    if not isinstance(document, dict) or not isinstance(document.get("steps"), dict):
        return None
    rest: dict[str, Any] = {"name": "unnamed", **{key: document[key] for key in document if isinstance(key, str)}}
    for level in ("steps", "params", "defaults"):
        if isinstance(rest.get(level), dict):
            rest[level] = {k: dict(v) if isinstance(v, dict) else v for k, v in rest[level].items()}
    for whole in (False, True):
        for problem in problems:
            _leave_out(rest, problem.path, whole)
        try:
            return schema.GraphKeys.model_validate(rest)
        except ValidationError as error:  # what is left of a value may lack a key that it must have
            problems = list(explained(error))
    return None


def _leave_out(rest: dict[str, Any], path: Path, whole: bool) -> None:
    """Remove what is wrong at ``path``; ``whole``: not only the wrong key inside a step's ``retry`` or ``dataflow``."""
    match path:
        case ("steps" | "params" as level, name, key, *inner) if isinstance(rest[level].get(name), dict):
            _drop(rest[level][name], key, [] if whole else inner)
        case ("steps" | "defaults" | "params" as level, name, *_) if isinstance(rest.get(level), dict):
            rest[level].pop(name, None)
        case ("name",):
            rest["name"] = "unnamed"
        case ("schedule", key) if key != "params" and isinstance(rest.get("schedule"), dict):
            keys = {name: value for name, value in rest["schedule"].items() if name != key}
            rest["schedule"] = {"cron": "* * * * *", **keys}
        case (key, *_):
            rest.pop(str(key), None)


def _drop(keys: dict[Any, Any], key: str | int, inner: list[str | int]) -> None:
    """Remove ``key``, or only what is wrong inside it. A job keeps a template, so that its other keys are checked."""
    value = keys.get(key)
    if not inner or not isinstance(value, dict):
        keys.pop(key, None)
    else:
        rest = {name: item for name, item in value.items() if name != inner[0]}
        keys[key] = {**rest, "template": _TEMPLATE} if inner[0] == "template" else rest


def _params(keys: schema.GraphKeys) -> tuple[tuple[Param, ...], list[Problem]]:
    declared: list[Param] = []
    problems: list[Problem] = []
    for name, given in (keys.params or {}).items():
        param = Param(
            name,
            given.type,
            given.default,
            required=given.default is None,
            values=tuple(given.values or ()),
            description=given.description or "",
            pattern=given.pattern or "",
        )
        problems += _wrong_param(param, given)
        declared.append(param)
    return tuple(declared), problems


def _wrong_param(param: Param, given: schema.ParamKeys) -> Iterator[Problem]:
    if (param.type == "enum") != bool(param.values):
        expected = (
            "an enum needs its values, such as [small, large]" if param.type == "enum" else "only an enum has values"
        )
        yield Problem(("params", param.name, "values"), expected)
    elif wrong := params.wrong_pattern(param):
        yield Problem(("params", param.name, "pattern"), wrong)
    elif not param.required:
        try:
            params.parse(param, given.default, params.ANY_TIME)
        except ValueError as error:
            yield Problem(("params", param.name, "default"), str(error))


def _schedule(keys: schema.GraphKeys) -> Schedule | None:
    if (given := keys.schedule) is None:
        return None
    return Schedule(" ".join(given.cron.split()), given.time_zone, dict(given.params), given.paused)


def _step(name: str, keys: schema.StepKeys, after: tuple[str, ...], defaults: schema.DefaultKeys, nest: Nest) -> Step:
    """The step. A key that was found wrong is ignored."""
    values: dict[str, Any] = {"after": after, "work": kinds.read(keys, defaults)}
    if keys.graph is not None and kind_of(values["work"]).runs and (inner := nest.inner(keys.graph)) is not None:
        values["inner"] = version_of(inner)
    if retry := merged(defaults.retry, keys.retry):
        values["retry"] = Retry(**retry)
    if check := merged(defaults.check, keys.check):
        values["check"] = CheckPolicy(**check)
    for key in ("trigger", "timeout", "when", "job_name", "description", "pool", "priority", "deadline"):
        if (value := getattr(keys, key)) is not None or (
            (value := getattr(defaults, key, None)) is not None
            and (key != "timeout" or kind_of(values["work"]).default_timeout)
            and (key not in ("pool", "priority") or _takes_a_place(values["work"]))
        ):
            values[key] = value
    if (trigger := values.get("trigger")) is not None:
        values |= trigger._asdict()
    if keys.local is not None:
        values["local"] = kinds.read(keys.local, defaults)
    if keys.teardown and keys.trigger is None:
        values["trigger"] = TriggerRule.ALL_DONE
    if (on_failure := keys.on_failure or defaults.on_failure) is not None:
        values["on_failure"] = OnFailure(on_failure)
    step = Step(name, **values, allow_failure=bool(keys.allow_failure), teardown=bool(keys.teardown))
    return step if keys.map is None else _mapped(step, keys, nest)


def _takes_a_place(work: Work) -> bool:
    """Whether a step can be in a pool. One that runs a graph would keep a place from the steps inside."""
    return work.kind != NO_JOB and not kind_of(work).runs


#: What of a step is meant for each item; the rest is meant for the step as a whole.
_OF_EACH = ("work", "retry", "timeout", "check", "local", "job_name", "inner", "pool", "priority")


def _mapped(step: Step, keys: schema.StepKeys, nest: Nest) -> Step:
    """The step that does for each item of a list what ``step`` does: its job is a run, of which that is the body."""
    body = Step(step.name, **{name: getattr(step, name) for name in _OF_EACH})
    version = nest.body(body)
    plain = Step(step.name)
    given = {"tolerate": keys.tolerate, "max_parallel": keys.max_parallel}
    spec = {"over": keys.map, **{key: value for key, value in given.items() if value is not None}}
    of_each = {name: getattr(plain, name) for name in _OF_EACH} | {"work": Work(MAP.key, spec), "inner": version}
    return replace(step, **of_each)


def _from_defaults(problems: list[Problem], document: object) -> list[Problem]:
    """Reports a mistake in the defaults once, where it is written, and not for each step it was merged into."""
    result: dict[Problem, None] = {}
    for problem in problems:
        match problem.path:
            case ("steps", _, "dataflow", *rest) if rest and not _written(document, problem.path):
                common: Path = ("defaults", "dataflow", *rest)
                if rest[0] in ("parameters", "common_parameters"):
                    own = (*problem.path[:2], "common_parameters", *rest[1:])
                    common = own if _written(document, own) else ("defaults", "parameters", *rest[1:])
                result[Problem(common, problem.message) if _written(document, common) else problem] = None
            case _:
                result[problem] = None
    return list(result)


def _mapping(document: Any, key: str) -> dict[Any, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _written(document: Any, path: tuple[str | int, ...]) -> bool:
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True
