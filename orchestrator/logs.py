"""Structured logs, as Cloud Logging reads them from standard output: one JSON object a line."""

import json
import sys
from typing import Any, Protocol


class Headers(Protocol):
    """The headers of a request, whatever the case of their names."""

    def get(self, name: str, default: str, /) -> str: ...


def log(severity: str, message: str, **fields: Any) -> None:
    """Write one entry; ``fields`` become its jsonPayload, but for those that are empty texts."""
    said = {name: value for name, value in fields.items() if value != ""}
    line = json.dumps({"severity": severity, "message": message, **said}, ensure_ascii=False, default=str)
    sys.stdout.write(f"{line}\n")  # one write, or threads would mix their lines
    sys.stdout.flush()


def trace(headers: Headers, project: str) -> dict[str, str]:
    """The fields that join an entry to the platform's own one of the same request; empty if it carries no trace.

    ``X-Cloud-Trace-Context: ID/SPAN;o=1``, or else ``traceparent: 00-ID-SPAN-01``.
    """
    found = headers.get("X-Cloud-Trace-Context", "").partition("/")[0]
    if not found:
        found = next(iter(headers.get("traceparent", "").split("-")[1:2]), "")
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{found}"} if found else {}
