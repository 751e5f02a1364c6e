"""The gRPC interface of the fake of Cloud Tasks, with the real service's method names and messages."""

from collections.abc import Callable
from typing import Any

import grpc
from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.api import CloudTasksApi
from orchestrator.fakes.cloud_tasks.faults import CallFaults
from orchestrator.fakes.cloud_tasks.refusals import Refusal

SERVICE = "google.cloud.tasks.v2.CloudTasks"


def handler(api: CloudTasksApi, faults: CallFaults) -> grpc.GenericRpcHandler:
    """Serves the methods of ``api``. All others get UNIMPLEMENTED."""
    calls: list[tuple[Callable[[Any], Any], Any, Any]] = [
        (api.create_queue, tasks_v2.CreateQueueRequest, tasks_v2.Queue),
        (api.get_queue, tasks_v2.GetQueueRequest, tasks_v2.Queue),
        (api.list_queues, tasks_v2.ListQueuesRequest, tasks_v2.ListQueuesResponse),
        (api.update_queue, tasks_v2.UpdateQueueRequest, tasks_v2.Queue),
        (api.delete_queue, tasks_v2.DeleteQueueRequest, None),
        (api.pause_queue, tasks_v2.PauseQueueRequest, tasks_v2.Queue),
        (api.resume_queue, tasks_v2.ResumeQueueRequest, tasks_v2.Queue),
        (api.purge_queue, tasks_v2.PurgeQueueRequest, tasks_v2.Queue),
        (api.create_task, tasks_v2.CreateTaskRequest, tasks_v2.Task),
        (api.get_task, tasks_v2.GetTaskRequest, tasks_v2.Task),
        (api.list_tasks, tasks_v2.ListTasksRequest, tasks_v2.ListTasksResponse),
        (api.delete_task, tasks_v2.DeleteTaskRequest, None),
        (api.run_task, tasks_v2.RunTaskRequest, tasks_v2.Task),
    ]
    methods = {}
    for verb, request, response in calls:
        name = "".join(word.capitalize() for word in verb.__name__.split("_"))
        methods[name] = grpc.unary_unary_rpc_method_handler(
            _guarded(api, name, verb, response, faults),
            request_deserializer=request.deserialize,
        )
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _guarded(
    api: CloudTasksApi, name: str, verb: Callable[[Any], Any], response: Any, faults: CallFaults
) -> Callable[[Any, grpc.ServicerContext], bytes]:
    """Calls a method under the API's lock, converts its Refusal to a gRPC error, and applies injected faults."""

    def call(request: Any, context: grpc.ServicerContext) -> bytes:
        fault = faults(name)
        if fault is not None and not fault.applied:
            context.abort(fault.code, "a fault of the rehearsal: not done")
        try:
            with api.changed:
                answer = verb(request)
                # Nothing, google.protobuf.Empty, goes over the wire for a verb without an answer.
                wire = b"" if response is None else bytes(response.serialize(answer))
                api.changed.notify_all()
        except Refusal as refusal:
            context.abort(refusal.code, refusal.text)
        if fault is not None:
            context.abort(fault.code, "a fault of the rehearsal: done, and the answer lost")
        return wire

    return call
