"""Calls a user's function with a time limit, so that one that hangs does not block its run."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from orchestrator.text import told
from orchestrator.usercode.forks import one_returns

#: Seconds that a function may take when it is called within a request: half of the timeout of ``on_task``, and less
#: than the launch lease, after which another delivery would call it too.
MAX_SECONDS = 60.0

_T = TypeVar("_T")


class TookTooLongError(Exception):
    """A function did not return in time."""


class RaisedError(Exception):
    """A function raised what is not an Exception, such as its own KeyboardInterrupt."""


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """The return value of ``call``. Raises what it raises, and TookTooLongError if it takes longer than ``seconds``.

    A BaseException other than Exception and SystemExit becomes a RaisedError.

    A thread cannot be stopped: one that takes too long keeps running.
    """
    future: Future[_T] = Future()
    process = os.getpid()

    def run() -> None:
        try:
            try:
                returned = call()
            finally:
                one_returns(process)
            future.set_result(returned)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is raised by whoever waits
            future.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - it must not end whoever waits, who did not ask to be ended
            future.set_exception(RaisedError(told(error)).with_traceback(error.__traceback__))

    threading.Thread(target=run, name="a user's function", daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():  # it is its own
            raise
        raise TookTooLongError(f"it took longer than {seconds:g} s, the most for a function in the cloud") from None
