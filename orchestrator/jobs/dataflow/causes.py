"""Finds the cause of a job's failure, in one word, from its messages. Pure.

A statement is judged by how it *begins* (phrases.py), once it is known who speaks (statements.py): a user's text may
contain any word. A statement that matches no phrase is ``unknown``, which may be retried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from orchestrator.jobs.dataflow import phrases
from orchestrator.jobs.dataflow.classes import PERMANENT, RETRY_AFTER, Cause
from orchestrator.jobs.dataflow.statements import Speaker, Statement, hear, is_verdict, root

__all__ = ["PERMANENT", "RETRY_AFTER", "Cause", "classify", "explain"]


@dataclass(frozen=True, slots=True)
class _Judged:
    """The class of a statement. ``ask``: speakers whose own statements, if there are any, say more."""

    cause: Cause
    ask: frozenset[Speaker] = frozenset()


def classify(messages: Sequence[str]) -> Cause:
    """The class of a failure from its ``messages``, the oldest first: that of the last known cause."""
    said = hear(messages)
    judged = [(statement, found) for statement in said if (found := _judge(statement)) is not None]
    explained = any(statement.verdict for statement in said)
    for statement, found in judged:
        if found.ask:
            better = (other.cause for one, other in judged if one.speaker in found.ask and not other.ask)
            return next(better, found.cause)
        overcome = explained and not statement.verdict and statement.speaker is Speaker.PROGRAM
        return Cause.USER_CODE if overcome and found.cause in PERMANENT else found.cause
    return Cause.UNKNOWN


def _judge(statement: Statement) -> _Judged | None:
    """The class of a statement, depending on its speaker; None if it says nothing."""
    match statement.speaker:
        case Speaker.SERVICE:
            return _by_service(statement)
        case Speaker.PROGRAM:
            return _Judged(_by_program(statement))
        case Speaker.LAUNCHER:
            found = _by_program(statement)
            if found is not Cause.USER_CODE:
                return _Judged(found)
            return (None if statement.raised else _by_service(statement)) or _Judged(Cause.LAUNCHER)
        case never:
            assert_never(never)


def _by_program(statement: Statement) -> Cause:
    if not statement.raised:
        return Cause.PARAMETERS if phrases.REFUSED.match(statement.text) else Cause.USER_CODE
    for cause, raised, text in phrases.RAISED:
        if raised.fullmatch(statement.raised) and text.match(statement.text):
            return cause
    return Cause.USER_CODE


def _by_service(statement: Statement) -> _Judged | None:
    text = " ".join(statement.text.split())
    for cause, pattern in phrases.SERVICE:
        if pattern.match(text):
            return _Judged(cause)
    for cause, pattern, ask in phrases.VAGUE:
        if pattern.match(text):
            return _Judged(cause, ask)
    if statement.code in phrases.CODES:
        return _Judged(phrases.CODES[statement.code])
    if phrases.NO_WORKERS.match(statement.frame):
        return _Judged(Cause.STOCKOUT, frozenset({Speaker.SERVICE}))
    if statement.frame.startswith("Failed to "):
        return _Judged(Cause.LAUNCHER)
    if phrases.REFUSED.match(statement.text):
        return _Judged(Cause.PARAMETERS)
    return _Judged(Cause.USER_CODE) if phrases.EXIT.match(text) else None


#: How many messages are shown, and how much of each.
_MAX_MESSAGES, _LONGEST = 3, 500


def explain(messages: Sequence[str]) -> str:
    """The first few ``messages`` in one line, the verdict first, without repetitions, each cut to a readable length."""
    ordered = sorted(messages, key=lambda message: not is_verdict(message))
    lines = dict.fromkeys(" ".join(root(message.strip()).split()) for message in ordered)
    shown = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in lines if line]
    more = f" (and {len(shown) - _MAX_MESSAGES} more messages)" if len(shown) > _MAX_MESSAGES else ""
    return "; ".join(shown[:_MAX_MESSAGES]) + more
