"""The file format: every key that a graph file may have, as pydantic models."""

import re
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from orchestrator.core.names import STEP_NAME
from orchestrator.definition import fields as f
from orchestrator.definition.dataflow_keys import DataflowDefaults
from orchestrator.definition.deadline_keys import Deadline
from orchestrator.definition.durations import Duration, LongerDuration
from orchestrator.definition.keys import Keys, refusal
from orchestrator.definition.kinds import FORM, KindKeys, LocalKeys
from orchestrator.definition.notify_keys import RECEIVER_NAME, GraphNotify
from orchestrator.definition.params import NOW, TODAY, YESTERDAY
from orchestrator.definition.trigger_keys import DefaultTriggerKey, TriggerKey

ParamType = Literal["string", "int", "float", "bool", "date", "datetime", "enum", "list"]

#: The short form of params: ``region: europe-west4``. Anything else is a list.
_SHORT: dict[type, ParamType] = {str: "string", bool: "bool", int: "int", float: "float"}
_MOMENTS: dict[str, ParamType] = {TODAY: "date", YESTERDAY: "date", NOW: "datetime"}

#: A date, or a date and a time, in ISO 8601 or as YAML 1.1 writes it.
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[-+]\d\d:\d\d)?)?", re.ASCII)


OnFailureKey = Literal["fail", "hold"]

_ON_FAILURE = (
    "What becomes of the step after its last attempt: fail (the default), or hold it, so that it needs attention: the "
    "steps after it wait until somebody retries or marks it"
)


_DEADLINE = (
    "Receivers are notified if it is late, or expected to be: the time after the run's start, or the time of day, by "
    "which"
)


class RetryKeys(Keys):
    """How many attempts a step has, and how long it waits between them."""

    attempts: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="Number of attempts, the first included; 1: no retry"
    )
    delay: Duration | None = Field(None, description="Delay before the first retry")
    backoff: Annotated[float, Field(ge=1, le=100)] | None = Field(
        None, description="Factor by which each delay is longer than the previous one"
    )
    max_delay: Duration | None = Field(None, description="Longest delay")


class CheckKeys(Keys):
    """When a job's real state is checked."""

    delay: Duration | None = Field(None, description="Time after a signal; default: after 2, 6, 15, 24, 34 and 45 s")
    every: LongerDuration | None = Field(None, description="Interval if there is no signal; default: 10m")


class StepKeys(KindKeys):
    """One step. At most one of its keys names its kind (core/kinds.py). If none does, it just ends."""

    description: str | None = None
    after: f.Names | None = Field(None, description="The steps before this one")
    next: f.Names | None = Field(None, description="The steps after this one")
    trigger: TriggerKey | None = Field(
        None,
        description="What the step requires of the steps before it; default: all_success",
        examples=["all_done", {"at_least": 3}, {"all_done_within": "2h"}],
    )
    when: f.When | None = Field(None, description="One {{ expression }}; if it is false, the step is skipped")
    retry: RetryKeys | None = None
    timeout: LongerDuration | None = Field(None, description="An attempt that takes longer is stopped and fails")
    check: CheckKeys | None = None
    deadline: Deadline | None = Field(None, description=f"{_DEADLINE} the step has to end")
    job_name: f.JobName | None = Field(None, description="What the job's name begins with; default: the step's name")
    allow_failure: bool | None = Field(None, description="Whether the run can succeed although this step fails")
    teardown: bool | None = Field(
        None,
        description="Whether it cleans up: it runs when all steps before it have ended, also in a cancelled run, and "
        "does not affect the run's result",
    )
    on_failure: OnFailureKey | None = Field(None, description=_ON_FAILURE)
    pool: f.PoolName | None = Field(
        None, description="The pool of orchestrator.yaml in which an attempt needs a place; Dataflow: dataflow, if any"
    )
    priority: f.Priority | None = Field(None, description="Of those who wait for a place, the highest gets it first")
    local: LocalKeys | None = None
    map: f.Items | None = Field(
        None, description="A list, or an {{ expression }} that gives one: the step does its work for each item of it"
    )
    tolerate: f.Tolerance | None = Field(
        None, description="How many items may fail: a number, or a share such as 5%; default: none"
    )
    max_parallel: f.Parallel | None = Field(None, description="How many items of a map may be at work at once")


class DefaultKeys(DataflowDefaults):
    """Values for all steps that do not set them themselves."""

    retry: RetryKeys | None = None
    timeout: LongerDuration | None = None
    check: CheckKeys | None = None
    trigger: DefaultTriggerKey | None = None
    on_failure: OnFailureKey | None = None
    pool: f.PoolName | None = None
    priority: f.Priority | None = None


class ParamKeys(Keys):
    """One param of a run. Without a default, every run must set it."""

    type: ParamType = "string"
    default: Any = Field(None, description="Used if a run does not set it; today, yesterday and now are understood")
    values: list[str] | None = Field(None, description="The values of an enum")
    pattern: f.NonEmpty | None = Field(
        None,
        description="A regular expression without look-around or back-reference that the whole text, "
        "or each item of a list, must match",
        examples=["[a-z]{2}-[0-9]+"],
    )
    description: str | None = None


class ScheduleKeys(Keys):
    """When a deployed graph starts by itself."""

    cron: f.NonEmpty = Field(
        description="Minute, hour, day of the month, month, day of the week",
        examples=["0 6 * * *", "*/15 8-18 * * 1-5"],
    )
    time_zone: f.NonEmpty = Field("Etc/UTC", description="IANA name of its time zone", examples=["Europe/Berlin"])
    params: f.JsonObject = Field({}, description="Params of each of these runs; today is the day on which it was due")
    paused: bool = Field(False, description="Keep the schedule, but start nothing")


