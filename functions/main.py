"""The deployed functions: they decode requests, call the engine, and map errors to status codes. They decide nothing.

A transient failure is answered with 503, so that the request is delivered again. What can never succeed (a malformed
event, a task of a run that does not exist) is logged and acknowledged; otherwise it would be delivered again for a day.
No request can name a function, module, file or URL.
"""

import json
import re
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import cache, wraps
from typing import Any, TypeVar

import flask
import functions_framework
from cloudevents.http import CloudEvent
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from orchestrator.cloud import logs, signals
from orchestrator.cloud.auth import ForbiddenError, UnauthenticatedError
from orchestrator.cloud.settings import read_cloud_settings
from orchestrator.cloud.start_body import Asked, check_unscheduled, read_asked, scheduled_id
from orchestrator.cloud.starters import SCHEDULED
from orchestrator.cloud.wiring import Deployed
from orchestrator.cloud.withheld import error_for_log
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import Run, RunStatus, Status, StepState
from orchestrator.core.steps import Step
from orchestrator.core.task_codec import decode
from orchestrator.errors import OrchestratorError, UnexpectedError, UnreadableRecordError, UsageError
from orchestrator.text import cut

#: Seconds after which the caller may try again.
RETRY_AFTER = "10"

#: The framework's status codes for a body that is no event: not readable, too large, or not declared as JSON.
_NO_EVENT = (400, 413, 415)

_TIME = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")

#: The severity at which the end of a run is logged. A cancelled run is not a failure.
_SEVERITIES = {RunStatus.SUCCEEDED: "INFO", RunStatus.CANCELLED: "NOTICE", RunStatus.FAILED: "ERROR"}

#: Without this lock, threads that call ``_world`` at the same time before it is cached would each make one.
_making = threading.Lock()

_Handler = TypeVar("_Handler", bound=Callable[[Any], Any])


def world() -> Deployed:
    """The connections of this instance, shared by all its threads. Raises SettingsError, on every call."""
    with _making:
        return _world()


@cache
def _world() -> Deployed:
    return Deployed(read_cloud_settings(), step_failed)


def guarded(handler: _Handler) -> _Handler:
    """Make ``handler`` first check that the settings are valid and, where required, that the caller may call it."""

    @wraps(handler)
    def guarding(request: Any) -> Any:
        flask.g.ours = True
        try:
            if verifier := world().verifier:
                verifier.check(flask.request.headers)
        except OrchestratorError as error:
            logs.log("ERROR" if error.retryable else "WARNING", f"not handled: {error}")
            flask.abort(_refusal(error))
        return handler(request)

    return guarding  # type: ignore[return-value]


@functions_framework.cloud_event
@guarded
def on_signal(event: CloudEvent) -> None:
    """Handle a log entry or an Eventarc event: schedule one check if the job is ours.

    Any response other than 2xx makes Google deliver the event again.
    """
    try:
        signal = signals.read(event["type"], event.data)
        ours = signal is not None and world().notice(signal.job_name, at_once=signal.has_state)
    except signals.MalformedEventError as error:
        _log("WARNING", f"malformed event dropped: {error}", event=event["id"], counted="malformed")
        return
    except OrchestratorError as error:
        _log("ERROR", str(error), event=event["id"])
        flask.abort(_refusal(error))
    if signal is not None and ours:
        _log("INFO", f"{signal.source}: the job may have ended", job_name=signal.job_name, job=signal.job_id)


@functions_framework.http
@guarded
def on_task(request: flask.Request) -> ResponseReturnValue:
    """Perform a task. 2xx only if everything that follows from it is on the queue, or it can never be performed."""
    body = request.get_data()
    try:
        queue = world().queue_of(request.headers)
        effect = decode(body)
    except ForbiddenError as error:
        _log("WARNING", f"not handled: {error}", counted="task_refused")
        return _refusal(error)
    except (ValueError, RecursionError) as error:
        _log("ERROR", f"task dropped: {error}", counted="malformed")
        return "dropped: not a task of the orchestrator\n"
    about: dict[str, Any] = {"task": effect.name, "key": effect.run}
    if isinstance(effect, Launch | Check):
        about["attempt"] = effect.attempt
    try:
        ended = world().deliver(effect, body, queue)
    except OrchestratorError as error:
        about |= world().names(effect)
        counted = "task_dropped"
        if isinstance(error, UnreadableRecordError):
            about |= {"path": error.path}
            counted = "unreadable"
        if isinstance(error, UnexpectedError):
            about |= {"traceback": "".join(traceback.format_exception(error.__cause__ or error))}
        if error.retryable:
            _log("ERROR" if isinstance(error, UnexpectedError) else "WARNING", str(error), **about)
            return _refusal(error)
        _log("ERROR", str(error), counted=counted, **about)
        return f"dropped: {cut(str(error))}\n"
    _log("INFO", f"performed {effect.name}", **about, **world().names(effect))
    if ended is not None:
        severity = _SEVERITIES.get(ended.status, "ERROR")
        _count(severity, f"run_{ended.status}", ended, (ended.ended_at or ended.started_at) - ended.started_at)
    return "done\n"


