"""The options of the commands that drive runs."""

from collections.abc import Sequence

import click

from orchestrator.cli.drive import How
from orchestrator.cli.options import F, all_of, home_option
from orchestrator.cli.params import split
from orchestrator.cloud.settings import read_settings
from orchestrator.errors import UsageError

_parallel_option = click.option(
    "--parallel",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="the number of cores",
    help="How many steps may run at the same time.",
)

_at_once_option = click.option(
    "--parallel",
    "at_once",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_default=True,
    help="How many runs may be open at the same time, at most the graph's max_active_runs. They share the cores: as "
    "many steps run at once as there are cores, or N if that is more.",
)


def _renamed(_: click.Context, option: click.Parameter, given: bool) -> None:
    if given:
        raise UsageError(
            f"{option.opts[0]}: it is called --fake-dataflow now: only Dataflow steps are not executed; "
            "orchestrator.testing simulates whole runs"
        )


_DRIVING = (
    click.option("--simulate", is_flag=True, hidden=True, expose_value=False, is_eager=True, callback=_renamed),
    click.option("--json", "as_json", is_flag=True, help="Print a single JSON object at the end, and nothing else."),
    click.option(
        "--fake-dataflow",
        is_flag=True,
        help="Let Dataflow steps without a local: block succeed after a moment; other steps run as usual.",
    ),
    click.option(
        "--deployment",
        multiple=True,
        metavar="NAME=VALUE",
        show_default="none; with --fake-dataflow, NAME itself",
        help="Set the value of {{ run.deployment.NAME }}, which Terraform sets in the cloud; may be repeated.",
    ),
    click.option(
        "--durable",
        is_flag=True,
        help="Also survive a power failure; slower. (A killed process loses nothing in any case.)",
    ),
    click.option(
        "--on-interrupt",
        type=click.Choice(["end", "leave"]),
        default="end",
        show_default=True,
        help="What Ctrl-C does to running processes: 'end' ends them, and those steps run again when the run is "
        "continued; 'leave' leaves them running, and the run takes them over when it is continued.",
    ),
)

_no_picture_option = click.option("--no-picture", is_flag=True, help="Do not draw a picture of the run when it ends.")


def driving_options(command: F) -> F:
    """The options of the commands that drive a run. They arrive as keywords that ``how`` understands."""
    return all_of((home_option, _parallel_option, *_DRIVING[:-1], _no_picture_option, _DRIVING[-1]), command)


def backfill_options(command: F) -> F:
    """Those of the command that drives many runs, which draws none of them. ``at_once``: how many at a time."""
    return all_of((home_option, _at_once_option, *_DRIVING), command)


def how(
    parallel: int | None,
    as_json: bool,
    fake_dataflow: bool,
    deployment: Sequence[str],
    durable: bool,
    no_picture: bool,
    on_interrupt: str,
) -> How:
    """What the driving options say. Raises UsageError."""
    return How(
        parallel or read_settings().parallel,
        fake_dataflow=fake_dataflow,
        deployment=split("--deployment", deployment),
        durable=durable,
        leave=on_interrupt == "leave",
        outputs=as_json,
        json=as_json,
        picture=not no_picture,
    )
