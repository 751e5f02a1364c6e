"""A folder of graphs with one graph in it, as it is in a deployed archive: what lies beside the graph is there too."""

from pathlib import Path

from orchestrator.catalog import SUFFIXES


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
