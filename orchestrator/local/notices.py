"""Notifies receivers on this machine, beside the loop: in threads of its own, since a receiver may be slow.

What is to be sent is on the local queue. Only the loop's thread reads the database; the threads only send.
"""

import time
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from orchestrator.core.messages import MissedStart, Notify
from orchestrator.engine import missed_starts
from orchestrator.engine.notifying import composed, judged
from orchestrator.errors import NotNotifiedError, OrchestratorError, StoreShortError
from orchestrator.local.wiring import Embedded
from orchestrator.ports import NOTICES, Notification
from orchestrator.queues.local import Delivery

#: How many receivers are notified at a time, and seconds between two looks at the threads while waiting for them.
AT_ONCE, LOOK = 4, 0.02


@dataclass(frozen=True, slots=True)
class _Sent:
    delivery: Delivery
    notification: Notification
    result: "Future[None]"


class Notices:
    """Sends what the ``runs`` (their keys) owe their receivers. ``say`` gets one line about each that failed.

    The caller holds the runs. ``runs`` is asked again each time, and may go on naming runs that have ended. ``pool``:
    what sends, instead of threads.
    """

    def __init__(
        self,
        world: Embedded,
        runs: Callable[[], Collection[str]],
        say: Callable[[str], None],
        pool: Executor | None = None,
    ) -> None:
        self._world, self._runs, self._say = world, runs, say
        self._pool = pool
        self._sent: list[_Sent] = []
        self._told: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Send what is due, and note what was sent. Call this often, outside of any transaction: it never waits."""
        with suppress(StoreShortError):  # the next look does it
            self._note()
            runs, now = self._runs(), self._world.clock()
            if len(self._sent) < AT_ONCE and self._world.queue.is_due(runs, (NOTICES,), now):
                for delivery in self._world.queue.lease(runs, NOTICES, now, AT_ONCE - len(self._sent)):
                    self._send(delivery)

    def close(self) -> list[str]:
        """Try everything that was not tried yet, once; wait for that. Returns the names of what is still to be sent."""
        queue = self._world.queue
        while self._sent or queue.is_due(self._runs(), (NOTICES,), self._world.clock()):
            self.look()
            if self._sent and not any(sent.result.done() for sent in self._sent):
                self.rest()
        if self._pool is not None:
            self._pool.shutdown()
        return queue.waiting(self._runs(), NOTICES)

    def rest(self) -> None:
        """Wait a moment for the threads."""
        time.sleep(LOOK)

    def _send(self, delivery: Delivery) -> None:
        engine, effect = self._world.engine, delivery.effect
        assert isinstance(effect, Notify | MissedStart)
        try:
            if isinstance(effect, MissedStart):
                notification = missed_starts.composed(engine.ledger, effect)
            else:
                notification = composed(engine.ledger, engine.ledger.known(effect.run), effect)
        except StoreShortError:
            raise
        except OrchestratorError as error:
            self._failed(delivery, error)
            return
        receivers = engine.ledger.receivers
        if notification is None or receivers is None:
            self._world.queue.acknowledge([delivery])
            return
        self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, "notices")
        self._sent.append(_Sent(delivery, notification, self._pool.submit(receivers.notify, effect.to, notification)))

    def _note(self) -> None:
        """Note what was sent, and what failed and is to be tried again."""
        for sent in [sent for sent in self._sent if sent.result.done()]:
            error = sent.result.exception()
            if error is None:
                self._world.queue.acknowledge([sent.delivery])
            elif isinstance(error, NotNotifiedError):
                self._failed(sent.delivery, judged(error, sent.notification, self._world.clock()))
            else:  # unforeseen: it must not stop the run
                self._failed(sent.delivery, NotNotifiedError(f"unexpected: {type(error).__name__}: {error}"))
            self._sent.remove(sent)

    def _failed(self, delivery: Delivery, error: OrchestratorError) -> None:
        queue = self._world.queue
        if error.retryable:
            queue.retry(delivery, self._world.clock(), str(error))
        else:
            queue.acknowledge([delivery])
        if (said := (delivery.name, str(error))) not in self._told:
            self._told.add(said)
            again = "it is tried again" if error.retryable else "it is not tried again"
            self._say(f"warning: not notified: {error}; {again}")
