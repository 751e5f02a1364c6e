"""``orchestrator validate``: check graphs, and report every mistake in them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from orchestrator.cli.failure import DONE, WRONG, complain
from orchestrator.cli.options import json_option
from orchestrator.cli.output import echo, echo_json
from orchestrator.core.graph import Graph
from orchestrator.errors import InvalidGraphError, UsageError
from orchestrator.reporting.validation import Checked, measured, told

EPILOG = """\b
Examples:
  orchestrator validate daily-sales
  orchestrator validate graphs/*.yaml

As many mistakes as possible are reported at once, each with its line and, where possible, how to fix it. Some can only
be found when others are corrected, such as a function that does not exist, or a name that another graph has.

Exit codes: 0 all graphs are valid, 2 one is not.
"""


@click.command(epilog=EPILOG)
@click.argument("graphs", nargs=-1, required=True, metavar="GRAPH...")
@json_option
def command(graphs: tuple[str, ...], as_json: bool) -> int:
    """Check each GRAPH, and report its mistakes.

    GRAPH is the path of a graph's file, or the name of a file or folder in graphs/.
    """
    found = compared([check(name) for name in graphs])
    if as_json:
        echo_json([asdict(checked) for checked in found])
    else:
        for checked in found:
            if checked.valid:
                echo(told(checked))
            for problem in (*checked.problems, *checked.warnings):
                complain(problem)
    return DONE if all(checked.valid for checked in found) else WRONG


def check(name: str) -> tuple[Checked, Graph | None]:
    """What is reported of the graph that a user calls ``name``, and the graph if it is valid."""
    from orchestrator.definition.catalog import find_graph
    from orchestrator.definition.functions import missing
    from orchestrator.definition.load import invalid, load_graph, warnings
    from orchestrator.definition.project import load_project, project_folder, unknown_pools

    try:
        path = find_graph(name)
        graph = load_graph(path)
        pools = load_project(project_folder(path.parent)).pools
        if problems := [*missing(graph, path.absolute().parent), *unknown_pools(graph.steps, pools)]:
            raise invalid(path, problems)
    except InvalidGraphError as error:
        return Checked(name, False, problems=error.lines), None
    except UsageError as error:
        return Checked(name, False, problems=(f"error: {error}",)), None
    return measured(str(path), graph, warnings(path, graph)), graph


def compared(found: Sequence[tuple[Checked, Graph | None]]) -> list[Checked]:
    """The same, with graphs of one folder that share a name marked as invalid."""
    from orchestrator.cli.duplicate_names import duplicate_names

    wrong = duplicate_names({Path(checked.file): graph for checked, graph in found if graph is not None})
    return [
        Checked(checked.file, False, problems=wrong[path]) if (path := Path(checked.file)) in wrong else checked
        for checked, _ in found
    ]
