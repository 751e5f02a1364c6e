"""The options that say which deployment is meant, or where else the runs are."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from orchestrator.cli.options import F, all_of, home_option
from orchestrator.errors import UsageError
from orchestrator.home.store_url import FORMS

_store_option = click.option(
    "--store",
    metavar="URL",
    help=f"The store in which runs are kept, instead of --home: {FORMS}.",
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


def deployment_options(command: F) -> F:
    """Which deployment: they arrive as the fields of orchestrator.deployment.Deployment."""
    project = click.option(
        "--project",
        envvar="ORCHESTRATOR_PROJECT",
        show_envvar=True,
        required=True,
        metavar="PROJECT",
        help="The id of the Google Cloud project.",
    )
    return all_of((project, *_in_project("The", required=True)), command)


def project_options(command: F) -> F:
    """Which deployment, for commands that otherwise work on this machine. ``project`` is None if it is not given."""
    project = click.option("--project", metavar="PROJECT", help="The id of a Google Cloud project: use its deployment.")
    return all_of((project, *_in_project("With --project: the", required=False)), command)


def _in_project(the: str, *, required: bool) -> Sequence[Callable[[F], F]]:
    """Which of the deployments of a project. ``the``: how the help of each option begins."""
    return (
        click.option(
            "--region",
            envvar="ORCHESTRATOR_REGION",
            show_envvar=True,
            required=required,
            metavar="REGION",
            help=f"{the} region of the functions and queues.",
        ),
        click.option(
            "--name",
            metavar="NAME",
            default="orchestrator",
            show_default=True,
            help=f"{the} name of the deployment, Terraform's variable 'name'.",
        ),
        click.option(
            "--environment",
            metavar="NAME",
            default="prod",
            show_default=True,
            help=f"{the} environment, Terraform's variable 'environment'.",
        ),
    )


def only_with_project(*names: str) -> None:
    """Raises UsageError if one of the options ``names`` was typed, without --project: nothing would heed it.

    Without ``names``, these are the options that say which deployment.
    """
    context = click.get_current_context()
    for name in names or ("region", "name", "environment", "database"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name.replace('_', '-')}: expected --project with it")


def cloud_options(command: F) -> F:
    """Those of ``project_options``, for commands that call a function there."""
    option = click.option(
        "--url",
        metavar="URL",
        show_default="the URL of the deployed function, which is looked up",
        help="With --project: the URL of the function that is called.",
    )
    return project_options(option(command))
