"""What a rehearsal may make go wrong at the fake Cloud Tasks: plain data, given by two hooks."""

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from google.cloud import tasks_v2


@dataclass(frozen=True, slots=True)
class DeliveryFault:
    """A fault in one attempt to deliver a task.

    ``delay``: seconds of delay. ``twice``: delivered two times, at once. ``answer_lost``: delivered, but the handler's
    answer is lost. ``lost``: the task is forgotten, undelivered (Cloud Tasks promises that this does not
    happen; a queue that gave up looks the same).
    """

    delay: float = 0.0
    twice: bool = False
    answer_lost: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class CallFault:
    """A call fails with ``code``; ``applied``: its work was done nevertheless, only the answer is lost."""

    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    applied: bool = False


#: Asked for each attempt, with the task as it stands; its ``dispatch_count`` counts this one too. It must be quick.
DeliveryFaults = Callable[[tasks_v2.Task], DeliveryFault | None]

#: Asked for each call, with the name of the method. It may take its time: that is the call's latency.
CallFaults = Callable[[str], CallFault | None]
