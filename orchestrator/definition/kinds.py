"""How each kind of job is written in a graph file: its keys, an example, and the way to its spec and back.

What the rest of the program asks about a kind is in ``core/kinds.py``.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypedDict

from pydantic import Field

from orchestrator.core import kinds
from orchestrator.core.steps import Json, Step, Work
from orchestrator.definition import fields as f
from orchestrator.definition.dataflow_keys import DataflowDefaults, DataflowKeys
from orchestrator.definition.durations import Duration
from orchestrator.definition.keys import Keys, merged

#: A kind's spec, as a plan stores it.
Spec = dict[str, Json]


class DataflowStepKeys(Keys):
    """The keys of a step that is a Dataflow job."""

    dataflow: DataflowKeys | None = None
    parameters_from: f.Function | None = Field(
        None, description="A Python function, module:function, that returns the job's parameters"
    )
    common_parameters: f.JsonObject | None = Field(
        None, description="Parameters that the function's result overrides, like those in the graph's defaults"
    )


class CommandKeys(Keys):
    """The keys of a step that is a command."""

    command: f.Command | None = Field(None, description="Program and arguments, or a shell script")
    env: f.Texts | None = Field(None, description="Environment variables of the command")
    cwd: f.NonEmpty | None = Field(None, description="Working folder of the command, relative to the graph's folder")


class PythonKeys(Keys):
    """The keys of a step that is a Python function."""

    python: f.Function | None = Field(None, description="A Python function, module:function")
    args: f.JsonObject | None = Field(None, description="Arguments of the Python function")
    isolated: bool | None = Field(None, description="Whether the Python function runs in its own process")


class WaitKeys(Keys):
    """The key of a step that is a delay."""

    wait: Duration | None = Field(None, description="A delay, in which nothing runs")


class CallKeys(Keys):
    """The key of a step that is a short function."""

    call: f.Function | None = Field(
        None, description="A short Python function, module:function, which is called in the cloud too"
    )


class InnerKeys(Keys):
    """The keys of a step that is a run of another graph."""

    graph: f.NonEmpty | None = Field(None, description="Another graph, by its name or path: the step is a run of it")
    params: f.JsonObject | None = Field(None, description="Params of that graph")


class LocalKeys(WaitKeys, PythonKeys, CommandKeys):
    """What runs instead of a Dataflow job on one machine."""


class KindKeys(InnerKeys, CallKeys, LocalKeys, DataflowStepKeys):
    """The keys of all kinds. (The fields of the last base come first.)"""


class KindArguments(TypedDict, total=False):
    """The keys of all kinds, as a Python graph may write them."""

    dataflow: Mapping[str, Any]
    parameters_from: Any
    common_parameters: Mapping[str, Any]
    command: str | Sequence[str | int | os.PathLike[str]]
    env: Mapping[str, str | int]
    cwd: str | os.PathLike[str]
    python: Any
    args: Mapping[str, Any]
    isolated: bool
    wait: str | timedelta
    call: Any
    graph: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind is written. ``keys``: its key, and those that mean something only beside it.

    ``example``: the value of its key, as YAML. ``read``: a step's keys and the graph's defaults -> the spec; ``write``:
    the spec -> a step's keys. ``block``: the keys inside its key, if its value is a mapping.
    """

    kind: kinds.Kind
    keys: type[Keys]
    example: str
    read: Callable[[Any, DataflowDefaults], Spec]
    write: Callable[[Spec], Spec]
    block: type[Keys] | None = None

    @property
    def beside(self) -> list[str]:
        """The keys that mean something only beside the kind's own key."""
        return [key for key in self.keys.model_fields if key != self.kind.key]


def _read_dataflow(keys: DataflowStepKeys, defaults: DataflowDefaults) -> Spec:
    if (job := keys.dataflow) is None:
        return {}
    options: Spec = merged(defaults.dataflow, job)
    if labels := {**((defaults.dataflow and defaults.dataflow.labels) or {}), **(job.labels or {})}:
        options["labels"] = dict(labels)
    common, own = {**(defaults.parameters or {}), **(keys.common_parameters or {})}, job.parameters or {}
    if source := keys.parameters_from or job.parameters_from:
        options["parameters_from"] = source
        options["parameters"] = own
        if common:  # the function's result goes between the two
            options["common_parameters"] = common
    else:
        options["parameters"] = {**common, **own}
    return options


def _write_dataflow(spec: Spec) -> Spec:
    common: Spec = {"common_parameters": spec.pop("common_parameters")} if "common_parameters" in spec else {}
    return {"dataflow": spec, **common}


def _read_command(keys: CommandKeys, _: DataflowDefaults) -> Spec:
    command = keys.command or ""
    spec: Spec = {"command": command if isinstance(command, str) else [*command]}
    if keys.env:
        spec["env"] = {**keys.env}
    return spec if keys.cwd is None else {**spec, "cwd": keys.cwd}


def _read_python(keys: PythonKeys, _: DataflowDefaults) -> Spec:
    return {"function": keys.python, "args": keys.args or {}, **({"isolated": True} if keys.isolated else {})}


def seconds_text(seconds: float) -> str:
    """``90.0`` -> ``90s``."""
    return f"{Decimal(repr(seconds)):f}".removesuffix(".0") + "s"


#: Every kind that a step can name, in the order in which messages list them.
FORMS = (
    Form(
        kinds.DATAFLOW,
        DataflowStepKeys,
        "{template: gs://bucket/template.json, region: europe-west4}",
        _read_dataflow,
        _write_dataflow,
        block=DataflowKeys,
    ),
    Form(kinds.COMMAND, CommandKeys, "[python, job.py]", _read_command, dict),
    Form(
        kinds.PYTHON,
        PythonKeys,
        "pipelines.orders:extract",
        _read_python,
        lambda spec: {"python": spec.pop("function"), **spec},
    ),
    Form(
        kinds.WAIT,
        WaitKeys,
        "30s",
        lambda keys, _: {"seconds": keys.wait},
        lambda spec: {"wait": seconds_text(float(str(spec["seconds"])))},
    ),
    Form(
        kinds.CALL,
        CallKeys,
        "pipelines.orders:check",
        lambda keys, _: {"function": keys.call},
        lambda spec: {"call": spec["function"]},
    ),
    Form(
        kinds.GRAPH,
        InnerKeys,
        "load-table",
        lambda keys, _: {"graph": keys.graph, **({"params": keys.params} if keys.params else {})},
        dict,
    ),
)

FORM = {form.kind.key: form for form in FORMS}


def read(keys: Keys, defaults: DataflowDefaults) -> Work:
    """What a step, or a ``local`` block, runs. Of several kinds, which are refused elsewhere, it is the first."""
    for form in FORMS:
        if getattr(keys, form.kind.key, None) is not None:
            return Work(form.kind.key, form.read(keys, defaults))
    return Work()


def write(work: Work) -> dict[str, Any]:
    """The keys of a step, or of a ``local`` block, that runs this."""
    return FORM[work.kind].write(dict(work.spec)) if work.kind in FORM else {}


def place(step: Step) -> tuple[str, ...]:
    """The keys below a step's name at which the options of its kind are written."""
    form = FORM.get(step.work.kind)
    return (step.work.kind,) if form is not None and form.block is not None else ()
