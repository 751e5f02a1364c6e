"""What a rerun would do, as lines and as JSON. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from orchestrator.core.rerun import Choice, Rerun
from orchestrator.reporting.phrases import column, counted, listed, status_word
from orchestrator.text import cut

#: How many steps that run again are listed one by one.
LISTED = 40

#: How many characters of a param's value are shown.
_VALUE = 60


def plan_lines(rerun: Rerun) -> Iterator[str]:
    """The steps that run again, each with the reason; the changed params; then, in few lines, what is kept."""
    again, kept = rerun.again, [choice for choice in rerun.choices if not choice.again]
    yield (
        f"run {rerun.run.id} will rerun {rerun.earlier.id} ({rerun.earlier.status}): "
        f"{counted(len(again), 'step')} again, {len(kept):,} kept"
    )
    if rerun.run.version != rerun.earlier.version:
        yield "  the graph has changed since: the new version runs"
    for name, (before, now) in rerun.changed.items():
        yield f"  param {name} = {_value(now)}, was {_value(before)}"
    width = column([choice.step for choice in again[:LISTED]], 60)
    for choice in again[:LISTED]:
        yield f"  again  {choice.step:{width}}  {choice.why}".rstrip()
    if len(again) > LISTED:
        yield f"  again  and {counted(len(again) - LISTED, 'more step')}: --json lists all"
    for choice in kept:
        if choice.why:
            yield f"  keep   {choice.step:{width}}  although: {choice.why}"
    if plain := [choice for choice in kept if not choice.why]:
        yield f"  keep   {listed([_kept(choice) for choice in plain], 8)}"


def plan_report(rerun: Rerun) -> dict[str, Any]:
    """The plan as JSON data. ``token``: ``--token`` asks for just this plan with it. ``was``: how a step had ended."""
    return {
        "run": rerun.run.id,
        "rerun_of": rerun.earlier.id,
        "graph": rerun.run.graph,
        "version": rerun.run.version,
        "token": rerun.token,
        "params": dict(rerun.run.params),
        "changed_params": sorted(rerun.changed),
        "steps": {
            choice.step: {
                "again": choice.again,
                "was": None if choice.status is None else str(choice.status),
                "why": choice.why,
            }
            for choice in rerun.choices
        },
    }


def _kept(choice: Choice) -> str:
    """``extract``; ``notify (skipped)`` if it did not succeed."""
    assert choice.status is not None
    return choice.step if choice.status == "succeeded" else f"{choice.step} ({status_word(choice.status)})"


def _value(value: object) -> str:
    return cut(json.dumps(value, ensure_ascii=False), _VALUE)
