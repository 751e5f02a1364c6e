"""Virtual time, timers, and handlers that take turns: only one runs at a time, and the seed decides which."""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random

from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]

from orchestrator.errors import OrchestratorError

#: Seconds after which a request times out. The platform may then end its handler, wherever it is.
LONGEST_HANDLER = 60.0

START = 1_700_000_000.0


class TimedOut(OrchestratorError):
    """The request has timed out. Its handler goes on, but nobody gets its result."""

    retryable = True


class Crash(BaseException):
    """The process of a handler was killed. Nothing in it can catch this."""


@dataclass(slots=True, eq=False)
class Handler:
    """A handler that may be interrupted. ``done`` is called with None or what it raised. ``process``: where it runs."""

    number: int
    name: str
    body: Callable[[], object]
    done: Callable[[BaseException | None], None]
    wake: float
    process: int
    started: float | None = None
    place: str = "starts"
    thread: greenlet | None = None


class Loop:
    """Simulates the machines and their clocks. ``trace``, if given, is called with a line per turn.

    ``outlives``: a handler goes on when its request has timed out, as on Cloud Run; otherwise it is ended then.
    ``died_unheard``: handlers that went on and then failed or were given up, so nobody repeats what they were doing.
    """

    def __init__(self, random: Random, trace: list[str] | None = None, outlives: bool = False) -> None:
        self.now = START
        self.random = random
        self.trace = trace
        self.handlers: list[Handler] = []
        self.outlives = outlives
        self.out_of_time = self.outlived = 0
        self.died_unheard: list[str] = []
        self._hub = getcurrent()
        self._current: Handler | None = None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Call something at that time."""
        heappush(self._timers, (when, next(self._numbers), action))

    def spawn(
        self,
        name: str,
        body: Callable[[], object],
        done: Callable[[BaseException | None], None],
        wake: float,
        process: int,
    ) -> None:
        """Let a handler begin at ``wake``, in a process."""
        self.handlers.append(Handler(next(self._numbers), name, body, done, wake, process))

    def pause(self, place: str, seconds: float = 0.0) -> None:
        """Let other handlers run. Handlers call this before each of their calls."""
        handler = self._current
        assert handler is not None
        handler.place, handler.wake = place, self.now + seconds
        self._hub.switch()

    def beside(self, seconds: float) -> bool:
        """Whether a handler runs, and another of its process may go on within so many seconds."""
        here = self._current
        if here is None or here.thread is not getcurrent():
            return False
        soon = (it for it in self.handlers if it.wake <= self.now + seconds and it is not here)
        return any(it.process == here.process for it in soon)

    def deadline(self) -> float:
        """When the handler that runs now will be ended."""
        assert self._current is not None
        if self.outlives:
            return inf
        assert self._current.started is not None
        return self._current.started + LONGEST_HANDLER

    def say(self, text: str) -> None:
        """Put a line into the trace."""
        if self.trace is not None:
            self.trace.append(f"{self.now - START:10.1f}  {text}")

    def turn(self) -> bool:
        """One turn: timers go off, a handler runs to its next call, or time passes. False if nothing is left to do."""
        timers = self._timers
        while timers and timers[0][0] <= self.now:
            heappop(timers)[2]()
        ready = [handler for handler in self.handlers if handler.wake <= self.now]
        if ready:
            self._resume(ready[0] if len(ready) == 1 else self.random.choice(ready))
            return True
        coming = [handler.wake for handler in self.handlers]
        if timers:
            coming.append(timers[0][0])
        if not coming:
            return False
        self.now = min(coming)
        return True

    def crash(self, process: int | None = None) -> int:
        """Kill all handlers that have begun, or those of one process. Returns how many they were."""
        begun = [it for it in self.handlers if it.thread is not None and process in (None, it.process)]
        for handler in begun:
            if handler in self.handlers:  # else it went with another one
                self._resume(handler, Crash("everything"))
        return len(begun)

    def stop(self) -> None:
        """End all handlers, silently."""
        for handler in self.handlers:
            if handler.thread is not None:
                handler.thread.throw(GreenletExit)

    def _resume(self, handler: Handler, crash: Crash | None = None) -> None:
        if self.trace is not None:
            self.say(f"#{handler.number} {handler.name}: {handler.place}")
        if handler.thread is None:
            handler.thread, handler.started = greenlet(handler.body), self.now
            if self.outlives:
                self.at(self.now + LONGEST_HANDLER, lambda: self._time_out(handler))
        self._current = handler
        error: BaseException | None = None
        try:
            if self.now > (handler.started or 0.0) + LONGEST_HANDLER and not self.outlives:
                self.out_of_time += 1
                crash = Crash("out of time")
            if crash is not None:
                handler.thread.throw(crash)
            else:
                handler.thread.switch()
        except (Crash, Exception) as raised:  # noqa: BLE001 - whatever a handler raises is how it ended
            error = raised
        if handler.thread.dead:
            self.handlers.remove(handler)
            self.say(f"#{handler.number} {handler.name}: {f'raised {error!r}' if error else 'returned'}")
            if handler.done is _unheard and error is not None:
                self.died_unheard.append(handler.name)
            handler.done(error)

    def _time_out(self, handler: Handler) -> None:
        """Whoever waited for a handler hears that it has failed; what becomes of it, nobody hears."""
        if handler not in self.handlers:
            return
        self.outlived += 1
        self.say(f"#{handler.number} {handler.name}: its request has timed out, and it goes on")
        tell, handler.done = handler.done, _unheard
        tell(TimedOut(f"no answer within {LONGEST_HANDLER:g} s"))


def _unheard(error: BaseException | None) -> None:
    """How a handler ends whose request has timed out."""
    if error is not None and not isinstance(error, Crash | OrchestratorError):
        raise error
