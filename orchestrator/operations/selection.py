"""Which runs a user wants to see: the options of ``runs``, and the runs that they choose."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.core.model import Run, RunStatus
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.definition.durations import DURATION, TEN_YEARS_IN_DAYS, seconds
from orchestrator.errors import UnreadableRecordError, UsageError
from orchestrator.home import Home
from orchestrator.operations.conditions import conditions
from orchestrator.operations.run_records import standing
from orchestrator.ports import Reader, Unreadable
from orchestrator.reporting.condition import CONDITIONS, Condition
from orchestrator.reporting.found import INTERRUPTED
from orchestrator.reporting.run_list import Standing, families
from orchestrator.text import did_you_mean

#: Among how many of the newest runs the first round of a family is looked for.
_WIDEST = 1_000

#: What ``runs`` says of a run: its status, and of one that has not ended what else may be asked for.
WORDS = (*map(str, RunStatus), INTERRUPTED, *CONDITIONS)


@dataclass(frozen=True, slots=True)
class Selection:
    """The runs that are wanted. ``words``: what ``runs`` says of their statuses; empty: anything."""

    stored: RunFilter = EVERY
    words: frozenset[str] = frozenset()

    @property
    def partly(self) -> bool:
        """Whether only some rounds of a family may be wanted."""
        return bool(self.words) or self.stored.since is not None

    @property
    def everything(self) -> bool:
        return self.stored == EVERY


def selection(graph: str | None, statuses: str | None, since: str | None) -> Selection:
    """What the options say. Raises UsageError."""
    words = frozenset(word.strip() for word in statuses.split(",")) if statuses is not None else frozenset()
    for word in sorted(words - set(WORDS)):
        hint = did_you_mean(word, WORDS) or f": these are {', '.join(WORDS)}"
        raise UsageError(f"--status: there is no status '{word}'{hint}")
    stored = frozenset(RunStatus.RUNNING if word in (INTERRUPTED, *CONDITIONS) else RunStatus(word) for word in words)
    return Selection(RunFilter(graph, stored, start_of(since) if since is not None else None), words)


def start_of(text: str, now: float | None = None) -> float:
    """The time ``text``, or as long before ``now``, in seconds since the epoch; a day begins at midnight, local time.

    Raises UsageError.
    """
    try:
        if re.fullmatch(DURATION, text):
            return (time.time() if now is None else now) - seconds(text)
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"--since: expected a day or a time such as 2026-01-31 or 2026-01-31T18:00, or a duration such as 3d or "
            f"12h, at most {TEN_YEARS_IN_DAYS}d, got {text!r:.60}"
        ) from error


def length(option: str, text: str) -> float:
    """A duration such as ``30d``, in seconds. Raises UsageError, which names the option."""
    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(
            f"{option}: expected a duration such as 30d, 12h or 90m, at most {TEN_YEARS_IN_DAYS}d, got {text!r:.60}"
        ) from error


def chosen_families(
    home: Home | None, store: Reader, wanted: Selection, limit: int, unreadable: Unreadable
) -> tuple[list[list[Standing]], bool]:
    """The newest ``limit`` families with runs that are wanted, and whether there are more.

    A family is whole if all its rounds are wanted, and its first round is among the newest ``_WIDEST`` runs.
    """
    asked = limit + 1
    while True:
        left_out: list[UnreadableRecordError] = []
        runs = chosen(home, store, wanted, asked, left_out.append)
        found = families(runs)
        enough = len(found) > limit and (wanted.partly or all(map(_is_whole, found[:limit])))
        if enough or len(runs) < asked or asked >= max(limit + 1, _WIDEST):
            for error in left_out:
                unreadable(error)
            return found[:limit], len(found) > limit or len(runs) == asked
        asked *= 4


def _words(run: Run, word: str, known: Mapping[str, Condition]) -> frozenset[str]:
    """All that is said of a run."""
    return known[run.key].words | {word} if run.key in known else frozenset({word})


def chosen_rounds(
    home: Home | None, store: Reader, wanted: Selection, limit: int, unreadable: Unreadable
) -> tuple[list[list[Standing]], bool]:
    """The newest ``limit`` runs that are wanted, as families of one each, and whether there are more."""
    runs = chosen(home, store, wanted, limit + 1, unreadable)
    return [[one] for one in runs[:limit]], len(runs) > limit


def _is_whole(rounds: Sequence[Standing]) -> bool:
    """Whether the first round is there, and so all others: they began after it."""
    return any(run.id == run.first for run, _ in rounds)


def chosen(
    home: Home | None, store: Reader, wanted: Selection, limit: int, unreadable: Unreadable
) -> Sequence[Standing]:
    """The newest ``limit`` runs that are wanted, each with its status.

    A store does not know which runs are interrupted, wait or are late, so it may have to be asked for more.
    """
    asked = limit
    while True:
        left_out: list[UnreadableRecordError] = []
        runs = store.list_runs(asked, left_out.append, wanted.stored)
        standings = [(run, standing(home, run)) for run in runs]
        asks = not wanted.words.isdisjoint(CONDITIONS)
        known = conditions(home, store, runs) if asks else {}
        fitting = [one for one in standings if not wanted.words or wanted.words & _words(*one, known)]
        if len(fitting) >= limit or len(runs) + len(left_out) < asked:
            for error in left_out:
                unreadable(error)
            return fitting[:limit]
        asked *= 4
