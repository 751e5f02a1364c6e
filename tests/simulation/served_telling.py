"""What the servers of a simulated machine tell of starts that did not happen: to receivers that are down at times."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from random import Random
from typing import TYPE_CHECKING, Any

from orchestrator.errors import NotNotifiedError
from orchestrator.local.clock import SteadyClock
from orchestrator.local.notices import Notices
from orchestrator.local.wiring import Embedded, embedded, reading
from orchestrator.operations.serve.telling import Telling
from orchestrator.ports import Notification
from tests.simulation.loop import Crash

if TYPE_CHECKING:
    from tests.simulation.serving import Machine

NAMES = ("desk", "ops")


class Receivers:
    """Two that want to know of missed starts. ``random``: what becomes of them depends on nothing else."""

    def __init__(self, machine: "Machine", random: Random) -> None:
        self.machine, self.random = machine, random
        self.heard: Counter[tuple[str, str]] = Counter()
        self.may_repeat: Counter[tuple[str, str]] = Counter()  # what nobody knows any more that it was heard
        self.unnoted: list[tuple[str, str]] = []  # heard in this call
        self.failures: list[str] = []

    def asked(self, graph: str, own: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return dict.fromkeys(NAMES, ("missed_start",))

    def notify(self, to: str, notification: Notification) -> None:
        run_id, machine = str(notification.run), self.machine
        if self.strikes("receiver: down", 0.3):
            raise NotNotifiedError(f"{to}: down")
        self.heard[to, run_id] += 1
        self.unnoted.append((to, run_id))
        if self.heard[to, run_id] > 1 + self.may_repeat[to, run_id]:
            self.failures.append(f"{to} was told again that {run_id} was missed")
        with reading(machine.home) as store:
            if store.find_run(run_id) is not None:
                self.failures.append(f"{to} was told that {run_id} was missed, and it has begun")
        if self.strikes("receiver: heard, and does not say so", 0.1):
            self.may_repeat[self.unnoted.pop()] += 1
            raise NotNotifiedError(f"{to}: no answer")
        self.dies("server: killed when it had told")

    def strikes(self, fault: str, chance: float) -> bool:
        strikes = self.machine.chance > 0 and self.random.random() < chance
        self.machine.faults[fault] += strikes
        return strikes

    def dies(self, fault: str) -> None:
        """The server is killed here, perhaps before it has noted what it has told."""
        if self.strikes(fault, 0.1):
            self.may_repeat.update(self.unnoted)
            raise Crash

    def unheard(self, run_id: str) -> list[str]:
        """Who has not been told of a start."""
        return [to for to in NAMES if not self.heard[to, run_id]]


class Played(Telling):
    """The real one; only what it sends is played, and the server may be killed before and after each step of it."""

    def __init__(self, machine: "Machine") -> None:
        super().__init__(machine.home, machine.folder / "graphs", lambda _: None)
        self._machine = machine

    def _open(self) -> Embedded:
        told = self._machine.receivers
        told.unnoted.clear()
        told.dies("server: killed before it tells")
        clock = SteadyClock(lambda: self._machine.now, lambda: self._machine.now)
        return embedded(self._machine.home, 1, fake_dataflow=True, receivers=told, clock=clock)

    def _notices(self, world: Embedded) -> Notices:
        self._machine.receivers.dies("server: killed when it has put what it tells")
        return Notices(world, lambda: self._untold, self._say, AtOnce())


class AtOnce(Executor):
    """It does what it is given before it answers."""

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(call(*given, **named))
        except NotNotifiedError as error:
            future.set_exception(error)
        return future
