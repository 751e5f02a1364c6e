"""Reads the schedule of a graph, and whether this machine can run it. A Python file is run in a process of its own.

So a change in it is seen, and one that ends its process, or never ends, harms nobody else.
"""

import json
import subprocess
import sys
from pathlib import Path

from orchestrator.core.graph import Schedule
from orchestrator.definition.document import schedule_keys
from orchestrator.definition.load import load_graph
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.operations.driving import refuse_to_schedule_cloud_steps

#: Seconds for a Python file to say what its graph is.
_TIMEOUT = 60.0


def schedule_of(path: Path) -> Schedule | None:
    """The schedule of the graph in the file ``path``; None if it has none.

    Raises UsageError if the graph is wrong, or has steps that only run in the cloud.
    """
    if path.suffix == ".py":
        return _apart(path)
    return _loaded(path)


def _loaded(path: Path) -> Schedule | None:
    graph = load_graph(path)
    if graph.schedule is not None:
        refuse_to_schedule_cloud_steps(graph.all_steps)
    return graph.schedule


def _apart(path: Path) -> Schedule | None:
    command = [sys.executable, "-P", "-m", __name__, str(path)]
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
        )
        told = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout else {}
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{path}: it was not read within {_TIMEOUT:.0f} s") from error
    except ValueError:
        told = {}
    if "wrong" in told:
        raise UsageError(told["wrong"])
    if "schedule" not in told:
        said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UsageError(f"{path}: cannot be read: {said}")
    return Schedule(**told["schedule"]) if told["schedule"] is not None else None


def _main(path: Path) -> None:
    """Print what ``_loaded`` says, as the last line."""
    try:
        found = _loaded(path)
        told: dict[str, object] = {"schedule": None if found is None else schedule_keys(found)}
    except OrchestratorError as error:
        told = {"wrong": str(error)}
    print(json.dumps(told))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
