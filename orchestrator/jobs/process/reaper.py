"""A process that waits for its parent to exit, and then ends the commands of a home that still run.

    python -m orchestrator.jobs.process.reaper HOME

Commands outlive their launcher on purpose. Where they must not, this is started beside them with a pipe as its standard
input. It starts to work when that pipe is closed, which the system does even if the parent is killed. It needs only a
pipe and a file lock, so it works on macOS too.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator.home import Home
from orchestrator.jobs.process import attempt, claim
from orchestrator.jobs.process.environment import marks
from orchestrator.system import process_group as group

#: Seconds between two rounds, and in total: a process that we may not signal cannot be ended.
_LOOK, _TIMEOUT = 0.01, 30.0


def reap(home: Home) -> None:
    """Kill every attempt that still runs, until none is left or the time is over."""
    until = time.monotonic() + _TIMEOUT
    while (left := list(_left(home))) and time.monotonic() < until:
        for number, mark in left:
            if number is not None:
                group.kill(number, mark)
        time.sleep(_LOOK)


def _left(home: Home) -> Iterator[tuple[int | None, group.Marks]]:
    """The attempts that still run: the number of each one's shell, if that wrote it, and its marks."""
    for found in home.path.glob("runs/*/steps/*/*/claim"):
        number, known_by = attempt.group_of(found.parent), marks(found.parent)
        if claim.locked(found.parent) or (number is not None and group.left_behind(number, known_by)):
            yield number, known_by


if __name__ == "__main__":
    sys.stdin.buffer.read()
    reap(Home(Path(sys.argv[1])))
