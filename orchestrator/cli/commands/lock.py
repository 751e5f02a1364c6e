"""``orchestrator lock``: check the graphs of a folder, and write graphs.lock, from which Terraform deploys them."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import click

from orchestrator.cli.failure import DONE, WRONG, complain
from orchestrator.cli.options import NamedPath, json_option
from orchestrator.cli.output import echo
from orchestrator.definition.catalog import nearest
from orchestrator.deployment.lockfile import NAME, Lock, lock
from orchestrator.deployment.lockfile.compare import differences
from orchestrator.reporting.phrases import counted
from orchestrator.system.files import write_whole

EPILOG = """\b
Examples:
  orchestrator lock
  orchestrator lock --check

Terraform deploys the graphs that are listed in FOLDER/graphs.lock, and refuses those that have changed since it was
written. Commit it together with the graphs.

Exit codes: 0 success; 2 a graph has problems or, with --check, graphs.lock is out of date.
"""

#: The folder if none is given: in this folder, or in the nearest above it in the same repository.
_USUAL = Path("graphs")


@click.command(epilog=EPILOG)
@click.argument("folder", type=NamedPath(path_type=Path), default=_USUAL)
@click.option(
    "--check", is_flag=True, help="Do not write graphs.lock, but report what has changed since it was written; for CI."
)
@json_option
def command(folder: Path, check: bool, as_json: bool) -> int:
    """Check every graph in FOLDER (default: graphs/), and write FOLDER/graphs.lock."""
    fix = "run 'orchestrator lock'" if folder == _USUAL else f"run 'orchestrator lock {quote(str(folder))}'"
    folder = nearest() / folder if folder == _USUAL else folder
    made, path = lock(folder), folder / NAME
    stale = differences(path, made, fix) if check else []
    if not check:
        write_whole(path, made.text(), private=False)
    if as_json:
        click.echo(made.text(), nl=False)
    else:
        for line in told(path, made, check, stale):
            echo(line)
    for problem in [*(f"{folder}/{line}" for line in made.problems), *stale]:
        complain(problem)
    return WRONG if made.problems or stale else DONE


def told(path: Path, made: Lock, check: bool, stale: Sequence[str]) -> list[str]:
    """What is in the lock, and which graphs are not deployed."""
    current = check and not stale and not made.problems
    refused = "" if check or not made.problems else "; 'terraform plan' fails until the problems are fixed"
    right = [entry for entry in made.graphs.values() if not entry.problems]
    sizes = f"{counted(len(right), 'graph')} in {counted(len(made.files), 'file')}"
    local = [f"{path.parent / entry.file}: not deployed: {entry.because}" for entry in made.local.values()]
    return [f"{path}: {sizes}{', up to date' if current else ''}{refused}", *local]
