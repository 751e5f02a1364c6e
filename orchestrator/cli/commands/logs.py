"""``orchestrator logs``: what a step printed. In a terminal, control codes are shown and not executed."""

import codecs
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import click

from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.options import place_options
from orchestrator.cli.output import echo
from orchestrator.core.kinds import kind_of
from orchestrator.errors import UsageError
from orchestrator.operations.attempt_logs import log_path
from orchestrator.operations.lookup import find_step, found_run
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import counted, status_word
from orchestrator.system import files
from orchestrator.system.terminal import Cleaner

EPILOG = """\b
Examples:
  orchestrator logs daily-sales-2026 report
  orchestrator logs daily-sales-2026 report --attempt 1
  orchestrator logs daily-sales-2026 report --follow
  orchestrator logs daily-sales-2026 report --store firestore://my-project/orchestrator-prod

The log of a Dataflow job stays in the cloud: for a run there, the job's id and the URL of its log are printed.
"""

#: Bytes of a log that are shown at a time.
_PIECE = 65536

#: Seconds between two reads of a log that is followed.
_PERIOD = 0.2


@click.command(epilog=EPILOG)
@click.argument("run")
@click.argument("step")
@click.option(
    "--attempt", type=click.IntRange(min=1), metavar="N", show_default="the newest", help="The number of the attempt."
)
@click.option("-f", "--follow", is_flag=True, help="Keep printing what the step writes until it has ended.")
@place_options
def command(run: str, step: str, attempt: int | None, follow: bool, home: Path | None, store: str | None) -> int:
    """Print the log of STEP in RUN: what it wrote to standard output and standard error.

    RUN is the id of a run, the name of a graph (for its newest run), or the beginning of an id if it is unique.
    """
    found = found_run(home, run, store, complain)
    node = find_step(found.plan, step)
    if attempt is not None and attempt > found.view.state(node).attempt:
        made = counted(found.view.state(node).attempt, "attempt")
        raise UsageError(f"step '{step}' has had {made}: there is no attempt {attempt}")
    if found.home is None:
        from orchestrator.operations.cloud_run import job_lines

        for line in job_lines(found, node, attempt, follow):
            echo(line)
        return DONE
    if missing := deleted(found, node, attempt):
        complain(missing)
        return FAILED
    if follow:
        show(followed(found, node, attempt, home, store))
        return DONE
    path = log_path(found, node, attempt)
    if path is None:
        complain(nothing(found, node, attempt))
        return DONE
    show(_pieces(path))
    return DONE


def show(pieces: Iterable[bytes]) -> None:
    """Write a log to standard output unchanged, but to a terminal with its control codes escaped."""
    sys.stdout.flush()
    for piece in _cleaned(pieces) if sys.stdout.isatty() else pieces:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _cleaned(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decode, clean = codecs.getincrementaldecoder("utf-8")("replace").decode, Cleaner()
    for piece in pieces:
        yield clean(decode(piece)).encode(sys.stdout.encoding, "replace")
    yield clean(decode(b"", final=True), last=True).encode(sys.stdout.encoding, "replace")


def deleted(found: Found, node: int, attempt: int | None) -> str | None:
    """A sentence if the log of an attempt has been deleted. The log of a command always exists, even if it is empty."""
    step, state = found.plan.steps[node], found.view.state(node)
    number = attempt or state.attempt
    if found.home is None or not number or state.job is None:
        return None
    place = found.place(node)
    whole = found.home.run(place.run_id)
    log = found.home.attempt(place.run_id, place.node, step.name, number) / "log"
    if whole.is_dir() and (log.exists() or not kind_of(step.local or step.work).always_logs):
        return None
    gone = log if whole.is_dir() else whole
    return f"the log of step '{step.name}', attempt {number}, is missing: {files.short(gone)} has been deleted"


def nothing(found: Found, node: int, attempt: int | None) -> str:
    """Why there is no log."""
    step, state = found.plan.steps[node], found.view.state(node)
    if not state.attempt:
        return f"step '{step.name}' has not run: its status is {status_word(state.status)}"
    return f"step '{step.name}' wrote nothing in attempt {attempt or state.attempt}"


def followed(found: Found, node: int, attempt: int | None, home: Path | None, store: str | None) -> Iterator[bytes]:
    """What a step writes until it has ended: from all its attempts from now on, or from one."""
    current = attempt or max(found.view.state(node).attempt, 1)
    read = 0
    while True:
        state = found.view.state(node)
        over = state.status.final or state.attempt > current or found.abandoned
        path = log_path(found, node, current)
        if path is not None:
            for piece in _pieces(path, read):
                read += len(piece)
                yield piece
        if not over:
            time.sleep(_PERIOD)
        elif attempt is None and state.attempt > current:
            current, read = current + 1, 0
        else:
            return
        found = found_run(home, found.run.id, store, complain)


def _pieces(path: Path, start: int = 0) -> Iterator[bytes]:
    try:
        with files.reading(path) as log:
            log.seek(start)
            yield from iter(partial(log.read, _PIECE), b"")
    except FileNotFoundError:  # it has been deleted or replaced meanwhile
        return
