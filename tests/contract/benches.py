"""Each job backend on a bench, for the suites of what it promises."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

from orchestrator.core.compiler import compile_plan
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.model import Run
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.core.plan import Inner
from orchestrator.core.steps import Json, Step, Work
from orchestrator.definition.params import resolve
from orchestrator.engine.children import RunBackend
from orchestrator.home import Home
from orchestrator.jobs.process.backend import ProcessBackend
from orchestrator.jobs.python.backend import PythonBackend
from orchestrator.jobs.python.isolated import PythonSteps
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import JobBackend, JobRequest, JobRunning
from tests.unit.engine_world import JOB, World
from tests.unit.test_children import settle

MODULE = """
import pathlib, threading
GATE = threading.Event()
COUNT = []

def good():
    COUNT.append(1)
    return {"rows": 3}

def bad():
    raise ValueError("no such day")

def slow(gate):
    while not pathlib.Path(gate).exists():
        GATE.wait(0.005)
"""


@dataclass
class Bench:
    """A backend on a bench: specs of a job that succeeds with rows=3, one that fails, and one that runs until told."""

    backend: JobBackend
    kind: str
    good: dict[str, Json]
    bad: dict[str, Json]
    slow: dict[str, Json]
    release: Callable[[], None]
    folder: Path
    ended: "SimpleQueue[str]" = field(default_factory=SimpleQueue)

    def request(self, spec: dict[str, Json], attempt: int = 1, params: dict[str, Json] | None = None) -> JobRequest:
        given = params or {"date": "2026-11-23"}
        run = Run("run-1", run_key(str(self.folder)), "g", "v", given, 0.0, folder=str(self.folder))
        name = job_name("orders", JobRef(run.key, 0, attempt))
        return JobRequest(run, 0, "orders", attempt, name, self.kind, spec)

    def over(self, job: str) -> JobEnd:
        """How the job ended, once it has."""
        while isinstance(status := self.backend.status(job), JobRunning):
            threading.Event().wait(0.005)
        return status


def process(folder: Path) -> Bench:
    ended: SimpleQueue[str] = SimpleQueue()
    gate = folder / "gate"
    return Bench(
        ProcessBackend(Home(folder / "home"), ended.put, time.time),
        "command",
        {"command": 'echo x >> count; echo \'{"rows": 3}\' > "$ORCHESTRATOR_OUTPUTS"'},
        {"command": "echo no such day; exit 3"},
        {"command": f"while [ ! -e {gate} ]; do sleep 0.01; done"},
        gate.touch,
        folder,
        ended,
    )


def python(folder: Path) -> Bench:
    ended: SimpleQueue[str] = SimpleQueue()
    gate, name = folder / "gate", f"module_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(MODULE)
    return Bench(
        PythonBackend(Home(folder / "home"), ended.put, time.time, threads=2),
        "python",
        {"function": f"{name}:good"},
        {"function": f"{name}:bad"},
        {"function": f"{name}:slow", "args": {"gate": str(gate)}},
        gate.touch,
        folder,
        ended,
    )


def isolated(folder: Path) -> Bench:
    ended: SimpleQueue[str] = SimpleQueue()
    home = Home(folder / "home")
    bench = python(folder)
    threads = PythonBackend(home, ended.put, time.time, threads=2)
    steps = PythonSteps(home, threads, ProcessBackend(home, ended.put, time.time))
    apart: dict[str, Json] = {"isolated": True}
    return replace(
        bench, backend=steps, good=bench.good | apart, bad=bench.bad | apart, slow=bench.slow | apart, ended=ended
    )


def scripted(folder: Path) -> Bench:
    now = [0.0]
    scripts = {
        "good": Script(outputs={"rows": 3}),
        "bad": Script(outcome=Outcome.FAILED, error="no such day"),
        "slow": Script(seconds=60.0),
    }
    return Bench(
        ScriptedBackend(lambda request: scripts[str(request.spec["script"])], lambda: now[0]),
        "dataflow",
        {"script": "good"},
        {"script": "bad"},
        {"script": "slow"},
        lambda: now.__setitem__(0, 60.0),
        folder,
    )


class RunBench(Bench):
    """Jobs that are runs: their steps are scripted, and their tasks are delivered when somebody waits for an end."""

    world: World

    def request(self, spec: dict[str, Json], attempt: int = 1, params: dict[str, Json] | None = None) -> JobRequest:
        run, node = self.world.run, self.world.plan.numbers[str(spec["graph"])]
        name = job_name("orders", JobRef(run.key, node, attempt))
        return JobRequest(run, node, str(spec["graph"]), attempt, name, self.kind, spec)

    def over(self, job: str) -> JobEnd:
        settle(self.world)
        return super().over(job)


def runs(folder: Path) -> Bench:
    scripts = {
        "good": Script(outputs={"rows": 3}),
        "bad": Script(outcome=Outcome.FAILED, error="no such day"),
        "slow": Script(seconds=60.0, outputs={"rows": 3}),
    }
    inners = {
        name: Inner(compile_plan(name, name, (Step(name, JOB),)), (), {"rows": f"{{{{ steps.{name}.outputs.rows }}}}"})
        for name in scripts
    }
    steps = [Step(name, Work("graph", {"graph": name}), inner=name) for name in scripts]
    world = World(replace(compile_plan("g", "v", steps), inners=inners), scripts)
    world.store.open_run(world.run, world.plan)
    backend = RunBackend(world.engine, resolve)
    bench = RunBench(
        backend,
        "graph",
        {"graph": "good"},
        {"graph": "bad"},
        {"graph": "slow"},
        lambda: setattr(world, "now", 60.0),
        folder,
    )
    bench.world = world
    return bench


#: Every backend whose jobs are there to be found.
BENCHES = (process, python, isolated, scripted, runs)

#: Those that can stop a job.
STOPPING = (process, isolated, scripted, runs)


def written(path: Path) -> str:
    """What is written to a small file, once it is."""
    while not (path.exists() and (text := path.read_text().strip())):
        threading.Event().wait(0.005)
    return text