@functions_framework.http
@guarded
def start(request: flask.Request) -> ResponseReturnValue:
    """Start a run: ``{"graph": name, "run_id": …, "params": {…}}``. A run id that is in use starts nothing.

    ``{"rerun": {"of": run id, …}}`` starts a rerun, or only plans it (cloud/rerun_body.py).

    Responds with 201 and the run if it is new (with ``skipped``: why, if its graph's max_active_runs keeps it from
    running), 200 if it existed, 400 with the messages of the command line, and 401 or
    403 if the caller may not start that graph.
    """
    try:
        asked = read_asked(request.get_data())  # as JSON, whatever its content type: Cloud Scheduler sends none
        if asked.rerun is not None:
            return _rerun(request, asked)
        run_id, due = _run_id(request, asked), _due(request)
        run, created = world().start(asked.graph, run_id, asked.params, request.headers, due)
    except (UsageError, UnauthenticatedError, ForbiddenError) as error:
        _log("WARNING", f"not started: {error}")
        return {"errors": str(error).splitlines()}, error.http_status
    except OrchestratorError as error:
        _log("ERROR", str(error))
        return _refusal(error)
    return _started(run, created)


def _started(run: Run, created: bool) -> tuple[dict[str, Any], int]:
    rerun = f", a rerun of {run.rerun_of}" if run.rerun_of else ""
    _log("INFO", f"run {run.id} {'started' if created else 'was there'}{rerun}", run=run.id, key=run.key)
    answer: dict[str, Any] = {"run": run.id, "graph": run.graph, "status": run.status, "created": created}
    if run.skipped is not None:
        answer["skipped"] = run.skipped
    return answer, 201 if created else 200


def _rerun(request: flask.Request, asked: Asked) -> ResponseReturnValue:
    """Start a rerun; with ``dry_run``, answer 200 with what it would do."""
    from orchestrator.cloud.reruns import rerun

    assert asked.rerun is not None
    if asked.run_id is not None:
        check_unscheduled(asked.run_id)
    run, created, told = rerun(world(), asked.rerun, asked.run_id, asked.params, request.headers)
    return {"plan": told} if run is None else _started(run, created)


@functions_framework.http
@guarded
def sweep(_: flask.Request) -> ResponseReturnValue:
    """Pay what unfinished runs have owed for too long. Cloud Scheduler calls this every 15 minutes.

    It sweeps as many runs as there is time for; the next call continues with the others.
    """
    runs, tasks, failed = 0, 0, list[OrchestratorError]()
    unreadable: list[UnreadableRecordError] = []

    def unread(error: UnreadableRecordError) -> None:
        _log("ERROR", f"left alone: {error}", counted="unreadable", path=error.path)
        unreadable.append(error)

    def doubt(run: Run, said: str) -> None:
        _log("ERROR", f"the records of run {run.id} contradict each other: {said}", run=run.id, key=run.key)

    try:
        for swept in (sweeping := world().sweep(unread, doubt)):
            runs, tasks = runs + (swept.run is not None), tasks + swept.tasks
            if swept.run and (seconds := time.time() - swept.run.started_at) > world().settings.stuck_after:
                _count("WARNING", "run_stuck", swept.run, seconds)
            if swept.error is not None:
                known = {"run": swept.run.id} if swept.run else {}
                _log("ERROR", f"not swept: {swept.error}", key=swept.key, **known)
                failed.append(swept.error)
    except OrchestratorError as error:
        _log("ERROR", str(error))
        return _refusal(error)
    try:
        for missed in world().missed_starts():
            said = f"the start of graph {missed.graph} did not happen: there is no run {missed.run_id}"
            _log("WARNING", said, graph=missed.graph, run=missed.run_id)
    except OrchestratorError as error:
        _log("ERROR", f"missed starts were not looked for: {error}")
        failed.append(error)
    more: dict[str, Any] = {"unreadable": len(unreadable)} if unreadable else {}
    if sweeping.left:
        more["left"] = True
    others = ", and others are left for the next time" if sweeping.left else ""
    _log("INFO", f"swept {runs} runs{others}", runs=runs, tasks=tasks, **more)
    if failed:
        return _refusal(next((error for error in failed if error.retryable), failed[0]))
    return {"runs": runs, "tasks": tasks, **more}


@functions_framework.http
@guarded
def console(request: flask.Request) -> ResponseReturnValue:
    """Show runs, and do what people ask of them: GET /openapi.json describes it. Every answer is JSON.

    Responds with 400, 401, 404, 405 or 409 and the messages of the command line if it refuses.
    """
    return _console(request, acts=True)


@functions_framework.http
@guarded
def console_view(request: flask.Request) -> ResponseReturnValue:
    """Show runs, as ``console`` does, and do nothing else: its account may only read."""
    return _console(request, acts=False)


