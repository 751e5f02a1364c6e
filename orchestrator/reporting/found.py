"""A run as it was found in a store, and how it stands in a word."""

from dataclasses import dataclass

from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.plan import Plan
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.home.store_url import StoreUrl

#: How a run stands that has not ended and that no process drives.
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Found:
    """A run as it is in the store now. ``home``: None for a run in the cloud. ``url``: the store, if it was named.
    ``flag``: what must be added to a command, typed here, so that it finds the run.

    ``doubts``: what does not add up in a run that has not ended. ``unreadable``: which of its records cannot be read.
    """

    home: Home | None
    run: Run
    plan: Plan
    view: View
    url: StoreUrl | None = None
    flag: str = ""
    doubts: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def steps(self) -> list[int]:
        """The steps of which something is known."""
        return [node for node in range(len(self.plan.steps)) if node not in self.view.unreadable]

    @property
    def abandoned(self) -> bool:
        """The run has not ended, and no process drives it. A run in the cloud is driven by no process."""
        return self.word == INTERRUPTED

    @property
    def word(self) -> str:
        """How the run stands, in a word."""
        return standing(self.home, self.run)

    @property
    def here(self) -> Home:
        """The home of a run on this machine. Raises UsageError for one in the cloud."""
        if self.home is None:
            raise UsageError(f"run '{self.run.id}' is in the cloud: it cannot be driven from here")
        return self.home


def standing(home: Home | None, run: Run) -> str:
    """How a run stands: its status, or that it was interrupted, if it has not ended and no process here drives it."""
    alone = home is not None and run.status is RunStatus.RUNNING and not home.held(run.id)
    return INTERRUPTED if alone else str(run.status)
