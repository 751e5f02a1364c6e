"""Structured logs, as Cloud Logging reads them from standard output: one JSON object a line."""

import json
import sys
from typing import Any, Protocol

#: The most characters of one text. Cloud Logging takes entries of 256 KiB, and drops longer ones.
_LONGEST = 16_000


class Headers(Protocol):
    """The headers of a request, whatever the case of their names."""

    def get(self, name: str, default: str, /) -> str: ...


def log(severity: str, message: str, **fields: Any) -> None:
    """Write one entry; ``fields`` become its jsonPayload, but for those that are empty texts. Long texts are cut.

    Half of a character, which no text in UTF-8 holds, is written as JSON does: ``\\ud800``.
    """
    said = {name: _cut(value) for name, value in {"message": message, **fields}.items() if value != ""}
    text = json.dumps({"severity": severity, **said}, ensure_ascii=False, default=str)
    line = text.encode(errors="backslashreplace").decode()
    sys.stdout.write(f"{line}\n")  # one write, or threads would mix their lines
    sys.stdout.flush()


def _cut(value: Any) -> Any:
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def trace(headers: Headers, project: str) -> dict[str, str]:
    """The fields that join an entry to the platform's own one of the same request; empty if it carries no trace.

    ``X-Cloud-Trace-Context: ID/SPAN;o=1``, or else ``traceparent: 00-ID-SPAN-01``.
    """
    found = headers.get("X-Cloud-Trace-Context", "").partition("/")[0]
    if not found:
        found = next(iter(headers.get("traceparent", "").split("-")[1:2]), "")
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{found}"} if found else {}
