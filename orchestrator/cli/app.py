"""The group of commands, each imported when it is called. A new command is a file in ``commands/`` and its row here."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from orchestrator.cli.failure import DONE, complain

#: Name -> what ``--help`` says of it, in the order of the help.
COMMANDS = {
    "validate": "Check graphs and say all that is wrong with them.",
    "plot": "Draw a graph, or how a run went.",
    "run": "Run a graph on this machine.",
    "resume": "Continue a run that was interrupted or killed.",
    "status": "Show how a run stands.",
    "explain": "Say why a step stands as it does.",
    "logs": "Print what a step wrote.",
    "runs": "List the runs, the newest first.",
    "cancel": "Stop a run for good.",
    "verify": "Check that the records of a run agree.",
    "rehearse": "Run a graph here as it runs in the cloud, while things go wrong.",
    "graphs": "List the graphs in graphs/.",
    "lock": "Check the graphs of a folder, for Terraform to deploy.",
    "start": "Start a run of a deployed graph.",
    "doctor": "Say what is missing or wrong in a deployment, and what fixes it.",
    "schema": "Print the JSON Schema of graph files, for editors.",
}


class Commands(click.Group):
    """A group whose commands are imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"orchestrator.cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = get_close_matches(name, COMMANDS, n=1)
            raise click.UsageError(
                f"no command is called '{name}'" + (f" (did you mean '{close[0]}'?)" if close else ""), ctx
            )
        return super().resolve_command(ctx, args)


EPILOG = """\b
Examples:
  orchestrator validate graphs/*.yaml
  orchestrator run daily-sales --param date=2026-01-31
  orchestrator status daily-sales-2026
  orchestrator plot --run daily-sales-2026 -o sales.png

Exit codes: 0 done, 1 the run failed, 2 wrong use or an invalid graph, 130 interrupted.
"""


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.option("--version", is_flag=True, help="Print the version.")
@click.pass_context
def app(ctx: click.Context, version: bool) -> int:
    """Run graphs of data jobs, with parallel branches and joins.

    GRAPH is a file, or a graph in graphs/, called by its file or folder name (not by the 'name' inside the file). RUN
    is a run's id, or as much of its beginning as is unique.
    """
    if version:
        click.echo(f"orchestrator {_version()}")
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    return 0


def _version() -> str:
    from importlib import metadata

    from orchestrator.system.extras import DISTRIBUTION

    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "(not installed: run from its source)"


def call(arguments: Sequence[str]) -> int:
    """Run one command line. Errors of click's are said here, all others are raised."""
    if "_ORCHESTRATOR_COMPLETE" in os.environ:  # a shell asks how a word may go on
        app.main(list(arguments), prog_name="orchestrator")
    try:
        with app.make_context("orchestrator", list(arguments)) as ctx:
            result: Any = app.invoke(ctx)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        return _wrong_use(error)
    return result if isinstance(result, int) else DONE


def _wrong_use(error: click.ClickException) -> int:
    message = error.format_message()
    complain(f"error: {message[:1].lower()}{message[1:].rstrip('.')}")
    ctx = getattr(error, "ctx", None)
    if ctx is not None:
        complain(f"usage: {' '.join(ctx.command.collect_usage_pieces(ctx)).join((f'{ctx.command_path} ', ''))}")
        complain(f"help:  {ctx.command_path} --help")
    return error.exit_code
