"""Structured logs for Cloud Logging, which reads them from standard output: one JSON object per line."""

import json
import sys
from typing import Any, Protocol

#: Characters that are kept of one text. Cloud Logging takes entries of 256 KiB, and drops longer ones.
_LONGEST = 16_000


class Headers(Protocol):
    """The headers of a request; names are case-insensitive."""

    def get(self, name: str, default: str, /) -> str: ...


def log(severity: str, message: str, **fields: Any) -> None:
    """Write one entry; ``fields`` become its jsonPayload, without empty texts. Long texts are cut.

    A lone surrogate, which UTF-8 cannot encode, is written as in JSON: ``\\ud800``.
    """
    said = {name: _cut(value) for name, value in {"message": message, **fields}.items() if value != ""}
    text = json.dumps({"severity": severity, **said}, ensure_ascii=False, default=str)
    line = text.encode(errors="backslashreplace").decode()
    sys.stdout.write(f"{line}\n")  # one write, so that lines of several threads do not mix
    sys.stdout.flush()


def _cut(value: Any) -> Any:
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def trace(headers: Headers, project: str) -> dict[str, str]:
    """The fields that link an entry to the platform's own entry for the same request; empty if it has no trace.

    ``X-Cloud-Trace-Context: ID/SPAN;o=1``, or else ``traceparent: 00-ID-SPAN-01``.
    """
    found = headers.get("X-Cloud-Trace-Context", "").partition("/")[0]
    if not found:
        found = next(iter(headers.get("traceparent", "").split("-")[1:2]), "")
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{found}"} if found else {}
