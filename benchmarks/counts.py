"""What a step costs the embedded engine, in counts, which do not depend on the machine (tests/contract/test_counts.py).

Each function is called in the loop's own thread, after the commit that claimed it, so that every run is the same.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from orchestrator.core.graph import Graph
from orchestrator.core.model import Run
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step
from orchestrator.home import Home
from orchestrator.local.loop import Loop
from orchestrator.local.wiring import Embedded, embedded
from orchestrator.ports import Task

KINDS = ("SQL statements", "commits", "tasks put", "Python calls")


class AtOnce:
    """Workers that do each piece of work before they return."""

    def ready(self) -> None:
        """Nothing to prepare."""

    def do(self, piece: Callable[[], None]) -> None:
        piece()


def counts(steps: Sequence[Step], parallel: int = 32) -> dict[str, float]:
    """How many of each of ``KINDS`` a run of ``steps`` takes per step, from its start to its end."""
    plan, found = Graph("counted", tuple(steps)).compile(), Counter[str]()
    with _folder() as name:
        (Path(name) / "noop_steps.py").write_text("def noop():\n    return None\n")
        world = embedded(Home(Path(name) / "home"), parallel)
        world.functions._workers = AtOnce()  # type: ignore[assignment]
        run = Run("counted", run_key("counted"), "counted", plan.version, {}, 0.0, folder=name)
        with _counted(world, found):
            world.engine.start(run, plan)
            ended = Loop(world, [run.key], parallel).drive()
        world.database.close()
    assert ended
    return {kind: round(found[kind] / len(plan.steps), 2) for kind in KINDS}


def _folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder without an underscore in its name, which names users' modules: to escape one takes three calls."""
    while "_" in Path((made := tempfile.TemporaryDirectory()).name).name:
        made.cleanup()
    return made


@contextmanager
def _counted(world: Embedded, found: Counter[str]) -> Iterator[None]:
    put = world.queue.put

    def counting_put(tasks: Sequence[Task]) -> None:
        found["tasks put"] += len(tasks)
        put(tasks)

    def statement(text: str) -> None:
        found["commits" if text == "COMMIT" else "SQL statements"] += 1

    def profile(_: FrameType, event: str, __: object) -> None:
        if event == "call":
            found["Python calls"] += 1

    world.queue.put = counting_put  # type: ignore[method-assign]
    world.database._connection.set_trace_callback(statement)
    wrote, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # calls that write bytecode do not belong to a step
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        sys.dont_write_bytecode = wrote
        world.database._connection.set_trace_callback(None)
