"""Splits the messages of a failed job by speaker: the service, the launcher, or the pipeline's own code. Pure.

Google's texts quote the user's (names of steps, messages of exceptions) and frame each other, so a word anywhere in a
message says nothing. Here a message is taken out of its frames, and what is left is judged by how it begins. The forms
are those of recorded messages and of Dataflow's "Troubleshoot" pages (2026-03).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Speaker(StrEnum):
    """Who made a statement."""

    SERVICE = "service"
    LAUNCHER = "launcher"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in a message, without its frames.

    ``code``: the service's code for the error (``QUOTA_EXCEEDED``), if there is one. ``raised``: the exception's class,
    if the statement is a program's; then ``text`` is its message. ``frame``: the beginning of the frame around it.
    ``verdict``: whether the service names it as a cause of the job's failure.
    """

    speaker: Speaker
    text: str
    code: str = ""
    raised: str = ""
    frame: str = ""
    verdict: bool = False


_VERDICT = re.compile(r"Workflow failed\.(?:\s+Causes:\s*(?P<causes>.*))?", re.DOTALL)

#: What separates the causes of a verdict. The last one is the root cause.
_BETWEEN = re.compile(
    r",\s+Causes:\s+|(?<=\.),\s+|,\s+(?=\([0-9a-f]{8,}\): )|(?<=failed\.)\s+(?=The job failed because )"
)

#: "S01:Read+Parse failed.": it consists of the user's names.
_STEPS = re.compile(r"S\d+:.* failed\.?", re.DOTALL)

#: The frames around a reason. ``code``: the service's code for it.
_FRAMES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\([0-9a-f]{8,}\):\s+",
        r"(?:JOB_MESSAGE_)?ERROR:\s+",
        r"Startup of the worker pool in \w+ \S+ failed to bring up any of the desired \d+ workers\.?\s*"
        r"(?:Please refer to \S+ for help troubleshooting\.?\s*)?",
        r"Unable to bring up enough workers: minimum \d+, actual \d+\.?\s*",
        r"Failed to start the VM, \S+, used for launching because of status code: (?P<code>\w+), reason:\s+",
        r"Failed to read the (?:job|result) file\s?: \S+ with error message:\s+",
        r"(?:Invalid )?Error:\s+Message:\s+",
        r"(?:One or more operations had an error: |Unknown error in operation )'[^']*': \[(?P<code>\w+)\]\s+'?",
        r"BigQuery [^:]*finished with error\(s\): errorResult:\s+",
        r"Instance (?:'[^']*' )?creation failed:\s+",
        r"Could not create workflow;\s+",
        r"Root cause:\s+",
        r"(?P<code>(?:ZONE_)?RESOURCE_POOL_EXHAUSTED(?:_WITH_DETAILS)?|(?:QUOTA|RATE_LIMIT)_EXCEEDED"
        r"|(?:RESOURCE|IP_SPACE)_EXHAUSTED|PERMISSION_DENIED|INVALID_(?:ARGUMENT|FIELD_VALUE)|UNSUPPORTED_OPERATION"
        r"|CONDITION_NOT_MET|FAILED_PRECONDITION|NOT_FOUND)(?::\s+|$)",
    )
)

_LAUNCHER = re.compile(r"(?:E(?:rror|RROR): )?Error occurred in the launcher container:\s+")
_WORKER = re.compile(r"Error message from worker:\s+(?:generic::\w+:\s+)?")

#: "KeyError: 'x'", "google.api_core.exceptions.Forbidden: 403 …": an exception's class and message.
_RAISED = re.compile(
    r'(?:Exception in thread "[^"]*" |Caused by: )?'
    r"(?P<raised>(?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*(?:Error|Exception|Exit|Interrupt)"
    r"|(?:[A-Za-z_][\w$]*\.){2,}[A-Z][\w$]*)(?::\s*(?P<text>.*))?",
    re.DOTALL,
)

#: Exceptions that only say that there was another one.
_WRAPPERS = frozenset(
    {
        "java.lang.RuntimeException",
        "java.util.concurrent.ExecutionException",
        "org.apache.beam.sdk.util.UserCodeException",
        "org.apache.beam.sdk.Pipeline$PipelineExecutionException",
    }
)
_TRACEBACK = "Traceback (most recent call last)"


def hear(messages: Sequence[str]) -> list[Statement]:
    """The statements in ``messages`` (the oldest first), the last cause first: the verdict's, then the newest ones."""
    found = [statement for message in reversed(messages) for statement in _heard(message.strip())]
    return sorted(found, key=lambda statement: not statement.verdict)


def is_verdict(message: str) -> bool:
    """Whether ``text`` is the service's verdict on why the job failed."""
    match = _VERDICT.match(_unframed(message.strip()).text)
    return match is not None and bool(match["causes"])


def root(text: str) -> str:
    """The line of a stack trace that says what was raised; any other text unchanged."""
    lines = [line for line in text.splitlines() if line.strip()]
    if _TRACEBACK in text:
        return next((line for line in reversed(lines) if _RAISED.fullmatch(line)), lines[-1])
    caused = [line for line in lines if line.startswith("Caused by: ")]
    if caused:
        return caused[-1]
    return lines[0] if len(lines) > 1 and lines[1].lstrip().startswith("at ") else text


def _heard(message: str) -> Iterator[Statement]:
    bare = _unframed(message)
    verdict = _VERDICT.match(bare.text)
    if verdict is None:
        yield _spoken(bare)
        return
    for cause in reversed(_BETWEEN.split(verdict["causes"] or "")):
        bare = _unframed(cause.strip())
        if (bare.text or bare.frame) and not _STEPS.fullmatch(bare.text):
            yield replace(_spoken(bare), verdict=True)


def _unframed(text: str) -> Statement:
    """The service's text without its frames; the innermost frame and code are kept."""
    found = Statement(Speaker.SERVICE, text)
    while match := next((match for frame in _FRAMES if (match := frame.match(found.text))), None):
        code = match.groupdict().get("code") or found.code
        found = replace(found, text=found.text[match.end() :], code=code, frame=match[0])
    return found


def _spoken(bare: Statement) -> Statement:
    """The statement with its real speaker: an exception of a program is never the service's own statement."""
    if match := _LAUNCHER.match(bare.text):
        said = _program(bare.text[match.end() :])
        inner = _unframed(bare.text[match.end() :])
        return replace(said or inner, speaker=Speaker.LAUNCHER)
    if match := _WORKER.match(bare.text):
        text = bare.text[match.end() :]
        return _program(text) or Statement(Speaker.PROGRAM, text)
    return _program(bare.text) or bare


def _program(text: str) -> Statement | None:
    """The exception that a program raised, without the exceptions around it; None if there is none."""
    match = _RAISED.fullmatch(root(text))
    if match is None:
        return Statement(Speaker.PROGRAM, text) if text.startswith(_TRACEBACK) else None
    while match["raised"] in _WRAPPERS and (inner := _RAISED.fullmatch(match["text"] or "")):
        match = inner
    return Statement(Speaker.PROGRAM, match["text"] or "", raised=match["raised"])
