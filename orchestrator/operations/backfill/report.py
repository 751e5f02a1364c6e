"""What a backfill would do, what it has done and how to go on, as lines and as JSON. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.core.model import RunStatus
from orchestrator.operations.backfill.slots import Does, Planned, Result
from orchestrator.reporting.found import INTERRUPTED
from orchestrator.reporting.phrases import column, counted, why
from orchestrator.reporting.summary import Line
from orchestrator.system.terminal import one_line

#: How many slots are listed one by one.
LISTED = 40

_DOES = {
    Does.RUN: "to run",
    Does.CONTINUE: "to continue",
    Does.RERUN: "to rerun",
    Does.WAIT: "driven by another process",
    Does.FOLLOW: "running",
}

#: How runs end, in the order in which they are counted.
_ORDER = ("succeeded", "failed", "cancelled")

_STYLES = {"succeeded": "green", "cancelled": "magenta"}


def headline(graph: str, plan: Sequence[Planned]) -> str:
    """``31 runs of sales: 28 to run, 1 to continue, 2 succeeded``."""
    does = Counter(one.does for one in plan)
    over = Counter(_word(one) for one in plan if one.does is Does.NOTHING)
    parts = [f"{does[one]:,} {word}" for one, word in _DOES.items() if does[one]]
    parts += counts(over)
    return f"{counted(len(plan), 'run')} of {graph}: {', '.join(parts)}"


def fitting(graph: Graph, at_once: int) -> tuple[int, str]:
    """How many runs are open at a time, of ``at_once``, and a sentence if these are fewer.

    More would only wait for each other, before the runs that others start; or skip or cancel each other.
    """
    if graph.active is None or graph.active.limit >= at_once:
        return at_once, ""
    most = graph.active.limit
    said = "one run" if most == 1 else f"{most:,} runs"
    return most, f"max_active_runs of graph '{graph.name}' is {most:,}: {said} at a time"


def plan_lines(plan: Sequence[Planned]) -> Iterator[str]:
    """The slots, each with what is done with it and why."""
    shown = plan[:LISTED]
    width = column([one.run_id for one in shown], 100)
    for one in shown:
        said = why(one.newest) if one.newest is not None else ""
        word = f"{_word(one)}: {one_line(said)}" if said else _word(one)
        yield f"  {one.does:8}  {one.run_id:{width}}  {word}"
    if len(plan) > LISTED:
        yield f"  and {counted(len(plan) - LISTED, 'more run')}: --json lists all"


def plan_report(graph: str, plan: Sequence[Planned]) -> dict[str, Any]:
    """The plan as JSON data."""
    runs = [{**_slot(one), "run": one.run_id, "status": _word(one), "does": str(one.does)} for one in plan]
    return {"graph": graph, "runs": runs}


def results_report(graph: str, plan: Sequence[Planned], results: Collection[Result]) -> dict[str, Any]:
    """How each slot ended as JSON data; the status of one that has not is ``left``. ``error``: why it did not start."""
    ended = {result.slot.run_id: result for result in results}
    runs = []
    for one in plan:
        result = ended.get(one.slot.run_id)
        told: dict[str, Any] = {**_slot(one), "run": one.run_id, "status": "left"}
        if result is not None:
            told |= {"run": result.run_id, "status": result.word}
            failed = dict(result.run.failed) if result.run is not None else {}
            told |= {"failed": failed} if failed else {}
            told |= {"error": result.said} if result.said else {}
        runs.append(told)
    return {"graph": graph, "runs": runs}


def summary(plan: Sequence[Planned], results: Collection[Result], again: str, go_on: str) -> Iterator[Line]:
    """The counts; each slot that did not succeed; the command that runs these again, or that goes on with the rest."""
    words = Counter(result.word for result in results)
    left = len(plan) - len(results)
    parts = counts(words) + ([f"{left:,} left"] if left else [])
    bad = [result for result in results if not result.succeeded]
    style = "bold red" if bad else "bold yellow" if left else "bold green"
    yield Line(f"{counted(len(plan), 'run')}: {', '.join(parts)}", style)
    for result in bad[:LISTED]:
        yield Line(f"{result.word:8}  {result.run_id}  {one_line(reason(result))}".rstrip(), style_of(result))
    if len(bad) > LISTED:
        yield Line(f"and {counted(len(bad) - LISTED, 'more such run')}: --json lists all", "red")
    if left:
        yield Line(f"continue  {go_on}", "bold", whole=True)
    elif bad:
        yield Line(f"rerun     {again}", "bold", whole=True)


def counts(words: Mapping[str, int]) -> list[str]:
    """``18 succeeded``, ``2 failed``: always in the same order."""
    ranked = sorted(words, key=lambda word: _ORDER.index(word) if word in _ORDER else len(_ORDER))
    return [f"{words[word]:,} {word}" for word in ranked]


def reason(result: Result) -> str:
    """Why a slot did not succeed."""
    return result.said or (why(result.run) if result.run is not None else "")


def style_of(result: Result) -> str:
    return _STYLES.get(result.word, "red")


def _word(one: Planned) -> str:
    if one.newest is None:
        return "new"
    if one.newest.status is not RunStatus.RUNNING:
        return str(one.newest.status)
    return "running" if one.does in (Does.WAIT, Does.FOLLOW) else INTERRUPTED


def _slot(one: Planned) -> dict[str, Any]:
    moment = one.slot.moment
    return {"slot": None if moment is None else moment.isoformat(), "over": dict(one.slot.values)}
