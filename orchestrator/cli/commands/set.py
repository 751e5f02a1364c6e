"""``orchestrator set``: change the limits of a map, or of a run, while it runs."""

from pathlib import Path

import click

from orchestrator.cli.control import code_of, perform
from orchestrator.cli.deployment_options import place_options
from orchestrator.cli.options import run_argument
from orchestrator.cli.output import echo
from orchestrator.errors import UsageError
from orchestrator.operations.control.limit_values import limits_from
from orchestrator.operations.deployed_console import Location
from orchestrator.operations.find_run import apart
from orchestrator.reporting.summary import abandoned
from orchestrator.text import listed

EPILOG = """\b
Examples:
  orchestrator set daily-sales-2026 per-file max_parallel=50 --why 'the quota was raised'
  orchestrator set daily-sales-2026 per-file max_parallel=5 tolerate=3
  orchestrator set daily-sales-2026 per-file tolerate=5%
  orchestrator set daily-sales-2026 max_parallel=10           # of the whole run
  orchestrator set daily-sales-2026/load-orders max_parallel=2    # of the run inside a step

max_parallel is how many items of the map, or steps of the run, may be at work at once; tolerate is how many items, or
which share of them, may fail without the map failing. After a raise, those that wait begin at once. After a lowering,
those at work go on, and no other begins until fewer than the new number are at work. If more items have failed than a
lower tolerate allows, the map fails when all of its items have ended.

What is set counts until the end of the run, for further attempts of the map too. A rerun begins with the values in the
graph. A run or a map that is at work without any max_parallel cannot be given one; to remove a limit, set it to 10000.

With --project, the run is in the cloud, and the deployed function 'console' is asked to do it: you need to be one of
Terraform's 'operators'. With --store firestore://…, set the variables that 'orchestrator cancel --help' lists.

Exit codes: 0 the values are set, 1 they cannot be set: the step or its run has ended or is being cancelled or marked,
or a map is at work without max_parallel, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@run_argument()
@click.argument("step_and_values", nargs=-1, metavar="[STEP] NAME=VALUE...")
@click.option("--why", default="", metavar="TEXT", help="The reason, which 'story' and 'explain' show.")
@place_options
def command(run: str, step_and_values: tuple[str, ...], why: str, home: Path | None, store: Location) -> int:
    """Change max_parallel or tolerate of STEP, a map, or max_parallel of RUN, while it runs."""
    names = [text for text in step_and_values if "=" not in text]
    if len(names) > 1:
        raise UsageError(
            f"expected one step, got {listed(names, 'and')}: write values as max_parallel=50, and repeat the command "
            "for each step"
        )
    if names:
        run, names[0] = apart(run, names[0])
    values = [text for text in step_and_values if "=" in text]
    asked = limits_from(values, names[0] if names else None, why)
    found, done = perform("set", run, asked, home, store)
    if not done.refused and found.abandoned:
        echo(abandoned(found))
    return code_of(done)
