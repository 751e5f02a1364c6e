"""Faults of a rehearsal, by seed: calls, deliveries and events are lost, doubled or late, and functions are killed."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TypeVar

from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.faults import DeliveryFault
from orchestrator.fakes.dataflow.script import Fault, unavailable
from orchestrator.rehearsal.process import Function

_Fault = TypeVar("_Fault")


class NoFaults:
    """No faults."""

    def deliveries(self, _: tasks_v2.Task) -> DeliveryFault | None:
        """The fault of a delivery of a task."""
        return None

    def calls(self, _: str) -> Fault | None:
        """The fault of a call of a Dataflow method."""
        return None

    def events(self) -> int:
        """How many times an event is published."""
        return 1

    def lateness(self) -> float:
        """By how many seconds an event, and those after it, are delayed."""
        return 0.0


class RandomFaults(NoFaults):
    """A fault in one of ten cases. ``events_lost``: no event arrives at all. ``happened`` counts the faults."""

    def __init__(self, seed: int, events_lost: bool = False) -> None:
        self._dice = random.Random(seed)
        self._events_lost = events_lost
        self.happened: Counter[str] = Counter()

    def deliveries(self, _: tasks_v2.Task) -> DeliveryFault | None:
        return self._one(
            [
                ("a delivery twice", DeliveryFault(twice=True)),
                ("a delivery's answer lost", DeliveryFault(answer_lost=True)),
                ("a delivery late", DeliveryFault(delay=0.5)),
            ]
        )

    def calls(self, method: str) -> Fault | None:
        return self._one(
            [
                (f"{method}: answer lost", "lost answer"),
                (f"{method}: call lost", "lost call"),
                (f"{method}: 503", unavailable()),
            ]
        )

    def events(self) -> int:
        lot = 0.0 if self._events_lost else self._dice.random()
        times = 0 if lot < 0.1 else 3 if lot < 0.2 else 1
        if times != 1:
            self.happened["an event lost" if times == 0 else "an event three times"] += 1
        return times

    def lateness(self) -> float:
        if self._dice.random() >= 0.1:
            return 0.0
        self.happened["an event late"] += 1
        return 0.5

    def _one(self, faults: Sequence[tuple[str, _Fault]]) -> _Fault | None:
        if self._dice.random() >= 0.1:
            return None
        what, fault = self._dice.choice(faults)
        self.happened[what] += 1
        return fault


class Killer:
    """Inside the block, kills functions' processes at random moments and starts them again."""

    def __init__(self, functions: Sequence[Function], seed: int, every: float) -> None:
        self._functions = functions
        self._dice = random.Random(seed)
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._kill, name="killer", daemon=True)
        self.kills = 0

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _kill(self) -> None:
        while not self._over.wait(self._dice.uniform(0.5, 1.5) * self._every):
            function = self._dice.choice(self._functions)
            function.kill()
            self.kills += 1
            function.start()
