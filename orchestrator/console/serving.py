"""Answers requests to the console: finds the route, checks the request, and turns errors into answers."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from orchestrator.cloud.auth import ForbiddenError, UnauthenticatedError, claimed
from orchestrator.console.checking import body_of, query_of
from orchestrator.console.exchange import IN_PATH, Call, Reply, Request, Route
from orchestrator.console.forms import NoQuery
from orchestrator.console.openapi import PATH, description
from orchestrator.console.routes import routes
from orchestrator.errors import NotFoundError, OrchestratorError, UsageError
from orchestrator.operations.tokens import ChangedError
from orchestrator.text import cut, quoted

if TYPE_CHECKING:
    from orchestrator.cloud.wiring import Deployed

#: Seconds after which the caller may try again.
RETRY_AFTER = "10"

#: The largest answer, in bytes. Cloud Run sends 32 MiB at most.
MAX_ANSWER = 30 * 2**20

#: Errors of the caller. Each is an answer of the console as any other, and tells what the command line would.
_THEIRS = (UsageError, ChangedError, UnauthenticatedError, ForbiddenError)


def serve(deployed: "Deployed", request: Request, acts: bool) -> Reply:
    """The answer to ``request``. ``acts``: whether to do what people ask, or only to show."""
    try:
        who = _caller(request)
        if request.path == PATH:
            return _described(request, acts)
        found = _route(request, routes(acts))
        if isinstance(found, Reply):
            return found
        route, path = found
        query = query_of(route.query, request.query)
        body = body_of(route.body, request.body) if route.body is not None else None
        status, answer = route.handle(Call(deployed, who, path, query, body, request.headers))
    except _THEIRS as error:
        return Reply(error.http_status, {"errors": str(error).splitlines()}, log=("WARNING", f"refused: {error}"))
    except OrchestratorError as error:
        status = 503 if error.retryable else error.http_status
        headers = {"Retry-After": RETRY_AFTER} if error.retryable else {}
        return Reply(status, {"errors": [cut(str(error))]}, headers, ("ERROR", str(error)))
    if not route.act:
        return _within(Reply(status, answer))
    said = "; ".join(answer.get("said", []) + answer.get("errors", [])) or _run_of(answer)
    return Reply(status, answer, log=("INFO" if status < 400 else "WARNING", f"{route.name} by {who}: {said}"))


def _run_of(answer: Mapping[str, Any]) -> str:
    """The run that was started, or that is told of."""
    return f"run {answer['run']}" if "run" in answer else f"run {answer['plan']['run']} planned"


def _within(reply: Reply) -> Reply:
    """``reply``, unless it is larger than what Cloud Run can send."""
    size = len(reply.text.encode(errors="replace"))
    if size <= MAX_ANSWER:
        return reply
    said = f"the answer would take {size:,} bytes, at most {MAX_ANSWER:,} can be sent: ask for less, without outputs"
    return Reply(400, {"errors": [said]}, log=("WARNING", f"refused: {said}"))


def _caller(request: Request) -> str:
    """The e-mail address of who asks. Raises UnauthenticatedError."""
    if (who := claimed(request.headers)) is None:
        raise UnauthenticatedError("expected a token with a verified e-mail address, which says who asks")
    return who


def _described(request: Request, acts: bool) -> Reply:
    if request.method != "GET":
        return _not_allowed(request, ["GET"])
    query_of(NoQuery, request.query)
    return Reply(200, _description(acts))


@cache
def _description(acts: bool) -> dict[str, object]:
    return description(routes(acts))


def _route(request: Request, known: Sequence[Route]) -> tuple[Route, dict[str, str]] | Reply:
    """The route of a request, and the values in its path; or why there is none."""
    others: list[str] = []
    for route in known:
        if (match := _pattern(route.path).fullmatch(request.path)) is None:
            continue
        if route.method == request.method:
            return route, _fitting(match.groupdict())
        others.append(route.method)
    if others:
        return _not_allowed(request, others)
    raise NotFoundError(f"there is no {quoted(request.path)} here: GET {PATH} says what there is")


def _fitting(path: dict[str, str]) -> dict[str, str]:
    """The values in a path. Raises NotFoundError if there can be nothing under one of them."""
    for name, value in path.items():
        if not re.fullmatch(IN_PATH[name], value):
            raise NotFoundError(f"no {name} is called {quoted(value)}")
    return path


def _not_allowed(request: Request, allowed: Sequence[str]) -> Reply:
    said = f"expected {' or '.join(allowed)} for {quoted(request.path)}, got {quoted(request.method)}"
    return Reply(405, {"errors": [said]}, {"Allow": ", ".join(allowed)}, ("WARNING", f"refused: {said}"))


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
