"""A folder ``graphs`` with one graph, as in a deployed archive, with the files beside the graph."""

from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.definition.catalog import SUFFIXES
from orchestrator.deployment.lockfile.folder_settings import folder_settings
from orchestrator.deployment.lockfile.obstacles import functions
from orchestrator.errors import UsageError


def link_graph_folder(graph: Path, name: str, graphs: Path) -> None:
    """Make the folder ``graphs`` with the graph in the file ``graph``, named ``name``. Its files are links.

    A graph that is a folder is linked as such. One that is a file gets its own folder with all files beside it: the
    modules and data that its functions need.
    """
    graphs.mkdir()
    if graph.stem == "graph":
        (graphs / name).symlink_to(graph.parent)
        return
    made = graphs / name
    made.mkdir()
    (made / f"graph{graph.suffix}").symlink_to(graph)
    for beside in graph.parent.iterdir():
        if beside.name not in {f"graph{suffix}" for suffix in SUFFIXES}:
            (made / beside.name).symlink_to(beside)


def folder_variables(path: Path, graph: Graph) -> dict[str, str]:
    """The variables that the graph's folder sets for ``on_task`` and ``start``. Raises UsageError as ``lock`` would.

    As in a deployment, only a graph with functions has any. Secrets are not fetched: set variables of their names, and
    the functions inherit them.
    """
    if path.suffix != ".py" and not any(functions(graph)):
        return {}
    found = folder_settings(path.parent)
    if found.problems:
        raise UsageError("\n".join(found.problems))
    return dict(found.env)
