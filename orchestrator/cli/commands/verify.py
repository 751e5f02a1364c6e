"""``orchestrator verify``: whether what is stored of a run adds up."""

from pathlib import Path

import click

from orchestrator.cli.failure import DONE, FAILED
from orchestrator.cli.lookup import find_run, named_store, newest, plan_of
from orchestrator.cli.options import place_options
from orchestrator.cli.saying import echo
from orchestrator.cli.verified import wrong

EPILOG = """\b
Examples:
  orchestrator verify daily-sales-2026
  orchestrator verify daily-sales-2026 --store firestore://my-project/orchestrator-prod

It compares the state of each step with those before it, the counters of the joins with what they count, and the run's
end with its steps. What does not add up was changed by hand, or is gone: a sweep lets nothing begin because of it.

Exit codes: 0 all adds up, 1 something does not, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@click.argument("run", required=False)
@place_options
def command(run: str | None, home: Path | None, store: str | None) -> int:
    """Say what does not add up in what is stored of RUN, with its place; without RUN, of the one that started last."""
    with named_store(home, store) as (place, opened):
        found = find_run(opened, run) if run is not None else newest(opened)
        said = wrong(opened, found.key, plan_of(place, opened, found))
    for line in said:
        echo(line)
    echo(f"run {found.id}: {f'{len(said)} things do not add up' if said else 'all adds up'}")
    return FAILED if said else DONE
