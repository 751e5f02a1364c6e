"""Which python step a thread works for. Threads and pool calls inherit it from the step that started them."""

import _thread
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import wraps
from types import TracebackType
from typing import Any, TextIO

from orchestrator.jobs.python.log import Log

_here = threading.local()
_installing = threading.Lock()
_installed = False


@dataclass(eq=False)
class StepContext:
    """What belongs to one step that runs in a thread, unseen by others.

    ``begun``: its function is being called; before that, its module is imported, which all steps share. ``streams``:
    its replacements of ``sys.stdout`` and ``sys.stderr``. ``environment``: its variables, once it has changed one.
    """

    log: Log
    begun: bool = False
    streams: dict[str, TextIO | None] = field(default_factory=dict)
    environment: dict[bytes, bytes] | None = None

    def __enter__(self) -> "StepContext":
        """From now on this thread works for the step."""
        _here.step = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _here.step = None
        self.log.close()


def current_step() -> StepContext | None:
    """The step that this thread works for."""
    return getattr(_here, "step", None)


def install() -> None:
    """From now on, threads and calls in pools work for the step that started them. Idempotent."""
    global _installed
    with _installing:
        if not _installed:
            for owner, name, around in (
                (threading.Thread, "start", _started),
                (ThreadPoolExecutor, "submit", _submitted),
                (_thread, "start_new_thread", _started_bare),
            ):
                setattr(owner, name, around(getattr(owner, name)))
            _installed = True


def _started(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(start)
    def started(thread: threading.Thread) -> None:
        if (step := current_step()) is not None:
            thread.run = _from_now_on(step, thread.run)  # type: ignore[method-assign]
        start(thread)

    return started


def _started_bare(start: Callable[..., int]) -> Callable[..., int]:
    @wraps(start)
    def started(function: Callable[..., object], /, *rest: Any) -> int:
        step = current_step()
        return start(function if step is None else _for(step, function), *rest)

    return started


def _from_now_on(step: StepContext, run: Callable[[], None]) -> Callable[[], None]:
    """A thread belongs to its step until it is gone: its exception is printed after its ``run``."""

    def call() -> None:
        _here.step = step
        run()

    return call


def _submitted(submit: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    @wraps(submit)
    def submitted(pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        step = current_step()
        return submit(pool, function if step is None else _for(step, function), *args, **named)

    return submitted


def _for(step: StepContext, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        before, _here.step = current_step(), step
        try:
            return function(*args, **named)
        finally:
            _here.step = before

    return call
