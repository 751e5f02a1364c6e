"""Serverless fan-out/fan-in orchestrator for Google Dataflow jobs, and the same engine on one machine.

The public names are imported on first use, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.api.results import RunResult, StepResult
    from orchestrator.api.runs import rerun, resume, run, status
    from orchestrator.api.start import start
    from orchestrator.definition.authoring import Graph, step
    from orchestrator.definition.load import load_graph

__all__ = [
    "Graph",
    "RunResult",
    "StepResult",
    "load_graph",
    "rerun",
    "resume",
    "run",
    "start",
    "status",
    "step",
]

_HOMES = {
    "Graph": "orchestrator.definition.authoring",
    "RunResult": "orchestrator.api.results",
    "StepResult": "orchestrator.api.results",
    "load_graph": "orchestrator.definition.load",
    "rerun": "orchestrator.api.runs",
    "resume": "orchestrator.api.runs",
    "run": "orchestrator.api.runs",
    "start": "orchestrator.api.start",
    "status": "orchestrator.api.runs",
    "step": "orchestrator.definition.authoring",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
