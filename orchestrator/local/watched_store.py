"""The embedded store, with a callback for every commit."""

from collections.abc import Callable
from functools import partial

from orchestrator.core.model import StepState
from orchestrator.home.database import Database
from orchestrator.ports import Commit, Decide
from orchestrator.stores.sqlite.store import SqliteStore


class WatchedStore(SqliteStore):
    """The embedded store, with a callback for every commit."""

    def __init__(self, saw: Callable[[str, int, StepState], None], database: Database) -> None:
        super().__init__(database)
        self._saw = saw

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        commit = super().transact(run, node, decide)
        if commit.applied:  # a commit that fails on a full disk has not happened
            self._database.afterwards(partial(self._saw, run, node, commit.state))
        return commit
