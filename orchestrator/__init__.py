"""Serverless fan-out/fan-in orchestrator for Google Dataflow jobs, and the same engine on one machine.

The public names are imported on first use, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.definition.authoring import Graph, step
    from orchestrator.definition.load import load_graph

__all__ = ["Graph", "load_graph", "step"]

_HOMES = {
    "Graph": "orchestrator.definition.authoring",
    "load_graph": "orchestrator.definition.load",
    "step": "orchestrator.definition.authoring",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
