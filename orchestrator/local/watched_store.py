"""The embedded store, with somebody who is told of every commit."""

from collections.abc import Callable
from functools import partial

from orchestrator.core.model import StepState
from orchestrator.home.database import Database
from orchestrator.ports import Commit, Decide
from orchestrator.stores.sqlite import SqliteStore


class WatchedStore(SqliteStore):
    """The embedded store, with somebody who is told of every commit."""

    def __init__(self, saw: Callable[[str, int, StepState], None], database: Database) -> None:
        super().__init__(database)
        self._saw = saw

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        commit = super().transact(run, node, decide)
        if commit.applied:  # a commit that finds no room on the disk has not happened
            self._database.afterwards(partial(self._saw, run, node, commit.state))
        return commit
