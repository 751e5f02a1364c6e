"""The result of a rehearsal, read from its store, its fakes and its logs while they are running."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.core.kinds import kind_of
from orchestrator.core.model import RunStatus
from orchestrator.operations.load_run import with_inside
from orchestrator.reporting.found import Found
from orchestrator.reporting.inside import told
from orchestrator.reporting.rehearsal import Rehearsed
from orchestrator.reporting.report import report
from orchestrator.reporting.summary import failures

if TYPE_CHECKING:
    from orchestrator.rehearsal import Rehearsal

#: Seconds that jobs have to end after the last run has ended.
_TIMEOUT = 30.0


def result_of(rehearsal: "Rehearsal", ids: list[str], kills: int, happened: Mapping[str, int]) -> Rehearsed:
    """The result of the runs with these ids. If all have ended, it waits a little for jobs to end."""
    found = {run_id: _found(rehearsal, run_id) for run_id in ids}
    runs = [found[run_id].run for run_id in ids]
    fake = rehearsal.dataflow
    until = time.monotonic() + (0.0 if any(run.status is RunStatus.RUNNING for run in runs) else _TIMEOUT)
    while set(fake.active) - set(fake.streaming) and time.monotonic() < until:
        time.sleep(0.1)
    streaming = fake.streaming
    cloud = [node for node, step in enumerate(rehearsal.graph.compile().steps) if kind_of(step.work).cloud_only]
    steps = {run_id: report(one.run, one.plan, one.view.states, one.word)["steps"] for run_id, one in found.items()}
    return Rehearsed(
        runs,
        sum(one.view.state(node).attempt for one in found.values() for node in cloud),
        dict(fake.launches),
        kills,
        dict(happened),
        [name for name in fake.active if name not in streaming],
        list(fake.misfits),
        streaming,
        rehearsal.unexpected,
        {run_id: [line.text for line in failures(one)] for run_id, one in found.items()},
        {
            run_id: {name: steps[run_id][name] for node in told(one) if (name := one.plan.steps[node].name)}
            for run_id, one in found.items()
        },
    )


def _found(rehearsal: "Rehearsal", run_id: str) -> Found:
    run = rehearsal.run(run_id)
    found = Found(None, run, rehearsal.graph.compile(), rehearsal.store.load_all(run.key))
    return with_inside(rehearsal.store, found)
