"""``orchestrator lock``: check the graphs of a folder, and write down what Terraform deploys."""

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

EPILOG = """\b
Examples:
  orchestrator lock
  orchestrator lock --check

Terraform deploys the graphs from FOLDER/graphs.lock, and refuses a file that has changed since: commit it with them.

Exit codes: 0 done, or as it should be; 2 a graph has problems, or with --check the lock is out of date.
"""

#: The folder if none is named: here, or the nearest above in the same repository.
_USUAL = Path("graphs")


@click.command(epilog=EPILOG)
@click.argument("folder", type=NamedPath(path_type=Path), default=_USUAL)
@click.option("--check", is_flag=True, help="Write nothing; say what has changed since the lock was written.")
@json_option
def command(folder: Path, check: bool, as_json: bool) -> int:
    """Check every graph of FOLDER, and write FOLDER/graphs.lock.

    FOLDER is graphs/ if not said otherwise.
    """
    fix = "run 'orchestrator lock'" if folder == _USUAL else f"run 'orchestrator lock {quote(str(folder))}'"
    folder = nearest() / folder if folder == _USUAL else folder
    made, path = lock(folder), folder / NAME
    stale = differences(path, made, fix) if check else []
    if not check:
        path.write_text(made.text(), encoding="utf-8")
    if as_json:
        click.echo(made.text(), nl=False)
    else:
        for line in told(path, made, check, stale):
            echo(line)
    for problem in [*(f"{folder}/{line}" for line in made.problems), *stale]:
        complain(problem)
    return WRONG if made.problems or stale else DONE


def told(path: Path, made: Lock, check: bool, stale: Sequence[str]) -> list[str]:
    """What is in the lock, and what is not deployed."""
    current = check and not stale
    refused = "" if check or not made.problems else "; it has problems, and 'terraform plan' stops until they are fixed"
    right = [entry for entry in made.graphs.values() if not entry.problems]
    sizes = f"{counted(len(right), 'graph')} in {counted(len(made.files), 'file')}"
    local = [f"{path.parent / entry.file}: not deployed: {entry.because}" for entry in made.local.values()]
    return [f"{path}: {sizes}{', up to date' if current else ''}{refused}", *local]
