"""A fake of Cloud Tasks in memory, which the real client calls over gRPC, for rehearsals and tests.

    with FakeCloudTasks() as fake: connect(config, fake.endpoint)

It delivers to HTTP targets with the real headers, delays, retries, limits and taken names. It keeps nothing when it
stops. It delivers to any URL in a task, so it must only listen on the loopback address.
"""

import argparse
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import grpc
from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.api import CloudTasksApi
from orchestrator.fakes.cloud_tasks.delivery import DEADLINE, headers, send
from orchestrator.fakes.cloud_tasks.faults import CallFaults, DeliveryFault, DeliveryFaults
from orchestrator.fakes.cloud_tasks.queue import Answer, Queued, TaskQueue
from orchestrator.fakes.cloud_tasks.rpc import handler
from orchestrator.ports import Clock

#: How many deliveries run at once in all queues together, whatever their own limits. Each needs a thread.
AT_ONCE = 64

_NO_FAULT = DeliveryFault()


class FakeCloudTasks:
    """``time_scale`` multiplies delays and backoffs (with 0.01 a minute takes 0.6 s), but not deadlines and rates.

    ``names_taken``: for how many seconds the name of a done or deleted task stays taken (Google: 1 to 24 hours);
    ``queues_taken``: that of a deleted queue (3 to 7 days). ``clock``: call ``wake`` after setting it by hand.
    """

    def __init__(
        self,
        queues: Sequence[tasks_v2.Queue] = (),
        *,
        port: int = 0,
        time_scale: float = 1.0,
        names_taken: float = 86_400.0,
        queues_taken: float = 3 * 86_400.0,
        clock: Clock = time.time,
        delivery_faults: DeliveryFaults = lambda _: None,
        call_faults: CallFaults = lambda _: None,
    ) -> None:
        self._api = CloudTasksApi(clock, time_scale, names_taken, queues_taken)
        self._delivery_faults = delivery_faults
        self._running = 0
        self._stopped = False
        self._dispatcher = threading.Thread(target=self._serve, name="cloud-tasks-fake", daemon=True)
        self._server = grpc.server(ThreadPoolExecutor(64, "cloud-tasks-rpc"), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers([handler(self._api, call_faults)])
        self.endpoint = f"127.0.0.1:{self._server.add_insecure_port(f'127.0.0.1:{port}')}"
        for queue in queues:
            self._api.create_queue(tasks_v2.CreateQueueRequest(parent=queue.name.partition("/queues/")[0], queue=queue))

    def __enter__(self) -> "FakeCloudTasks":
        self._server.start()
        self._dispatcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Accept no more calls and start no more deliveries. The responses of those in progress are ignored."""
        self._server.stop(None).wait()
        with self._api.changed:
            self._stopped = True
            self._api.changed.notify_all()
        self._dispatcher.join()

    def wake(self) -> None:
        """Read the clock again, after it was set."""
        with self._api.changed:
            self._api.changed.notify_all()

    def idle(self, timeout: float = 120.0) -> bool:
        """Wait until no task is being delivered and none could be. False if that takes too long."""
        api = self._api
        with api.changed:
            return api.changed.wait_for(
                lambda: not any(queue.busy(api.clock()) for queue in api.queues.values()), timeout
            )

    def _serve(self) -> None:
        with self._api.changed:
            while not self._stopped:
                now = self._api.clock()
                waits = [
                    wait
                    for queue in list(self._api.queues.values())
                    if (wait := self._give_out(queue, now)) is not None
                ]
                self._api.changed.notify_all()  # tasks may have expired, and ``idle`` waits for that
                self._api.changed.wait(max(0.001, min(waits)) if waits else None)

    def _give_out(self, queue: TaskQueue, now: float) -> float | None:
        """Start the deliveries that are possible now. Returns the seconds until the next may be."""
        while self._running < AT_ONCE and (queued := queue.take(now)) is not None:
            fault = self._delivery_faults(tasks_v2.Task(queued.task)) or _NO_FAULT
            self._running += 1
            threading.Thread(target=self._deliver, args=(queue, queued, fault), daemon=True).start()
        return queue.wakes(now) if self._running < AT_ONCE else None

    def _deliver(self, queue: TaskQueue, queued: Queued, fault: DeliveryFault) -> None:
        """Deliver one attempt, with its faults, and record the answer."""
        api = self._api
        if fault.delay:
            time.sleep(fault.delay * api.scale)
        request, sent = queued.task.http_request, headers(queued, api.clock())
        deadline = queued.task.dispatch_deadline.total_seconds() if "dispatch_deadline" in queued.task else DEADLINE
        if fault.twice:
            threading.Thread(target=send, args=(request, sent, deadline), daemon=True).start()
        answer = Answer(200) if fault.lost else send(request, sent, deadline)
        with api.changed:
            self._running -= 1
            queue.finish(queued, Answer(None) if fault.answer_lost else answer, api.clock())
            api.changed.notify_all()


def main() -> None:
    """``python -m orchestrator.fakes.cloud_tasks.server``: print the address, and serve until a signal arrives."""
    parser = argparse.ArgumentParser(description="A Google Cloud Tasks of one's own, in memory, for one machine.")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any that is free")
    parser.add_argument("--queue", action="append", default=[], metavar="projects/P/locations/L/queues/Q")
    parser.add_argument("--time-scale", type=float, default=1.0, help="0.01: a delay of a minute takes 0.6 s")
    asked = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    queues = [tasks_v2.Queue(name=name) for name in asked.queue]
    with FakeCloudTasks(queues, port=asked.port, time_scale=asked.time_scale) as fake:
        print(f"Cloud Tasks fake on {fake.endpoint}", flush=True)
        over.wait()


if __name__ == "__main__":
    main()
