"""Every error that this package raises on purpose: whether to try again, and which status or exit code it gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.text import told


class OrchestratorError(Exception):
    """The base of all errors. Its text is one sentence for people: what was expected, what it got, and where.

    ``retryable``: the same call may succeed later.
    ``http_status``: the status code of a function's response.
    ``exit_code``: the exit code of the command line.
    """

    retryable = False
    http_status = 500
    exit_code = 1


class UsageError(OrchestratorError):
    """The caller's request is wrong and must be changed."""

    http_status = 400
    exit_code = 2


class InUseError(UsageError):
    """Another process drives the run."""


class ReadOnlyError(UsageError):
    """The home can only be read, because it is write-protected."""


class NotFoundError(UsageError):
    """No run, graph, step or file has that name."""

    http_status = 404


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a graph, at a path of keys in its document: ``("steps", "report", "after", 0)``."""

    path: tuple[str | int, ...]
    message: str


class InvalidGraphError(UsageError):
    """A graph that cannot run. It contains all problems of the graph, and prints one per line.

    ``graph``: the graph without its wrong parts, so that the rest can be checked further; None if nothing is left.
    """

    def __init__(self, problems: Sequence[Problem], lines: Sequence[str] = (), graph: Any = None) -> None:
        self.graph = graph
        self.problems = tuple(problems)
        self.lines = tuple(lines) or tuple(_line(problem) for problem in problems)
        super().__init__("\n".join(self.lines))


class RunFailedError(OrchestratorError):
    """A run that was waited for failed or was cancelled. ``result``: the run, an ``orchestrator.RunResult``."""

    def __init__(self, text: str, result: Any) -> None:
        self.result = result
        super().__init__(text)


class ConflictError(OrchestratorError):
    """Other processes kept changing the same document: try again later."""

    retryable = True
    http_status = 503


class StoreError(OrchestratorError):
    """The store failed, and it is not known whether the operation was or will be applied."""

    retryable = True
    http_status = 503


class StoreShortError(StoreError):
    """The store lacks something that may become available again, such as disk space. Nothing was written."""


class UnstorableError(StoreError, UsageError):
    """The data can never be stored, because it is too large or has a wrong form."""

    retryable = False
    http_status = UsageError.http_status


class UnreadableRecordError(StoreError):
    """The record at ``path`` in a store cannot be read: it is damaged, not ours, or of a newer version of this program.

    It is left unchanged. ``retryable`` if it is of a ``newer`` version, which can read it.
    """

    http_status = 500

    def __init__(self, path: str, why: str, *, newer: bool = False) -> None:
        self.path = path
        self.why = why
        self.retryable = newer
        super().__init__(f"{path} cannot be read: {why}")


class QueueError(OrchestratorError):
    """The queue did not accept a task."""

    retryable = True
    http_status = 503


class BackendError(OrchestratorError):
    """A job service did not respond, or not clearly. This says nothing about the job."""

    retryable = True
    http_status = 503


class QuotaError(BackendError):
    """The job service has no quota for another job now. This launch certainly started none; a later one may."""


class NotNotifiedError(OrchestratorError):
    """A receiver was not notified. The text names neither its address nor a secret. ``retryable`` unless ``final``."""

    http_status = 503

    def __init__(self, text: str, *, final: bool = False) -> None:
        self.retryable = not final
        super().__init__(text)


class AmbiguousLaunchError(BackendError):
    """A launch was sent and its response lost: the job may or may not exist. Look for it before launching again."""


class LaunchRefusedError(OrchestratorError):
    """The job service refused a launch and would refuse it again: wrong parameters, no permission, no such template.

    ``cause``: the class of the failure, as one word.
    """

    def __init__(self, text: str, cause: str = "refused") -> None:
        self.cause = cause
        super().__init__(text)


class OutputError(OrchestratorError):
    """A job left outputs that cannot be read or are too large."""


class UnexpectedError(OrchestratorError):
    """An unforeseen exception, caught where it must not stop other work. It is not known what was done."""

    retryable = True
    http_status = 503

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"unexpected: {told(error)}")


def _line(problem: Problem) -> str:
    where = ".".join(str(part) for part in problem.path)
    return f"{where}: {problem.message}" if where else problem.message
