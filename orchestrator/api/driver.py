"""Drives runs for the Python API: silently, in the thread that calls it, and with as few signals as possible."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from orchestrator.api.results import RunResult, result_of
from orchestrator.cloud.settings import read_settings
from orchestrator.operations.driving import Driven, How
from orchestrator.operations.runs import Driver
from orchestrator.reporting.watch import Watch


class Silent:
    """A screen that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def tick(self) -> None:
        """Shows nothing."""

    @contextmanager
    def show(self, _: Watch) -> Iterator["Silent"]:
        yield self

    def driver(
        self, parallel: int | None, fake_dataflow: bool, durable: bool, deployment: Mapping[str, str] | None
    ) -> Driver:
        """Drives runs in this process, which goes on afterwards."""
        how = How(
            parallel or read_settings().parallel,
            fake_dataflow=fake_dataflow,
            durable=durable,
            outputs=True,
            deployment=dict(deployment or {}),
            signals=_signals(),
            lives_on=True,
        )
        return Driver(how, self.show, self.say)

    def result(self, driven: Driven, check: bool) -> RunResult:
        """The result of a run that was driven. Raises KeyboardInterrupt if that was what interrupted it."""
        if driven.interrupted:
            run = driven.found.run.id
            raise KeyboardInterrupt(f"run '{run}' was interrupted: orchestrator.resume({run!r}) continues it")
        result = result_of(driven.found, str(driven.found.run.status), self.said)
        return result.raise_for_failure() if check else result


def _signals() -> tuple[signal.Signals, ...]:
    """Ctrl-C, if nobody but Python handles it, in the only thread that it reaches."""
    ours = threading.current_thread() is threading.main_thread()
    return (signal.SIGINT,) if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler else ()
