"""The options that several commands share."""

from collections.abc import Callable, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any, TypeVar

import click

from orchestrator.cli.app import RUN
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


def all_of(options: Sequence[Callable[[F], F]], command: F) -> F:
    """The command with all these options, which its help lists in this order."""
    for option in reversed(options):
        command = option(command)
    return command


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
    return all_of(options, command)


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
