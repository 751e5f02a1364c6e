"""The jobs of an embedded world, as a driver sees them: commands of the machine's, and functions that are played."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.errors import BackendError, LaunchRefusedError
from orchestrator.jobs.python.backend import PythonBackend
from orchestrator.ports import JobBackend, JobRequest, JobRunning, JobStatus, Launched
from tests.simulation.loop import Crash
from tests.simulation.scenario import Attempt, Behaviour

if TYPE_CHECKING:
    from tests.simulation.embedded.driver import Driver
    from tests.simulation.embedded.world import World

OUTCOMES = {Behaviour.SUCCEEDS: Outcome.SUCCEEDED, Behaviour.HANGS: Outcome.SUCCEEDED, Behaviour.FAILS: Outcome.FAILED,
             Behaviour.IS_CANCELLED: Outcome.CANCELLED, Behaviour.IS_INTERRUPTED: Outcome.INTERRUPTED}  # fmt: skip

#: How often a step's process vanishes at the most, so that the step comes to the end that its scenario says.
MAX_VANISHED = 3


@dataclass(slots=True)
class Process:
    """A command of the machine's. ``end``: when it ends, as things stand. ``stopped``: as what it was told to.

    ``asked``: when it was told, by the clock of whoever did that.

    ``died``: with its machine. ``vanished``: while it was watched by who had not started it, who saw no exit status.
    """

    request: JobRequest
    attempt: Attempt
    end: float
    stopped: Outcome | None = None
    asked: float = 0.0
    died: bool = False
    vanished: bool = False
    function: bool = False


class Processes:
    """Stands in for ``ProcessBackend``: watches commands of the machine, which outlive it."""

    def __init__(self, driver: "Driver") -> None:
        self.driver, self.world = driver, driver.world
        self.watched: set[str] = set()

    @property
    def running(self) -> int:
        return len(self.watched)

    def launch(self, request: JobRequest) -> Launched:
        world = self.world
        if world.random.random() < world.luck.short:
            world.count("launch: no room")
            raise BackendError("command cannot be started now")
        if request.name not in world.processes:
            self._of(request).begins(request)
            attempt = self._of(request).script(request, self.driver.interruptions(request))
            if attempt.behaviour is Behaviour.IS_REFUSED:
                raise LaunchRefusedError("wrong parameters")
            world.processes[request.name] = Process(request, attempt, world.lasts(attempt))
            if not world.machine.alone:
                world.folder(request).mkdir(parents=True, exist_ok=True)
                (world.folder(request) / "claim").touch()
            if not self.driver.lucky and world.random.random() < world.luck.launches:
                world.count("driver: killed when it had begun a process")
                raise Crash("killed right after it began a process")
        return self._watch(request.name)

    def is_left(self, folder: Path) -> bool:
        """Whether a process of the attempt in that folder still runs."""
        going = (process.request for process in self.world.processes.values() if process.end > self.world.now)
        return any(self.world.folder(request) == folder for request in going)

    def _of(self, request: JobRequest) -> "World":
        """The world of the run that it is for: mostly the one that this process drives."""
        return self.world.machine.worlds[request.run.key]

    def find(self, request: JobRequest) -> Launched | None:
        if request.name not in self.world.processes:
            return None
        self.world.count("job: found")
        return self._watch(request.name)

    def status(self, job: str) -> JobStatus:
        process = self.world.processes[job.removeprefix("a/")]
        if process.end > self.world.now:
            if process.request.name not in self.watched:
                self.world.count("job: adopted")
                self._may_vanish(process)
            self._watch(process.request.name)
            return JobRunning()
        at = min(process.end - self.world.now, 0.0) + self.driver.clock()
        if process.died or process.vanished:
            what = Interruption.VANISHED if process.vanished else Interruption.LOST
            return JobEnd(Outcome.INTERRUPTED, at, interruption=what)
        if process.stopped is not None:
            return JobEnd(process.stopped, max(at, process.asked), interruption=Interruption.ASKED)
        outcome = OUTCOMES[process.attempt.behaviour]
        outputs = process.attempt.outputs if process.attempt.behaviour is Behaviour.SUCCEEDS else None
        failed = outcome is Outcome.FAILED
        return JobEnd(outcome, at, outputs, "it failed" if failed else None, "scripted" if failed else None)

    def _may_vanish(self, process: Process) -> None:
        """Somebody else kills it, and the shell that would have told of that."""
        world, node = self.world, process.request.node
        before = sum(other.vanished for other in self._of(process.request).own if other.request.node == node)
        if before < MAX_VANISHED and world.random.random() < world.luck.vanishes:
            world.count("process: vanished")
            process.end, process.vanished = world.now + min(10.0, process.end - world.now), True

    def cancel(self, job: str) -> None:
        self._stop(job.removeprefix("a/"), Outcome.CANCELLED)

    def stop_all(self) -> None:
        for name in list(self.watched):
            self._stop(name, Outcome.INTERRUPTED)

    def _stop(self, name: str, outcome: Outcome) -> None:
        process = self.world.processes[name]
        if process.end > self.world.now:
            if process.stopped is None:
                process.stopped, process.asked = outcome, self.driver.clock()
            process.end = self.world.now + self.world.random.choice([0.0, 1.0])
            self.watched.discard(name)
            self._watch(name)

    def _watch(self, name: str) -> Launched:
        if name not in self.watched:
            self.watched.add(name)
            end = self.world.processes[name].end
            late = self.world.random.random() < self.world.luck.late
            if late:
                self.world.count("end: heard late")
            self.world.at(end + (self.world.random.uniform(0.0, 60.0) if late else 0.0), lambda: self._gone(name))
        return Launched(f"a/{name}")

    def _gone(self, name: str) -> None:
        if name not in self.watched or self.world.processes[name].end > self.world.now:
            return
        self.watched.discard(name)
        if self.world.random.random() < self.world.luck.unheard:
            self.world.count("end: not heard")
        else:
            self.driver.ended.put(name)


class Functions(PythonBackend):
    """The real one, but that its functions are played, and take the world's time. They die with their driver."""

    def __init__(self, driver: "Driver") -> None:
        self.driver, self.world = driver, driver.world
        afterwards = driver.database.afterwards
        super().__init__(driver.world.home, driver.ended.put, driver.clock, 1, afterwards)
        self._workers = Played(self.world)  # type: ignore[assignment]

    def _work(self, request: JobRequest) -> None:
        world = self.world
        world.begins(request)
        attempt = world.script(request, self.driver.interruptions(request))
        process = Process(request, attempt, world.lasts(attempt), function=True)
        world.processes[request.name] = process
        world.at(process.end, lambda: self._over(request, attempt))

    def _over(self, request: JobRequest, attempt: Attempt) -> None:
        outcome = OUTCOMES[attempt.behaviour]
        outputs = attempt.outputs if attempt.behaviour is Behaviour.SUCCEEDS else None
        failed = outcome is Outcome.FAILED
        told = ("it failed", "scripted") if failed else (None, None)
        self._jobs[request.name] = JobEnd(outcome, self._clock(), outputs, *told)
        self.running -= 1
        self.driver.ended.put(request.name)


class Played:
    """Stands in for the threads of functions: a call begins a little later."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def ready(self) -> None:
        """There is always one."""

    def do(self, piece: Callable[[], None]) -> None:
        self._world.at(self._world.now, piece)


class Either:
    """Commands and functions beside each other, as PythonSteps has them. A function is never refused, nor stopped."""

    def __init__(self, world: "World", processes: JobBackend, functions: JobBackend) -> None:
        self._worlds, self._processes, self._functions = world.machine.worlds, processes, functions

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        return self._of(request).launch(request)

    def find(self, request: JobRequest) -> Launched | None:
        return self._of(request).find(request)

    def status(self, job: str) -> JobStatus:
        return (self._processes if "/" in job else self._functions).status(job)

    def cancel(self, job: str) -> JobEnd | None:
        return (self._processes if "/" in job else self._functions).cancel(job)

    def _of(self, request: JobRequest) -> JobBackend:
        behaviours = {attempt.behaviour for attempt in self._worlds[request.run.key].scenario.attempts[request.step]}
        odd = request.node % 2 and not behaviours & {Behaviour.HANGS, Behaviour.IS_REFUSED}
        return self._functions if odd else self._processes
