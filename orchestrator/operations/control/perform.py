"""Does what a person asks of a run that has not ended."""

from collections.abc import Collection, Mapping
from typing import assert_never

from orchestrator.engine import Engine
from orchestrator.engine.control import ControlEvent, Unchanged
from orchestrator.operations.control.cancel import cancel
from orchestrator.operations.control.hold_and_release import hold, release
from orchestrator.operations.control.retry_and_mark import mark, retry
from orchestrator.operations.control.set_limits import set_limits
from orchestrator.operations.requests import (
    Apply,
    Asked,
    CancelAsked,
    Controls,
    Done,
    HoldAsked,
    MarkAsked,
    Person,
    ReleaseAsked,
    RetryAsked,
    SetAsked,
)
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found


def act(asked: Asked, found: Found, person: Person, engine: Engine) -> Done:
    """Do what is asked, by an engine whose queues are at work.

    Raises UsageError or ChangedError, and the errors of the store and the queue.
    """

    def apply(
        of: Found, event: ControlEvent, nodes: Collection[int], unchanged: Unchanged | None
    ) -> Mapping[int, Commit]:
        return engine.control(of.run.key, event, nodes, unchanged)

    return (
        cancel(asked, found, person, engine) if isinstance(asked, CancelAsked) else acted(asked, found, person, apply)
    )


def acted(asked: Controls, found: Found, person: Person, apply: Apply) -> Done:
    """Do what is asked, other than a cancellation, by ``apply``. Raises the same."""
    match asked:
        case HoldAsked():
            return hold(asked, found, person, apply)
        case ReleaseAsked():
            return release(asked, found, person, apply)
        case RetryAsked():
            return retry(asked, found, person, apply)
        case MarkAsked():
            return mark(asked, found, person, apply)
        case SetAsked():
            return set_limits(asked, found, person, apply)
        case never:
            assert_never(never)
