"""The faults that a rehearsal can inject into the fake of Cloud Tasks, as plain data that two hooks return."""

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from google.cloud import tasks_v2


@dataclass(frozen=True, slots=True)
class DeliveryFault:
    """A fault in one attempt to deliver a task.

    ``delay``: in seconds. ``twice``: delivered twice at the same time. ``answer_lost``: delivered, but the handler's
    response is lost. ``lost``: the task is dropped without a delivery. (Cloud Tasks promises that this does not happen,
    but a task that a queue gave up looks the same.)
    """

    delay: float = 0.0
    twice: bool = False
    answer_lost: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class CallFault:
    """A call fails with ``code``. ``applied``: its work is done nevertheless, and only the response is lost."""

    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    applied: bool = False


#: Called for each attempt with the current task, whose ``dispatch_count`` includes this attempt. It must be quick.
DeliveryFaults = Callable[[tasks_v2.Task], DeliveryFault | None]

#: Called for each call with the name of the method. It may be slow: that is the latency of the call.
CallFaults = Callable[[str], CallFault | None]
