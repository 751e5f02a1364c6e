"""The gRPC face of the fake Cloud Tasks: the real service's method names and messages, and nothing of our own."""

from collections.abc import Callable
from typing import Any

import grpc
from google.cloud import tasks_v2 as api

from orchestrator.fakes.cloud_tasks.api import Office
from orchestrator.fakes.cloud_tasks.faults import CallFaults
from orchestrator.fakes.cloud_tasks.refusals import Refusal

SERVICE = "google.cloud.tasks.v2.CloudTasks"


def handler(office: Office, faults: CallFaults) -> grpc.GenericRpcHandler:
    """Serves the calls of ``office``; what is not listed here answers UNIMPLEMENTED."""
    calls: list[tuple[Callable[[Any], Any], Any, Any]] = [
        (office.create_queue, api.CreateQueueRequest, api.Queue),
        (office.get_queue, api.GetQueueRequest, api.Queue),
        (office.list_queues, api.ListQueuesRequest, api.ListQueuesResponse),
        (office.update_queue, api.UpdateQueueRequest, api.Queue),
        (office.delete_queue, api.DeleteQueueRequest, None),
        (office.pause_queue, api.PauseQueueRequest, api.Queue),
        (office.resume_queue, api.ResumeQueueRequest, api.Queue),
        (office.purge_queue, api.PurgeQueueRequest, api.Queue),
        (office.create_task, api.CreateTaskRequest, api.Task),
        (office.get_task, api.GetTaskRequest, api.Task),
        (office.list_tasks, api.ListTasksRequest, api.ListTasksResponse),
        (office.delete_task, api.DeleteTaskRequest, None),
        (office.run_task, api.RunTaskRequest, api.Task),
    ]
    methods = {}
    for verb, request, response in calls:
        name = "".join(word.capitalize() for word in verb.__name__.split("_"))
        methods[name] = grpc.unary_unary_rpc_method_handler(
            _guarded(office, name, verb, response, faults),
            request_deserializer=request.deserialize,
        )
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _guarded(
    office: Office, name: str, verb: Callable[[Any], Any], response: Any, faults: CallFaults
) -> Callable[[Any, grpc.ServicerContext], bytes]:
    """The verb under the office's lock; its refusals as gRPC's; its answer lost or never made, if a fault says so."""

    def call(request: Any, context: grpc.ServicerContext) -> bytes:
        fault = faults(name)
        if fault is not None and not fault.applied:
            context.abort(fault.code, "a fault of the rehearsal: not done")
        try:
            with office.changed:
                answer = verb(request)
                # Nothing, google.protobuf.Empty, goes over the wire for a verb without an answer.
                wire = b"" if response is None else bytes(response.serialize(answer))
                office.changed.notify_all()
        except Refusal as refusal:
            context.abort(refusal.code, refusal.text)
        if fault is not None:
            context.abort(fault.code, "a fault of the rehearsal: done, and the answer lost")
        return wire

    return call
