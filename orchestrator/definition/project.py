"""Reads a project's file, ``orchestrator.yaml``, which lies beside its ``graphs/``: what holds for all its graphs.

It is as strict as the reader of graphs: an unknown key is a mistake, and all mistakes are reported at once, with lines.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, WithJsonSchema

from orchestrator.core.pools import MAX_PLACES
from orchestrator.core.steps import Step
from orchestrator.definition import fields as f
from orchestrator.definition import yaml_reader
from orchestrator.definition.catalog import nearest
from orchestrator.definition.keys import Keys, refusal
from orchestrator.definition.load import read_text, with_lines
from orchestrator.definition.notify_keys import ReceiverKeys, ReceiverName
from orchestrator.definition.schema import DIALECT, drop_nulls
from orchestrator.definition.schema_errors import Format, explained
from orchestrator.definition.text_files import Flaw, Lines, UnreadableError
from orchestrator.errors import Problem, UsageError
from orchestrator.receivers.receiver import Receiver
from orchestrator.system.files import sort_of
from orchestrator.text import Path, Suggestions, place, quoted, shown

#: The name of the file.
FILE = "orchestrator.yaml"

Places = Annotated[int, Field(ge=1, le=MAX_PLACES)]

#: Variables that the orchestrator sets itself.
_OURS = "ORCHESTRATOR_"


def _variable(name: str) -> str:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise refusal(f"expected a name of letters, digits and '_', got {shown(name)}")
    if name.startswith(_OURS):
        raise refusal(f"names that begin with {_OURS} are reserved: choose another name")
    return name


def _unchanging(value: object) -> str:
    """Text that is the same for all graphs, so it contains no expression."""
    text = f.text(value)
    if "{{" in text:
        raise refusal("expected text without an expression: write it in the env of the step")
    return text


_TEXT_SCHEMA = {"type": ["string", "integer"]}

Variables = dict[
    Annotated[str, AfterValidator(_variable)],
    Annotated[str, PlainValidator(_unchanging), WithJsonSchema(_TEXT_SCHEMA)],
]


class ProjectKeys(Keys):
    """What holds for all graphs of a project."""

    pools: dict[f.PoolName, Places] | None = Field(
        None,
        description="Pools by name, and how many attempts of their steps may run at once; Dataflow steps are in the "
        "pool dataflow, if there is one",
        examples=[{"dataflow": 20}],
    )
    notify: dict[ReceiverName, ReceiverKeys] | None = Field(
        None,
        description="Receivers by name: who is notified of what happens to runs",
        examples=[{"ops": {"url": "https://hooks.example.com/orders", "on": ["run_failed"]}}],
    )
    env: Variables | None = Field(
        None,
        description="Environment variables of the commands and Python functions of all steps; a step's own env wins",
        examples=[{"WAREHOUSE": "eu", "RETRIES": 3}],
    )


@dataclass(frozen=True, slots=True)
class Project:
    """A project's settings. ``pools``: how many attempts of the steps of each pool may run at once.

    ``notify``: its receivers by name. ``env``: environment variables of what steps run on this machine.
    """

    pools: Mapping[str, int] = field(default_factory=dict)
    notify: Mapping[str, Receiver] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


def project_folder(folder: FilePath) -> FilePath:
    """The folder of the project that a graph whose file is in ``folder`` belongs to: the one that has ``graphs/``."""
    here = folder.resolve()
    for inner in (here, here.parent):
        if inner.name == "graphs":
            return inner.parent
    return nearest(here)


def load_project(folder: FilePath) -> Project:
    """The settings in ``folder``, which has ``graphs/``; the defaults if there is no such file.

    Raises InvalidGraphError, whose ``lines`` say ``file:line: where: what`` for everything that is wrong.
    """
    path = folder / FILE
    if not sort_of(path):
        return Project()
    name = str(path)
    text = read_text(name, None)
    lines: Lines = {}
    try:
        document, flaws = yaml_reader.read(text, lines)
    except UnreadableError as error:
        raise with_lines(name, [], [error.flaw], {}) from error
    return _project(name, {} if document is None else document, flaws, lines)


def project_of(folder: str | None) -> Project:
    """The settings of the project of a run whose graph's file is in ``folder``. Raises InvalidGraphError."""
    return load_project(project_folder(FilePath(folder))) if folder is not None else Project()


def unknown_pools(steps: Iterable[Step], pools: Mapping[str, int], where: str = FILE) -> list[Problem]:
    """The steps in pools that there are not. ``where``: where pools are defined."""
    suggest = Suggestions()
    return [
        Problem(
            ("steps", step.name, "pool"),
            f"no pool is called {quoted(step.pool)}{suggest(step.pool, pools)}: "
            f"add it to {where}, as in 'pools: {{{step.pool}: 5}}'",
        )
        for step in steps
        if step.pool is not None and step.pool not in pools
    ]


def check_pools(steps: Iterable[Step], pools: Mapping[str, int]) -> None:
    """Raises UsageError if a step is in a pool that there is not."""
    if problems := unknown_pools(steps, pools):
        raise UsageError("\n".join(f"{place(problem.path)}: {problem.message}" for problem in problems))


def _project(name: str, document: object, flaws: list[Flaw], lines: Lines) -> Project:
    problems: list[Problem] = []
    try:
        keys = ProjectKeys.model_validate(document)
    except ValidationError as error:
        problems = list(explained(error, _FORM))
    if problems or flaws:
        raise with_lines(name, problems, flaws, lines)
    receivers = {name: receiver.receiver(name) for name, receiver in (keys.notify or {}).items()}
    return Project(pools=dict(keys.pools or {}), notify=receivers, env=dict(keys.env or {}))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    schema = ProjectKeys.model_json_schema()
    drop_nulls(schema)
    for named in ("pools", "notify"):
        schema["properties"][named]["additionalProperties"] = False
    return {"$schema": DIALECT, **schema, "title": "Orchestrator project"}


def _keys_at(path: Path) -> type[Keys]:
    return ReceiverKeys if path[:1] == ("notify",) and len(path) > 1 else ProjectKeys


def _expected(path: Path) -> str | None:
    match path:
        case ():
            return "a mapping with the keys of a project, such as pools"
        case ("pools",):
            return "a mapping such as {dataflow: 20}"
        case ("env",):
            return "a mapping such as {WAREHOUSE: eu}"
        case ("notify",):
            return "a mapping such as {ops: {url: https://hooks.example.com/orders}}"
        case ("notify", _):
            return "a mapping such as {url: https://hooks.example.com/orders, on: [run_failed]}"
        case _:
            return None


_FORM = Format(_keys_at, _expected)
