"""A folder of graphs with one graph in it, as it is in a deployed archive: what lies beside the graph is there too."""

from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.definition.catalog import SUFFIXES
from orchestrator.deployment.lockfile.folder_settings import folder_settings
from orchestrator.deployment.lockfile.obstacles import functions
from orchestrator.errors import UsageError


def deployed(graph: Path, name: str, graphs: Path) -> None:
    """Make the folder ``graphs`` with the graph whose file is ``graph`` in it, called ``name``. Everything is a link.

    A graph that is a folder is that folder. One that is a file gets a folder of its own, with what lies beside it: the
    modules and the data that its functions need.
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


def own_variables(path: Path, graph: Graph) -> dict[str, str]:
    """What the graph's folder has for ``on_task`` and ``start`` as variables. Raises UsageError for what lock refuses.

    As where it is deployed, only a graph that has functions has any. Its secrets are not fetched: whoever rehearses
    sets variables of their names, and the functions inherit them.
    """
    if path.suffix != ".py" and not any(functions(graph)):
        return {}
    found = folder_settings(path.parent)
    if found.problems:
        raise UsageError("\n".join(found.problems))
    return dict(found.env)
