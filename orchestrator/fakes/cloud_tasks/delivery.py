"""Delivers a task of the fake of Cloud Tasks: one HTTP request with the real headers, and its response. Stateless."""

import base64
import contextlib
import http.client
import json
from urllib.parse import urlsplit

from google.cloud import tasks_v2

from orchestrator.fakes.cloud_tasks.queue import Answer, Queued

#: Seconds until a delivery without a response fails, unless the task sets another deadline: 10 minutes.
DEADLINE = 600.0


def headers(queued: Queued, now: float) -> dict[str, str]:
    """The task's own headers and those of Cloud Tasks, as recorded. The task cannot override the latter."""
    task, request = queued.task, queued.task.http_request
    own = {name: value for name, value in request.headers.items() if not name.lower().startswith("x-cloudtasks-")}
    ours = {
        "User-Agent": "Google-Cloud-Tasks",
        "X-CloudTasks-QueueName": task.name.split("/")[5],
        "X-CloudTasks-TaskName": queued.id,
        "X-CloudTasks-TaskETA": f"{task.schedule_time.timestamp():.6f}",
        "X-CloudTasks-TaskRetryCount": str(task.dispatch_count - 1),
        "X-CloudTasks-TaskExecutionCount": str(queued.executions),
    }
    if queued.previous is not None:
        ours |= {"X-CloudTasks-TaskPreviousResponse": str(queued.previous), "X-CloudTasks-TaskRetryReason": ""}
    if request.oidc_token.service_account_email:
        audience = request.oidc_token.audience or request.url
        ours["Authorization"] = f"Bearer {token(request.oidc_token.service_account_email, audience, now)}"
    return own | ours


def token(email: str, audience: str, now: float) -> str:
    """An OIDC token with the claims of Google's tokens but without a signature: a verifier must not accept it."""
    claims = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "azp": "100000000000000000000",
        "sub": "100000000000000000000",
        "email": email,
        "email_verified": True,
        "iat": int(now),
        "exp": int(now) + 3600,
    }
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return "".join(f"{base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip('=')}." for part in parts)


def send(request: tasks_v2.HttpRequest, sent: dict[str, str], deadline: float) -> Answer:
    """Deliver once. Without a valid HTTP response within ``deadline`` seconds, there is no answer."""
    url = urlsplit(request.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    method = tasks_v2.HttpMethod(request.http_method or tasks_v2.HttpMethod.POST).name
    try:
        with contextlib.closing(kind(url.hostname or "", url.port, timeout=deadline)) as connection:
            connection.request(method, path, request.body or None, sent)
            answer = connection.getresponse()
            answer.read()
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: a wrong port, or a header of several lines
        return Answer(None)
    after = answer.headers.get("Retry-After", "")
    return Answer(answer.status, float(after) if after.isdecimal() else 0.0)
