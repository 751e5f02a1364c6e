"""The group of commands, each imported when it is called. A new one needs a file in ``commands/`` and a row here."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from orchestrator.cli.failure import DONE, complain

#: Name -> its line in ``--help``, in that order.
COMMANDS = {
    "validate": "Check graphs, and report their mistakes.",
    "plot": "Draw a graph or a run.",
    "run": "Run a graph on this machine.",
    "resume": "Continue a run that was interrupted or killed.",
    "rerun": "Run again what did not succeed in a run, and keep the rest.",
    "backfill": "Run a graph for each day or other slot of a range, or for each of some values.",
    "serve": "Start graphs on this machine as their schedules say.",
    "status": "Show the status of a run and its steps.",
    "explain": "Explain the status of a step.",
    "story": "List what happened in a run, in order.",
    "logs": "Print the log of a step, or of all that failed, were cancelled, will be retried or need attention.",
    "runs": "List the runs, newest first.",
    "hold": "Keep steps of a run from beginning until they are released.",
    "release": "Release steps that are held.",
    "retry": "Retry a step that needs attention.",
    "mark": "Decide how a step ends.",
    "set": "Change the limits of a map, or of a run, while it runs.",
    "cancel": "Cancel a run, or some of its steps.",
    "audit": "Find jobs and processes that no run waits for; with --stop, stop them.",
    "prune": "Delete old runs of this machine.",
    "notify": "Send notifications that could not be sent, or test the receivers.",
    "verify": "Check that the stored records of a run agree.",
    "rehearse": "Run a graph on this machine as in the cloud, and inject faults.",
    "graphs": "List the graphs in graphs/.",
    "lock": "Check the graphs of a folder, and write graphs.lock for Terraform.",
    "start": "Start a run of a deployed graph.",
    "doctor": "Check a deployment, and say how to fix it.",
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
                f"there is no command '{name}'" + (f" (did you mean '{close[0]}'?)" if close else ""), ctx
            )
        return super().resolve_command(ctx, args)


#: What users may write for RUN, in every command.
RUN = (
    "RUN is the id of a run, or its beginning if that is unique, or the name of a graph, which means its newest run. "
    "RUN/STEP, except in 'resume' and 'rerun', is the run inside a step that runs a graph or has 'map'."
)

HELP = f"""Run graphs of data jobs, with parallel branches and joins.

GRAPH is the path of a graph's file, or the name of a file or folder in graphs/. {RUN} A graph's name is the 'name' in
its file. STEP is the name of a step.
"""

EPILOG = """\b
Examples:
  orchestrator validate graphs/*.yaml
  orchestrator run daily-sales --param date=2026-01-31
  orchestrator status daily-sales-2026
  orchestrator plot --run daily-sales-2026 -o sales.png

\b
Exit codes:
  0    success
  1    the run failed or was cancelled, or the command found problems
  2    wrong use (an unknown option, run, step or param), or an invalid graph
  130  interrupted, for example by Ctrl-C
  141  the program that read the output ended first, as 'head' does
"""


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=HELP,
    epilog=EPILOG,
)
@click.option("--version", is_flag=True, help="Print the version and exit.")
@click.pass_context
def app(ctx: click.Context, version: bool) -> int:
    """The command ``orchestrator``; its help is ``HELP``."""
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
    """Run one command line. Reports click's errors, and raises all others."""
    if "_ORCHESTRATOR_COMPLETE" in os.environ:  # a shell asks for completions
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
