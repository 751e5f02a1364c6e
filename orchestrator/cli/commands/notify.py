"""``orchestrator notify``: send the notifications that could not be sent, or a sample to each receiver."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.options import home_option
from orchestrator.cli.output import echo
from orchestrator.definition.project import FILE, project_folder
from orchestrator.errors import NotNotifiedError, UsageError
from orchestrator.home import existing_home
from orchestrator.operations.choose_store import choose_home, home_flag
from orchestrator.operations.receivers import projects_owing, receivers_of, send_left_over
from orchestrator.receivers.notifier import Notifier
from orchestrator.receivers.sample import sample
from orchestrator.reporting.phrases import counted
from orchestrator.text import did_you_mean

EPILOG = f"""\b
Examples:
  orchestrator notify
  orchestrator notify --test
  orchestrator notify --test ops

The receivers are those of the project's file, {FILE}, which lies beside graphs/. Without --test, whatever the runs of
this machine could not send yet is sent. 'orchestrator doctor' checks the receivers of a deployment.

Exit codes: 0 everything was sent, 1 something was not, or another process is still sending it, 2 wrong use or a wrong
file.
"""


@click.command(epilog=EPILOG)
@click.argument("receivers", nargs=-1, metavar="[RECEIVER]...")
@click.option("--test", is_flag=True, help="Send a sample to each receiver, or to those named, and print its answer.")
@home_option
def command(receivers: tuple[str, ...], test: bool, home: Path | None) -> int:
    """Send the notifications that could not be sent; with --test, a sample to each receiver."""
    if test:
        return send_samples(receivers_of(Path.cwd()), receivers)
    if receivers:
        raise UsageError("receivers are only named with --test: what is left is sent to all of them")
    return send_left(home)


def send_left(home: Path | None) -> int:
    """Send what is left in a home. Returns the exit code."""
    place = existing_home(choose_home(home, Path()))
    sent = left = elsewhere = 0
    for folder in projects_owing(place):
        done = send_left_over(place, receivers_of(folder), complain, home_flag(place))
        sent, left, elsewhere = sent + done.due - done.left, left + done.left, elsewhere + done.elsewhere
    others = f"; {elsewhere} more left to another process, which is sending them" if elsewhere else ""
    echo(f"{counted(sent, 'notification')} sent" + (f", {left} left" if left else "") + others)
    return FAILED if left or elsewhere else DONE


def send_samples(notifier: Notifier, wanted: Sequence[str]) -> int:
    """Send a sample to each receiver, and print what it answered. Returns the exit code."""
    if not notifier.all:
        raise UsageError(f"{project_folder(Path()) / FILE}: there are no receivers: name them under notify:")
    for name in wanted:
        if name not in notifier.all:
            raise UsageError(f"no receiver is called '{name}'{did_you_mean(name, list(notifier.all))}")
    code = DONE
    for name in wanted or notifier.all:
        receiver = notifier.all[name]
        if not notifier.reaches(receiver):
            echo(f"{name}: only notified from the cloud: {receiver.place}")
            continue
        try:
            echo(f"{name}: {notifier.told(name, sample(time.time()))}")
        except NotNotifiedError as error:
            complain(str(error))
            code = FAILED
    return code
