"""The receivers of a project on this machine, and what is still to be sent to them."""

import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrator.core.model import Run, RunStatus
from orchestrator.definition.project import FILE, load_project, project_folder
from orchestrator.errors import InUseError, OrchestratorError
from orchestrator.home import Home
from orchestrator.local.notices import Notices
from orchestrator.local.wiring import Embedded, embedded, records
from orchestrator.ports import NOTICES
from orchestrator.receivers.notifier import Notifier
from orchestrator.reporting.phrases import counted, listed


def receivers_of(folder: Path) -> Notifier:
    """The receivers of the project to which ``folder`` belongs, as far as they can be reached from here.

    Raises InvalidGraphError if the project's file is wrong.
    """
    root = project_folder(folder)
    return Notifier(load_project(root).notify, f"/orchestrator/{socket.gethostname()}", folder=root)


def project_of(run: Run) -> Path:
    """The folder of the project that a run belongs to."""
    return project_folder(Path(run.folder) if run.folder is not None else Path())


def projects_owing(home: Home) -> list[Path]:
    """The projects whose ended runs in a home still owe receivers something."""
    with records(home) as made:
        runs = (made.store.get_run(key) for key in made.queue.owing(NOTICES))
        ended = (run for run in runs if run is not None and run.status is not RunStatus.RUNNING)
        return list(dict.fromkeys(map(project_of, ended)))


class LeftOver(NamedTuple):
    """How many notifications there were to send, how many of them are left, and how many another process sends."""

    due: int
    left: int
    elsewhere: int


def send_left_over(home: Home, receivers: Notifier, say: Callable[[str], None], flag: str) -> LeftOver:
    """Send what the ended runs of a project owe, except of those that another process has taken."""
    world = embedded(home, 1, fake_dataflow=True, receivers=receivers, flag=flag)
    try:
        with ExitStack() as locks:
            notices = Notices(world, lambda: others, say)
            taken: list[str] = []
            others = left_over(world, locks, taken.append)
            due = len(world.queue.waiting(others, NOTICES))
            return LeftOver(due, len(notices.close()), len(world.queue.waiting(taken, NOTICES)))
    finally:
        world.close()


@contextmanager
def notifying(
    world: Embedded, runs: Callable[[], Collection[str]], say: Callable[[str], None], flag: str
) -> Iterator[Notices]:
    """Notify the receivers of ``runs``, whose locks the caller has, and send what earlier runs of the project left.

    At the end, everything was tried at least once; what could not be sent stays, and that is said.
    """
    with ExitStack() as locks:
        others = left_over(world, locks) if world.engine.ledger.receivers is not None else []
        notices = Notices(world, lambda: [*runs(), *others], say)
        yield notices
        if names := notices.close():
            say(
                f"warning: {counted(len(names), 'notification')} could not be sent: 'orchestrator notify{flag}', or "
                "the next run here, tries again"
            )


def left_over(world: Embedded, locks: ExitStack, taken: Callable[[str], None] = lambda _: None) -> list[str]:
    """The keys of ended runs of the project that still owe receivers something. All of it is due now.

    As long as ``locks`` has their locks, nobody else sends that. ``taken`` is called with the keys of the others, whose
    locks another process has.
    """
    known, found = world.engine.ledger.receivers, list[str]()
    if not isinstance(known, Notifier):
        return found
    for key in world.queue.owing(NOTICES):
        try:
            run = world.store.get_run(key)
            if run is not None and run.status is not RunStatus.RUNNING and project_of(run) == known.folder:
                locks.enter_context(world.home.driving(run.id))
                world.queue.hurry(key, NOTICES, world.clock())
                found.append(key)
        except InUseError:  # the process that has it sends that
            taken(key)
        except OrchestratorError:
            continue  # its record cannot be read: 'verify' says so
    return found


def unknown(known: Notifier, run: Run) -> str | None:
    """The sentence that a run's graph names receivers that its project does not have; None if there are none."""
    if strange := sorted(run.notify.keys() - known.all.keys()):
        return f"warning: the graph notifies {listed(map(repr, strange))}, and {FILE} has no such receiver"
    return None
