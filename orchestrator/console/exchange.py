"""A request to the console and its answer, apart from the framework that serves them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from orchestrator.cloud.logs import Headers
from orchestrator.core.names import KEY, RUN_ID, STEP_NAME

if TYPE_CHECKING:
    from orchestrator.cloud.wiring import Deployed


@dataclass(frozen=True, slots=True)
class Request:
    """``path``: decoded. ``query``: all values of each name, in order."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """``log``: what is to be logged of it: a severity and a sentence; empty: nothing."""

    status: int
    json: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    log: tuple[str, str] = ("", "")

    @property
    def text(self) -> str:
        """The JSON text."""
        return json.dumps(self.json, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that fits its route: the values in the path, the query and the body, checked. ``who``: the caller."""

    deployed: "Deployed"
    who: str
    path: Mapping[str, str]
    query: Any
    body: Any
    headers: Headers


#: What the version of a plan looks like.
VERSION = r"^[0-9a-z]{1,64}$"

#: What the values in a path look like; there is nothing under any other.
IN_PATH = {"run": RUN_ID, "step": STEP_NAME, "key": KEY, "version": VERSION}

Handle = Callable[[Call], tuple[int, Mapping[str, Any]]]

Model = type[BaseModel]


@dataclass(frozen=True, slots=True)
class Route:
    """``path``: with the names of its values in braces. ``act``: it changes something, so only ``console`` has it.

    ``refusals``: the statuses that it may answer with, apart from its own, 400, 404 and those of every route.
    """

    method: str
    path: str
    name: str
    summary: str
    handle: Handle
    answer: Model
    query: Model
    body: Model | None = None
    act: bool = False
    statuses: tuple[int, ...] = (200,)
    refusals: tuple[int, ...] = ()
