"""The options that several commands share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from orchestrator.cli.drive import How
from orchestrator.cli.given import split
from orchestrator.cloud.settings import read_settings

F = TypeVar("F", bound=Callable[..., Any])


class NamedPath(click.Path):
    """A path. An empty text is none, though Python takes it for the current folder: a variable was not set."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("expected a path, got an empty text: is a variable not set?", param, ctx)
        return super().convert(value, param, ctx)


home_option = click.option(
    "--home",
    type=NamedPath(path_type=Path, file_okay=False),
    help="Where runs are kept. [default: .orchestrator/ at the root of the repository]",
)

_store_option = click.option(
    "--store",
    metavar="URL",
    help="Where runs are kept, instead of --home: firestore://PROJECT/DATABASE or sqlite:///PATH.",
)


def place_options(command: F) -> F:
    """``--home`` and ``--store``: where to look for runs."""
    return home_option(_store_option(command))


def deployment_options(command: F) -> F:
    """Which deployment: they arrive as the fields of orchestrator.deployment.Deployment."""
    options = (
        click.option("--project", envvar="ORCHESTRATOR_PROJECT", show_envvar=True, required=True, help="Its project."),
        click.option("--region", envvar="ORCHESTRATOR_REGION", show_envvar=True, required=True, help="Its region."),
        click.option("--name", default="orchestrator", show_default=True, help="Terraform's variable of that name."),
        click.option("--environment", default="prod", show_default=True, help="Terraform's variable of that name."),
    )
    for option in reversed(options):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def driving_options(command: F) -> F:
    """The options of the commands that drive a run. They arrive as keywords that ``how`` understands."""
    options = (
        home_option,
        click.option(
            "--parallel", type=click.IntRange(min=1), metavar="N", help="Jobs at once. [default: as many as cores]"
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print nothing but one JSON object, when the run has ended."
        ),
        click.option("--simulate", is_flag=True, help="Play the Dataflow steps that have no local: block."),
        click.option(
            "--deployment",
            multiple=True,
            metavar="NAME=VALUE",
            help="What {{ run.deployment.NAME }} gives here; may be repeated. [default: with --simulate, its name]",
        ),
        click.option("--durable", is_flag=True, help="Survive a power cut too, not just a killed process. Slower."),
        click.option("--no-picture", is_flag=True, help="Do not draw the run when it ends."),
        click.option(
            "--on-interrupt",
            type=click.Choice(["end", "leave"]),
            default="end",
            show_default=True,
            help="What Ctrl-C does to running processes: end them, and they run again when the run is resumed; "
            "or leave them running, and the resumed run takes them over.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def how(
    parallel: int | None,
    as_json: bool,
    simulate: bool,
    deployment: Sequence[str],
    durable: bool,
    no_picture: bool,
    on_interrupt: str,
) -> How:
    """What the driving options say. Raises UsageError."""
    return How(
        parallel or read_settings().parallel,
        simulate=simulate,
        deployment=split("--deployment", deployment),
        durable=durable,
        leave=on_interrupt == "leave",
        json=as_json,
        picture=not no_picture,
    )