def _console(request: flask.Request, acts: bool) -> ResponseReturnValue:
    from orchestrator.console.exchange import Request
    from orchestrator.console.serving import serve

    asked = Request(request.method, request.path, request.args.to_dict(flat=False), request.headers, request.get_data())
    try:
        reply = serve(world(), asked, acts)
    except Exception as error:  # noqa: BLE001 - an unforeseen one: the answer is JSON, and the log has the rest
        _log("ERROR", f"unexpected: {error}", traceback=traceback.format_exc())
        return {"errors": ["an unexpected error: the log of the function has it"]}, 500
    if reply.log[1]:
        _log(*reply.log)
    return flask.Response(reply.text, reply.status, dict(reply.headers), content_type="application/json")


def _run_id(request: flask.Request, asked: Asked) -> str | None:
    """The requested run id, or for a scheduled start the id made from its time. None: the server makes one up.

    Raises UsageError if the requested id has the form that only scheduled runs may have.
    """
    if asked.run_id is not None:
        check_unscheduled(asked.run_id)
    elif (text := request.headers.get(SCHEDULED)) is not None:
        return scheduled_id(asked.graph, text)
    return asked.run_id


def _due(request: flask.Request) -> datetime | None:
    """When a scheduled start was due; None if it was not scheduled.

    Raises UsageError if Cloud Scheduler's header is not a time as documented (RFC 3339, up to nanoseconds).
    """
    text = request.headers.get(SCHEDULED)
    if text is None:
        return None
    try:
        due = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        due = None
    if due is None:
        raise UsageError(f"{SCHEDULED}: expected a time such as 2026-01-31T06:00:00Z, got {text!r:.60}")
    return due


def _refusal(error: OrchestratorError) -> flask.Response:
    """The response for an error: 503 with ``Retry-After`` if trying again may help."""
    if error.retryable:
        return flask.Response(f"{cut(str(error))}\n", 503, {"Retry-After": RETRY_AFTER}, content_type="text/plain")
    return flask.Response(f"{cut(str(error))}\n", error.http_status, content_type="text/plain")


def _count(severity: str, counted: str, run: Run, seconds: float) -> None:
    """Log the status of a run, and why it ended, ``seconds`` after its start. Metrics count lines by ``counted``."""
    about: dict[str, Any] = {"run": run.id, "graph": run.graph, "seconds": round(seconds, 3)}
    why = ""
    if run.failed:
        about["failed"] = dict(run.failed)
        why = f": {', '.join(run.failed)}"
    elif run.status is RunStatus.CANCELLED and run.stop is not None:
        about |= {"by": run.stop.by, "why": run.stop.why}
        why = f" by {run.stop.by}: {run.stop.why}"
    _log(severity, f"run {run.id} {counted.removeprefix('run_')}{why}", counted=counted, **about)


def step_failed(run: Run, step: Step, state: StepState) -> None:
    """Log that a step failed and will not be retried. It is called once; no param's value is logged."""
    error = error_for_log(run, step, state)
    about_it = {"cause": state.cause, "error": error, "job": state.job}
    why = {name: said for name, said in about_it.items() if said is not None}
    waits = ", and needs attention" if state.status is Status.NEEDS_ATTENTION else ""
    said = f"step '{step.name}' of run {run.id} failed{waits}: {error or state.cause}"
    about: dict[str, Any] = {"run": run.id, "graph": run.graph, "step": step.name, "attempt": state.attempt}
    _log("ERROR", said, counted="step_failed", **about, **why)


def _log(severity: str, message: str, **fields: Any) -> None:
    logs.log(severity, message, **fields, **logs.trace(flask.request.headers, world().settings.project))


def _unreadable(error: Exception) -> ResponseReturnValue:
    """Acknowledge a request that the framework cannot read as an event: its 400, 415 or 500 would mean redelivery."""
    if "ours" not in flask.g and (not isinstance(error, HTTPException) or error.code in _NO_EVENT):
        logs.log("WARNING", "malformed event dropped: no CloudEvent and no Pub/Sub message", counted="malformed")
        return "dropped: no event\n"
    if isinstance(error, HTTPException):
        return error
    raise error


def _as_json(answer: flask.Response) -> flask.Response:
    """The answer of a console, also where the framework has made another of its own, such as a redirect of ``//runs``.

    It does not hand on every path, such as one with a line break.
    """
    if answer.status_code < 300 or answer.is_json:
        return answer
    if answer.status_code < 400 or answer.status_code == 404:
        said = ["there is nothing under this path: GET /openapi.json says what there is"]
        return flask.Response(json.dumps({"errors": said}), 404, content_type="application/json")
    plain = answer.get_data(as_text=True).splitlines() if answer.mimetype == "text/plain" else [answer.status.lower()]
    answer.set_data(json.dumps({"errors": plain}))
    answer.content_type = "application/json"
    return answer


if flask.has_app_context():
    flask.current_app.json.sort_keys = False  # the steps of a plan are in the graph's order

if flask.has_app_context() and flask.current_app.name in ("console", "console_view"):
    flask.current_app.after_request(_as_json)

if flask.has_app_context() and flask.current_app.name == "on_signal":  # the framework imports this file into an app
    flask.current_app.register_error_handler(Exception, _unreadable)
