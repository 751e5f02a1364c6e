"""Holds, releases, retries and marks steps of a run, here or in the cloud, by changing their states in the store."""

from collections.abc import Collection, Mapping

from orchestrator.cloud.settings import read_settings
from orchestrator.engine.control import ControlEvent, Unchanged
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.local.wiring import embedded
from orchestrator.operations.driving import pools_of
from orchestrator.operations.requests import Apply
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found


def applied(command: str) -> Apply:
    """Applies the events of a command.

    Raises UsageError that names every missing variable if the run is in the cloud.
    """

    def apply(
        found: Found, event: ControlEvent, nodes: Collection[int], unchanged: Unchanged | None
    ) -> Mapping[int, Commit]:
        if found.home is None:
            from orchestrator.operations.cloud_run import deployed

            assert found.url is not None
            with deployed(command, found.url) as made:
                return made.engine.control(found.run.key, event, nodes, unchanged)
        must_be_a_home(command, found.home, found)
        world = embedded(found.home, read_settings().parallel, fake_dataflow=True, pools=pools_of(found.run))
        try:
            return world.engine.control(found.run.key, event, nodes, unchanged)
        finally:
            world.database.close()

    return apply


def must_be_a_home(command: str, home: Home, found: Found) -> None:
    """Raises UsageError if the run's file does not belong to a home, because then it has no queue."""
    file = found.url.file if found.url is not None else None
    if file is not None and file.name != home.database.name:
        raise UsageError(f"--store: expected a file called {home.database.name}, to {command} a run in it, got {file}")
