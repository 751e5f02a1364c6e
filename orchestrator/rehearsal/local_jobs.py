"""Dataflow jobs of a rehearsal played by what stands in for them: each step's own ``local:`` command, run for real."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from orchestrator.core.model import Run
from orchestrator.core.names import parse_job_name
from orchestrator.core.steps import Json
from orchestrator.definition import shell
from orchestrator.engine.rendering import facts_of, render
from orchestrator.ports import Store
from orchestrator.standins.dataflow_play import LaunchCall, Play


def local_jobs(
    store: Callable[[], Store], graph_folder: Path, data: Path, prefix: str = ""
) -> Callable[[LaunchCall], Play]:
    """How the jobs go: as the ``local:`` command of their step, in the graph's folder, with ``run.dir`` below ``data``.

    A job whose step has no such command takes a moment and succeeds. ``prefix``: what the jobs' names begin with.
    """

    def facts(run: Run) -> dict[str, Json]:
        return facts_of(run) | {"dir": str(data / run.id)}

    def play(call: LaunchCall) -> Play:
        ref = parse_job_name(call.name, prefix)
        run = store().get_run(ref.run) if ref else None
        plan = store().get_plan(run.version) if run else None
        local = plan.steps[ref.node].local if ref and plan else None
        if run is None or plan is None or local is None or local.kind != "command":
            return Play(0.2, 0.1, 0.3)
        command = render(store(), facts, run, plan, local.spec)["command"]
        (data / run.id).mkdir(parents=True, exist_ok=True)
        words = shell.words(command)
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        environment = {"PATH": path, "ORCHESTRATOR_RUN": run.id, "ORCHESTRATOR_RUN_DIR": str(data / run.id)}
        return Play(0.1, 0.1, command=words, environment=environment, folder=str(graph_folder))

    return play
