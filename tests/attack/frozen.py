"""A process that is frozen while it launches, and wakes when its run has long ended: before the fence, and after it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from orchestrator.core.compiler import compile_plan
from orchestrator.core.messages import Check, Finish, Launch
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError
from orchestrator.fakes.dataflow.script import Script
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.home.database import Database
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.jobs.dataflow.http import Api
from orchestrator.queues.local import LocalQueue
from orchestrator.stores.sqlite.store import SqliteStore

#: Seconds. The margin leaves time for what is not frozen on a busy machine.
LEASE, MARGIN = 3.0, 1.0

KEY = run_key("frozen")

BEFORE, AFTER = "before the fence", "after the fence"

FUNCTION = f"""
import os, signal

def given():
    if os.environ.get("FREEZES") == {BEFORE!r}:
        os.kill(os.getpid(), signal.SIGSTOP)
    return {{}}
"""


class Freezing(Api):
    """Freezes between the fence and the launch, where nothing can know of it."""

    def launch(self, region: str, name: str, body: dict[str, Any], classic: str | None) -> Any:
        if os.environ.get("FREEZES") == AFTER:
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().launch(region, name, body, classic)


def engine(folder: Path, url: str) -> Engine:
    """The engine of one process. All of them share the store, and the service."""
    database = Database(folder / "runs.db")
    backend = DataflowBackend("p", "europe-west4", api=Freezing("p", url, None, 10.0))
    store, queue = SqliteStore(database), LocalQueue(database)
    return Engine(Ledger(store, queue, {"dataflow": backend}, time.time, launch_lease=LEASE, launch_margin=MARGIN))


def attack(folder: Path) -> str:
    said = [_frozen(folder / "one", BEFORE, 1), _frozen(folder / "two", AFTER, 2)]
    return "; ".join(said)


def _frozen(folder: Path, moment: str, jobs: int) -> str:
    """Freeze a process, let another launch and end the run, and wake the first. ``jobs``: how many there may be."""
    folder.mkdir()
    (folder / "freezing.py").write_text(FUNCTION)
    plays = iter([Script(queued=0, pending=0, running=0), *[Script(queued=0, pending=0, running=None, stopping=0)] * 9])
    with FakeDataflow(lambda _: next(plays)) as fake:
        one = engine(folder, fake.url)
        spec = {"template": "gs://b/t", "parameters_from": "freezing:given"}
        plan = compile_plan("g", "v", [Step("a", Work("dataflow", spec))])  # type: ignore[dict-item]
        one.start(Run("frozen", KEY, "g", "v", {}, time.time(), folder=str(folder)), plan)
        frozen = subprocess.Popen(
            [sys.executable, "-m", "tests.attack.frozen", str(folder), fake.url],
            env={**os.environ, "FREEZES": moment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        _, status = os.waitpid(frozen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"the first process was to freeze {moment}, and ended: {status}"
        _run_to_its_end(one)
        os.kill(frozen.pid, signal.SIGCONT)
        told, _ = frozen.communicate(timeout=30)
        assert sum(fake.launches.values()) == jobs, f"{fake.launches} jobs, frozen {moment}: {told}"
        deadline = time.monotonic() + 10
        while fake.active and time.monotonic() < deadline:
            time.sleep(0.05)
        assert fake.active == [], f"{fake.active} run on, frozen {moment}: {told}"
        expected = "nothing was sent" if jobs == 1 else "is one too many: cancelling it"
        assert expected in told, f"frozen {moment}, it said: {told}"
    return f"frozen {moment}: {jobs} {'job' if jobs == 1 else 'jobs, the second cancelled and said'}"


def _run_to_its_end(one: Engine) -> None:
    """What the queue would deliver again and again, until the run has ended."""
    deadline = time.monotonic() + 60
    while (run := one.store.get_run(KEY)) is not None and run.status is RunStatus.RUNNING:
        assert time.monotonic() < deadline, "the run did not end"
        for effect in (Launch(KEY, 0, 1), Check(KEY, 0, 1), Finish(KEY)):
            try:
                one.perform(effect)
            except BackendError:
                time.sleep(0.2)


def main(folder: str, url: str) -> None:
    """The process that is frozen: one delivery of the launch."""
    try:
        engine(Path(folder), url).perform(Launch(KEY, 0, 1))
    except BackendError as error:
        print(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