def full_schedule(value: object) -> object:
    """The full form of a schedule: a bare text is its ``cron``."""
    if value is None:
        raise refusal("expected a value, got nothing: fill it in, or leave the key out")
    return {"cron": value} if isinstance(value, str) else value


def full_param(value: object) -> object:
    """The full form of a param: a bare value is its default, which decides its type; an empty one is required text."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and (kind := _moment(value)):
        return {"type": kind, "default": value}
    return {} if value is None else {"type": _SHORT.get(type(value), "list"), "default": value}


def _moment(text: str) -> ParamType | None:
    """The type of a bare default that is a date or a time; None for any other text."""
    if text in _MOMENTS:
        return _MOMENTS[text]
    written = _WRITTEN.fullmatch(text)
    return None if written is None else "datetime" if written["time"] else "date"


def full_step(value: object) -> object:
    """The full form of a step: an empty one has no keys."""
    return {} if value is None else value


ParamName = Annotated[str, StringConstraints(pattern=f.PARAM_NAME)]
StepName = Annotated[str, StringConstraints(pattern=STEP_NAME)]


class GraphKeys(Keys):
    """A graph of steps."""

    name: Annotated[str, StringConstraints(pattern=f.GRAPH_NAME)] = Field(
        description="Lower-case letters, digits and '-'", examples=["daily-sales"]
    )
    description: str | None = None
    params: dict[ParamName, Annotated[ParamKeys, BeforeValidator(full_param)]] | None = Field(
        None, description="Params of a run: name: default, or name: {type: …, default: …}"
    )
    unsafe_params: list[ParamName] | None = Field(
        None, description="Free-text params that may choose a job's code, service account or network"
    )
    defaults: DefaultKeys | None = Field(
        None, description="Merged into every step; the step's own values take precedence"
    )
    fails_on: Literal["any", "leaves"] = Field(
        "any", description="What fails a run: any step that fails, or only the leaves, as in Airflow"
    )
    max_parallel: f.Parallel | None = Field(
        None, description="How many attempts of a run may be active at once; default: any number"
    )
    max_active_runs: f.ActiveRunsKey | None = Field(
        None,
        description="How many runs of the graph may be active at once, and what becomes of one more: it waits (queue), "
        "does not run (skip), or the oldest is cancelled (cancel_previous)",
        examples=[1, {"limit": 1, "policy": "skip"}],
    )
    steps: dict[StepName, Annotated[StepKeys, BeforeValidator(full_step)]] = Field(description="The steps by name")
    outputs: dict[ParamName, Any] | None = Field(
        None,
        description="Outputs of a step that runs this graph: name: an {{ expression }} over the outputs of its steps",
        examples=[{"rows": "{{ steps.count.outputs.rows }}"}],
    )
    schedule: Annotated[ScheduleKeys | None, BeforeValidator(full_schedule)] = Field(
        None,
        description="When the deployed graph starts by itself: a cron text, or {cron: …, time_zone: …, params: …}",
        examples=["0 6 * * *"],
    )
    deadline: Deadline | None = Field(None, description=f"{_DEADLINE} the run has to end", examples=["4h", "06:30"])
    notify: GraphNotify | None = Field(
        None,
        description="Which of the project's receivers are notified, and on which occasions; a list: on those that each "
        "receiver names itself",
        examples=[["ops"], {"ops": ["run_failed", "run_succeeded"]}],
    )
    deploy: bool = Field(True, description="Whether it goes to the cloud; false: it runs on one machine only")


#: The JSON Schema that ``json_schema`` is written in.
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a graph file, for editors."""
    schema = GraphKeys.model_json_schema()
    drop_nulls(schema)
    steps, params = schema["properties"]["steps"], schema["properties"]["params"]
    schedule = schema["properties"]["schedule"]
    schedule["anyOf"] = [{"$ref": schedule.pop("$ref")}, {"type": "string"}]
    notify = schema["properties"]["notify"]
    own = {key: notify.pop(key) for key in ("type", "patternProperties", "additionalProperties") if key in notify}
    names = {"type": "array", "items": {"type": "string", "pattern": RECEIVER_NAME}}
    notify["anyOf"] = [{**own, "additionalProperties": False}, names]
    for named in (steps, params):
        ((pattern, value),) = named["patternProperties"].items()
        short = "null" if named is steps else ["null", "string", "boolean", "number", "array"]
        named["patternProperties"] = {pattern: {"anyOf": [value, {"type": short}]}}
        named["additionalProperties"] = False
    for name in ("StepKeys", "LocalKeys"):
        keys = schema["$defs"][name]["properties"]
        two = [{"required": list(pair)} for pair in combinations([key for key in FORM if key in keys], 2)]
        schema["$defs"][name]["not"] = {"anyOf": two}
    return {"$schema": DIALECT, **schema, "title": "Orchestrator graph"}


def drop_nulls(schema: dict[str, Any]) -> None:
    """Remove null from all keys of a schema: optional keys are left out and never null."""
    for definition in (schema, *schema.get("$defs", {}).values()):
        for key in definition["properties"].values():
            _drop_null(key)


def _drop_null(key: dict[str, Any]) -> None:
    """Remove null from a key's schema, and a default that is null."""
    key.pop("title", None)
    if key.get("default", 0) is None:
        del key["default"]
    options = key.get("anyOf", [])
    kept = [option for option in options if option != {"type": "null"}]
    if len(kept) == 1 and len(kept) < len(options):
        del key["anyOf"]
        key.update(kept[0])
    elif kept:
        key["anyOf"] = kept
