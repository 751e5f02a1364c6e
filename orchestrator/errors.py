"""Every error this package raises on purpose: what a caller may do about it, and what to answer with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.text import told


class OrchestratorError(Exception):
    """Base of the tree. Its text is one sentence for a person: what was expected, what it got, where.

    ``retryable``: the same call may succeed later.
    ``http_status``: what a function answers with.
    ``exit_code``: what the command line ends with.
    """

    retryable = False
    http_status = 500
    exit_code = 1


class UsageError(OrchestratorError):
    """The caller asked for something that cannot be: fix the request."""

    http_status = 400
    exit_code = 2


class HeldError(UsageError):
    """Another process drives the run."""


class ReadOnlyError(UsageError):
    """What runs here can be looked at, and nothing else: nobody can write there."""


class NotFoundError(UsageError):
    """No run, graph, step or file has that name."""

    http_status = 404


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a graph, at a path of keys inside its document: ``("steps", "report", "after", 0)``."""

    path: tuple[str | int, ...]
    message: str


class InvalidGraphError(UsageError):
    """A graph that cannot run. Carries all its problems, and prints one a line.

    ``graph``: what can be made of it without what is wrong, to be looked at further; None if that is nothing.
    """

    def __init__(self, problems: Sequence[Problem], lines: Sequence[str] = (), graph: Any = None) -> None:
        self.graph = graph
        self.problems = tuple(problems)
        self.lines = tuple(lines) or tuple(_line(problem) for problem in problems)
        super().__init__("\n".join(self.lines))


class ConflictError(OrchestratorError):
    """Somebody else changed the document first, again and again: come back later."""

    retryable = True
    http_status = 503


class StoreError(OrchestratorError):
    """The store did not do what was asked, and nothing is known of whether it will."""

    retryable = True
    http_status = 503


class StoreShortError(StoreError):
    """The store is out of something that comes back, such as disk: nothing was written, and later it may be."""


class UnstorableError(StoreError, UsageError):
    """The store can never take what it was given, however often it is asked: it is too large, or in no form of its."""

    retryable = False
    http_status = UsageError.http_status


class UnreadableRecordError(StoreError):
    """What lies at ``path`` in a store cannot be read: it is damaged, nobody's, or of a newer version of this program.

    It is left as it is. ``retryable`` if it is of a ``newer`` version: a machine that has that one can read it.
    """

    http_status = 500

    def __init__(self, path: str, why: str, *, newer: bool = False) -> None:
        self.path = path
        self.why = why
        self.retryable = newer
        super().__init__(f"{path} cannot be read: {why}")


class QueueError(OrchestratorError):
    """The queue did not take a task."""

    retryable = True
    http_status = 503


class BackendError(OrchestratorError):
    """A job service did not answer, or not clearly. It says nothing about the job."""

    retryable = True
    http_status = 503


class AmbiguousLaunchError(BackendError):
    """A launch was sent and its answer lost: the job may or may not exist. Look for it before launching again."""


class LaunchRefusedError(OrchestratorError):
    """The job service said no, and will say no again: wrong parameters, no permission, no such template.

    ``cause``: the class of the failure, in a word.
    """

    def __init__(self, text: str, cause: str = "refused") -> None:
        self.cause = cause
        super().__init__(text)


class OutputError(OrchestratorError):
    """A job left outputs that cannot be read or are too large."""


class UnexpectedError(OrchestratorError):
    """What nobody foresaw, where it must not keep others, nor end whoever asked. It says nothing of what was done."""

    retryable = True
    http_status = 503

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"unexpected: {told(error)}")


def _line(problem: Problem) -> str:
    where = ".".join(str(part) for part in problem.path)
    return f"{where}: {problem.message}" if where else problem.message
