"""``orchestrator serve``: start the graphs in graphs/ on this machine as their schedules say."""

import time
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

import click

from orchestrator.cli.failure import DONE
from orchestrator.cli.options import home_option
from orchestrator.cli.output import echo
from orchestrator.errors import UsageError
from orchestrator.operations.choose_store import choose_home
from orchestrator.operations.interrupt import interruptible
from orchestrator.operations.serve.run_processes import RunProcesses
from orchestrator.operations.serve.schedule_of import schedule_of
from orchestrator.operations.serve.server import FORM, CatchUp, Ended, Server, standing
from orchestrator.operations.serve.telling import Telling
from orchestrator.operations.serve.timetable import Timetable
from orchestrator.reporting.times import clock
from orchestrator.system.files import short

#: How many starts --dry-run shows.
_SHOWN = 20

EPILOG = """\b
Examples:
  orchestrator serve --dry-run
  orchestrator serve
  orchestrator serve --catch-up newest

Runs each graph whose file has a 'schedule', as Cloud Scheduler does in the cloud: with the schedule's params, under an
id made of the name of its file or folder in graphs/ and the time when it was due, such as
daily-sales-2026-01-31T060000Z. So two servers start nothing twice. Each run is driven by a process of its own;
'orchestrator status' and 'runs' show it.

Graphs that are added, changed or removed are noticed within a minute. If the process of a run is killed, the server
continues that run. When the server starts, it continues the scheduled runs that no process drives.

Missed starts, while no server ran or the machine slept, are not made up for, as in the cloud; --catch-up does that,
from the last scheduled run of the graph on. While the server runs, a start that is at most 5 minutes late is on time.

Ctrl-C ends the server. Runs that are going on continue in the background.

Exit codes: 0 ended by Ctrl-C or SIGTERM, 2 wrong use.
"""


@click.command(epilog=EPILOG)
@home_option
@click.option(
    "--catch-up",
    type=click.Choice([str(one) for one in CatchUp]),
    default=CatchUp.NONE.value,
    show_default=True,
    help="Which missed starts to make up for: none, the newest of each graph, or all at once (at most 100 of a graph).",
)
@click.option("--dry-run", is_flag=True, help=f"Only show the schedules and the next {_SHOWN} starts.")
def command(home: Path | None, catch_up: str, dry_run: bool) -> int:
    """Start the graphs in graphs/ on this machine as their schedules say, until Ctrl-C."""
    from orchestrator.definition.catalog import nearest

    folder = (nearest() / "graphs").resolve()
    if not folder.is_dir():
        raise UsageError("there is no folder graphs here: change to the folder that contains it")
    place = choose_home(home, folder)
    timetable = Timetable(folder, schedule_of)
    if dry_run:
        for entry in timetable.refresh():
            echo(standing(entry))
        if not timetable.scheduled:
            echo(f"no graph in {short(folder)} has a schedule")
        for start in islice(timetable.starts(time.time()), _SHOWN):
            echo(f"{clock(start.at, FORM)}  {start.run_id}")
        return DONE
    place.make()
    heard: SimpleQueue[Ended | None] = SimpleQueue()
    telling = Telling(place, folder, echo)
    server = Server(place, timetable, RunProcesses(place, heard), heard, echo, CatchUp(catch_up), missed=telling)
    with interruptible(lambda: heard.put(None)):
        server.go()
    return DONE
