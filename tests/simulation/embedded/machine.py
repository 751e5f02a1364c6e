"""The machine of an embedded world: its clock, its home, and the commands on it, which outlive whoever began them."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.home import Home
from orchestrator.ports import JobRequest
from tests.simulation.loop import START

if TYPE_CHECKING:
    from tests.simulation.embedded.driver import Driver
    from tests.simulation.embedded.jobs import Process
    from tests.simulation.embedded.world import World


class Machine:
    """One on which nothing but one run is driven. ``worlds``: by key, the runs; ``pools``: their sizes."""

    alone = True

    def __init__(self, folder: Path, pools: dict[str, int] | None = None) -> None:
        self.home = Home(folder)
        self.now = START
        self.pools = pools or {}
        self.processes: dict[str, Process] = {}
        self.worlds: dict[str, World] = {}

    def wait(self, world: "World", until: float) -> None:
        """What drives that run does nothing until then."""
        self.now = max(self.now, until)

    def listens_until(self, driver: "Driver", timeout: float) -> float:
        """Until when a driver that would wait so many seconds for the end of a job does nothing."""
        due = driver.made.queue.next_due([driver.world.run.key], driver.loop._queues())
        if due is not None and not driver.loop._heard:  # else it tries again what it could not record
            timeout = max(timeout, due - driver.made.clock())
        return self.now + timeout

    def driving(self, world: "World") -> AbstractContextManager[None]:
        """Be the process that drives a run."""
        return nullcontext()

    def begins_to_write(self, world: "World") -> None:
        """What drives that run is about to lock the database."""

    def committed(self, world: "World") -> None:
        """What drives that run has written something."""

    def begins(self, world: "World", request: JobRequest) -> None:
        """A job of that run begins."""

    def restart(self, world: "World") -> None:
        """It goes down, with all that runs on it, when what drove that run is gone."""
        for process in self.processes.values():
            if process.end > self.now:
                process.end, process.died = self.now, True
