"""The list of runs that ``runs`` prints. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from orchestrator.core.model import Run
from orchestrator.reporting.condition import Condition, condition_note
from orchestrator.reporting.phrases import column, listed, why
from orchestrator.reporting.times import clock, duration

#: A run with its status (``run_records.standing``).
Standing = tuple[Run, str]

_HEADERS = ("RUN", "GRAPH", "STATUS", "STARTED", "DURATION", "NOTE")

NOTHING_KNOWN: Mapping[str, Condition] = MappingProxyType({})

#: How many earlier rounds of a family are named.
_ROUNDS = 4


def families(runs: Sequence[Standing]) -> list[list[Standing]]:
    """The runs, those of a family together, in the order of the first of each."""
    found: dict[str, list[Standing]] = {}
    for run, word in runs:
        found.setdefault(run.first, []).append((run, word))
    return list(found.values())


def run_lines(rounds: Sequence[Sequence[Standing]], known: Mapping[str, Condition] = NOTHING_KNOWN) -> list[str]:
    """The headers, and a line for each family: its newest round's id, graph, status, start and duration, and a note.

    The note names the rounds before it, and says why it failed; or, from ``known``, how one stands that has not ended.
    """
    lines = [_HEADERS, *(_cells(one, known) for one in rounds)]
    name, of = (column([cells[number] for cells in lines], 100) for number in (0, 1))
    long = column([took for *_, took, _ in lines], 12)
    return [
        f"{run:{name}}  {graph:{of}}  {status:11}  {start:19}  {took:{long}}  {note}".rstrip()
        for run, graph, status, start, took, note in lines
    ]


def _cells(rounds: Sequence[Standing], known: Mapping[str, Condition]) -> tuple[str, str, str, str, str, str]:
    (run, word), *_ = rounds
    took = duration(run.ended_at - run.started_at) if run.ended_at is not None else ""
    began = clock(run.started_at, "%Y-%m-%d %H:%M:%S")
    stands = condition_note(known[run.key]) if run.key in known else ""
    return run.id, run.graph, word, began, took, _joined(_before(rounds), why(run), stands)


def _before(rounds: Sequence[Standing]) -> str:
    """The rounds before the newest of these, the oldest first; empty for a run that is no rerun."""
    earlier = [f"{run.id} ({word})" for run, word in reversed(rounds[1:])]
    oldest, _ = rounds[-1]
    if not earlier:
        return f"rerun of {oldest.rerun_of}" if oldest.rerun_of else ""
    if oldest.rerun_of in (None, oldest.first):
        return f"after {listed([*([oldest.rerun_of] if oldest.rerun_of else []), *earlier], _ROUNDS)}"
    return f"after {listed([f'{oldest.first} and others', f'{oldest.rerun_of}', *earlier], _ROUNDS)}"


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)


def left_out(shown: int, total: int) -> str:
    """A sentence that only so many runs are ``shown``. ``total``: how many there are; 0: more, but not how many."""
    some = f"{shown:,} of {total:,} runs" if total else "the newest run" if shown == 1 else f"the newest {shown:,} runs"
    return f"{some} {'is' if some.endswith('run') else 'are'} shown; show more with --limit N"
