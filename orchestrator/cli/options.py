"""The options that several commands share."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import cleandoc
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from orchestrator.cli.app import RUN
from orchestrator.cli.drive import How
from orchestrator.cli.params import split
from orchestrator.cloud.settings import read_settings
from orchestrator.errors import UsageError
from orchestrator.system.files import sort_of
from orchestrator.system.os_errors import told

F = TypeVar("F", bound=Callable[..., Any])


class NamedPath(click.Path):
    """A path. An empty text is refused, though Python takes it for the current folder: a variable was not set."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("expected a path, got an empty text: is a variable not set?", param, ctx)
        try:
            sort_of(value)
        except OSError as error:
            self.fail(told(error, str(value)), param, ctx)
        return super().convert(value, param, ctx)


home_option = click.option(
    "--home",
    type=NamedPath(path_type=Path, file_okay=False),
    metavar="FOLDER",
    show_default=".orchestrator/ at the root of the repository",
    help="The folder in which runs are kept.",
)

_store_option = click.option(
    "--store",
    metavar="URL",
    help="The store in which runs are kept, instead of --home: firestore://PROJECT/DATABASE or sqlite:///PATH.",
)


def place_options(command: F) -> F:
    """``--home``, ``--store``, and the options of a deployment: where to look for runs.

    They arrive as ``home`` and ``store``, which is the URL of a store, or a deployment (``DeployedConsole``).
    """

    @wraps(command)
    def placed(
        *args: Any,
        store: str | None,
        project: str | None,
        region: str | None,
        name: str,
        environment: str,
        url: str | None,
        **more: Any,
    ) -> Any:
        if project is None and url is not None:
            raise UsageError("--url: expected --project and --region with it")
        if project is None:
            only_with_project()
            return command(*args, store=store, **more)
        if store is not None or more.get("home") is not None:
            raise UsageError("--project, --home and --store all say where the runs are: give only one of them")
        if region is None:
            raise UsageError("--region: expected the region of the deployment, with --project")
        from orchestrator.cli.deployed_console import deployed_console
        from orchestrator.deployment import Deployment

        return command(*args, store=deployed_console(Deployment(project, region, name, environment), url), **more)

    return home_option(_store_option(cloud_options(placed)))  # type: ignore[return-value]


def _all(options: Sequence[Callable[[F], F]], command: F) -> F:
    """The command with all these options, which its help lists in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def deployment_options(command: F) -> F:
    """Which deployment: they arrive as the fields of orchestrator.deployment.Deployment."""
    options = (
        click.option(
            "--project",
            envvar="ORCHESTRATOR_PROJECT",
            show_envvar=True,
            required=True,
            metavar="PROJECT",
            help="The id of the Google Cloud project.",
        ),
        click.option(
            "--region",
            envvar="ORCHESTRATOR_REGION",
            show_envvar=True,
            required=True,
            metavar="REGION",
            help="The region of the functions and queues.",
        ),
        click.option(
            "--name",
            metavar="NAME",
            default="orchestrator",
            show_default=True,
            help="The name of the deployment: Terraform's variable 'name'.",
        ),
        click.option(
            "--environment",
            metavar="NAME",
            default="prod",
            show_default=True,
            help="The environment: Terraform's variable 'environment'.",
        ),
    )
    return _all(options, command)


def project_options(command: F) -> F:
    """Which deployment, for commands that otherwise work on this machine. ``project`` is None if it is not given."""
    options = (
        click.option("--project", metavar="PROJECT", help="The id of a Google Cloud project: look at its deployment."),
        click.option(
            "--region",
            envvar="ORCHESTRATOR_REGION",
            show_envvar=True,
            metavar="REGION",
            help="With --project: the region of the functions and queues.",
        ),
        click.option(
            "--name",
            metavar="NAME",
            default="orchestrator",
            show_default=True,
            help="With --project: the name of the deployment, Terraform's variable 'name'.",
        ),
        click.option(
            "--environment",
            metavar="NAME",
            default="prod",
            show_default=True,
            help="With --project: the environment, Terraform's variable 'environment'.",
        ),
    )
    return _all(options, command)


def only_with_project(*names: str) -> None:
    """Raises UsageError if one of the options ``names`` was typed, without --project: nothing would heed it.

    Without ``names``, these are the options that say which deployment.
    """
    context = click.get_current_context()
    for name in names or ("region", "name", "environment", "database"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name.replace('_', '-')}: expected --project with it")


def cloud_options(command: F) -> F:
    """The same, for commands that call a function there."""
    option = click.option(
        "--url",
        metavar="URL",
        show_default="the URL of the deployed function, which is looked up",
        help="With --project: the URL of the function that is called.",
    )
    return project_options(option(command))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def params_options(command: F) -> F:
    """``--param`` and ``--params-file``. They arrive as ``pairs`` and ``params_file``, for ``given_params``."""
    options = (
        click.option(
            "-p",
            "--param",
            "pairs",
            multiple=True,
            metavar="NAME=VALUE",
            help="Set a param; repeat it for other params.",
        ),
        click.option(
            "--params-file",
            type=NamedPath(path_type=Path, exists=True, dir_okay=False),
            metavar="FILE",
            help="Read params from a YAML or JSON file; --param takes precedence.",
        ),
    )
    return _all(options, command)


def run_argument(*, required: bool = True) -> Callable[[F], F]:
    """The argument ``RUN``, as ``run``, and what the command's help says about it. Put it above ``STEP``."""

    def decorate(command: F) -> F:
        command.__doc__ = f"{cleandoc(command.__doc__ or '')}\n\n{RUN}"
        return click.argument("run", required=required)(command)

    return decorate


run_id_option = click.option(
    "--run-id",
    metavar="ID",
    show_default="the graph's name, the time and four random characters",
    help="The id of the run.",
)


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
    help="How many runs may be open at the same time. They share the cores: as many steps run at once as there are "
    "cores, or N if that is more.",
)

_DRIVING = (
    click.option("--json", "as_json", is_flag=True, help="Print a single JSON object at the end, and nothing else."),
    click.option(
        "--simulate",
        is_flag=True,
        help="Let Dataflow steps without a local: block succeed after a moment, without running anything.",
    ),
    click.option(
        "--deployment",
        multiple=True,
        metavar="NAME=VALUE",
        show_default="none; with --simulate, NAME itself",
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
    return _all((home_option, _parallel_option, *_DRIVING[:-1], _no_picture_option, _DRIVING[-1]), command)


def backfill_options(command: F) -> F:
    """Those of the command that drives many runs, which draws none of them. ``at_once``: how many at a time."""
    return _all((home_option, _at_once_option, *_DRIVING), command)


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
        outputs=as_json,
        json=as_json,
        picture=not no_picture,
    )
