"""Commands as local processes that outlive their launcher: starts, finds, judges and stops them.

A launch takes an exclusively linked ``claim`` file that is born locked, and hands the lock to a small shell that runs
the command. So of two launches of one attempt one fails; the lock is free exactly when the shell is gone, whichever
process was its parent; and the shell leaves the exit status in a file. No process id is ever trusted to prove that a
job is alive.

An attempt has ended when the shell is gone and none of its processes is left: see watcher.py.
"""

import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.errors import BackendError, LaunchRefusedError
from orchestrator.home import Home
from orchestrator.jobs.process import attempt, claim
from orchestrator.jobs.process.command import command_of, folder_of, why_not
from orchestrator.jobs.process.environment import environment_of, marks
from orchestrator.jobs.process.shortage import not_started
from orchestrator.jobs.process.watcher import Watched, Watcher
from orchestrator.jobs.process.wrapper import wrapped
from orchestrator.ports import Clock, JobRequest, JobRunning, JobStatus, Launched
from orchestrator.system import files, locks
from orchestrator.system import process_group as group

#: The umask of commands: this process's, asked while there are no other threads.
_MASK = files.umask()


class ProcessBackend:
    """Steps of kind ``command``. A job's id is its attempt's folder, relative to the home.

    ``ended`` is called with the job's name, from a thread of its own, when a job may have ended. ``variables``: those
    of all commands, unless a step sets them itself.
    """

    def __init__(
        self,
        home: Home,
        ended: Callable[[str], None],
        clock: Clock,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._variables = variables
        self._home = home
        self._ended = ended
        self._clock = clock
        self._lock = threading.Lock()
        self._watcher = Watcher(self._over, clock)
        self._watched: dict[str, Watched] = {}
        self._seen: dict[str, int] = {}  # exit statuses of jobs that could not write them
        self._gone: dict[str, float] = {}  # when watched jobs ended
        self._lived: set[str] = set()  # jobs that were running when they were adopted
        self._stopped: dict[str, tuple[Outcome, float]] = {}  # stopped jobs whose request could not be recorded

    @property
    def running(self) -> int:
        """How many jobs this process watches."""
        return len(self._watched)

    def close(self) -> None:
        """Watch no further jobs; those that are still running are left alone."""
        self._watcher.close()

    def launch(self, request: JobRequest) -> Launched:
        folder = self._folder(request)
        job = str(folder.relative_to(self._home.path))
        try:
            self._watcher.ready()
            cwd = folder_of(request)
            files.make_folder(folder)
            files.make_folder(self._home.data(request.run.first))
            environment, notes = environment_of(request, self._home, folder, self._variables)
            command = command_of(request, environment["PATH"], cwd)
            taken = claim.take(folder, request.name)
            if taken is None:
                if _of_another(folder, request.name):
                    raise LaunchRefusedError(
                        f"{folder}: this folder contains an attempt of another run: move the folder away"
                    )
                return self._watch(job)
            try:
                if (error := why_not(command)) is not None:
                    attempt.fail(folder, error)
                process = _spawn(command, cwd, environment, folder, taken, notes)
            except BaseException:
                claim.give_back(folder)
                raise
            finally:
                locks.let_go(taken)
        except (OSError, ValueError, MemoryError) as wrong:  # ValueError: text that no argument can hold, such as a NUL
            raise not_started(f"step '{request.step}': command", wrong) from wrong
        return self._watch(job, process, request.name)

    def find(self, request: JobRequest) -> Launched | None:
        folder = self._folder(request)
        if not (folder / "claim").exists() or _of_another(folder, request.name):
            return None
        self._watcher.ready()
        return self._watch(str(folder.relative_to(self._home.path)))

    def status(self, job: str) -> JobStatus:
        if (folder := self._home.of_job(job)) is None:
            return JobEnd(Outcome.FAILED, self._clock(), error=f"{job:.200}: no job of this home", cause="exit")
        try:
            if self._runs(job, folder):
                self._watcher.ready()
                self._watch(job)
                return JobRunning()
            over = attempt.over(folder, self._clock(), self._seen.get(job), self._gone.get(job), job in self._lived)
        except OSError as error:
            raise BackendError(f"{folder}: cannot be read: {error}") from error
        outcome, at = self._stopped.get(job, (None, 0.0))
        return over if outcome is None else JobEnd(outcome, max(over.at, at), interruption=Interruption.ASKED)

    def cancel(self, job: str) -> None:
        self.stop(job, Outcome.CANCELLED)

    def stop(self, job: str, outcome: Outcome) -> None:
        """End a job as ``outcome``: politely at first, for certain when asked again."""
        if (folder := self._home.of_job(job)) is None:
            return
        try:
            insist = attempt.ask_to_stop(folder, outcome, self._clock())
        except OSError as error:
            if job not in self._watched:  # a watched job is stopped anyway, and we remember why
                raise BackendError(f"{folder}: the job cannot be stopped: {error}") from error
            insist = job in self._stopped
            self._stopped[job] = (outcome, self._clock())
        try:
            watched = self._watched.get(job)
            number = watched.leader if watched else attempt.group_of(folder)
            if number and (watched or claim.locked(folder)):
                sent = signal.SIGKILL if insist else signal.SIGTERM
                # Its shell may have ended unseen, while this process stood still: then a success keeps its servers.
                spares = not claim.locked(folder) and attempt.succeeded(folder, None)
                group.send(number, sent, _known(), None if spares else marks(folder))
        except OSError as error:
            raise BackendError(f"{folder}: the job cannot be stopped: {error}") from error

    def stop_all(self) -> None:
        """End every watched job as interrupted, so that a later process runs it again. Asked again, insist."""
        for job in list(self._watched):
            self.stop(job, Outcome.INTERRUPTED)

    def is_left(self, folder: Path) -> bool:
        """Whether anything is left of the attempt in ``folder``, whichever process started it. Watches nothing."""
        return self._runs(str(folder.relative_to(self._home.path)), folder)

    def _folder(self, request: JobRequest) -> Path:
        return self._home.attempt(request.run.id, request.node, request.step, request.attempt)

    def _runs(self, job: str, folder: Path) -> bool:
        """Whether anything of an attempt is left. One whose folder was removed while nobody watched is given up."""
        if job in self._watched:
            return True
        if not (folder / "claim").exists():
            return False
        if claim.locked(folder):
            return True
        number = attempt.group_of(folder)
        daemons = not attempt.succeeded(folder, self._seen.get(job))
        return number is not None and group.left_behind(number, marks(folder), daemons)

    def _watch(self, job: str, process: subprocess.Popen[bytes] | None = None, name: str = "") -> Launched:
        """``name``: the job's, if it is known; what is adopted has it in its claim."""
        folder = self._home.path / job
        with self._lock:
            if job not in self._watched and (name := name or claim.name(folder)):
                # Whoever asked it to stop before it was watched here is gone, and does not come to insist.
                insist = process is None and attempt.asked_to_stop(folder)
                lived = process is None and claim.locked(folder)
                self._watched[job] = it = Watched(job, name, folder, process, insist, lived)
                self._watcher.watch(it)
        return Launched(job)

    def _over(self, it: Watched) -> None:
        """Nothing is left of an attempt."""
        if it.process is not None:
            code = it.process.wait() if it.code is None else it.code
            it.process.wait()
            if not attempt.told(it.folder, code):
                self._seen[it.job] = code
        self._gone[it.job] = attempt.ended_at(it.folder, it.alive, it.seen, self._clock())
        if it.lived:
            self._lived.add(it.job)
        with self._lock:
            del self._watched[it.job]
        self._ended(it.name)


def _known() -> Sequence[group.Process] | None:
    """All processes; None if they cannot be listed now. A process group can be signalled without the list."""
    try:
        return group.running()
    except OSError:
        return None


def _of_another(folder: Path, name: str) -> bool:
    """Whether the claim belongs to another run with the same id. A claim without a name counts as ours."""
    return claim.name(folder) not in ("", name)


def _spawn(
    command: list[str], cwd: Path, environment: dict[str, str], folder: Path, taken: int, notes: list[str]
) -> subprocess.Popen[bytes]:
    words, carried = wrapped(command, folder, _MASK, environment)
    with open(folder / "log", "ab", opener=files.opener) as log:
        log.writelines(f"{note}\n".encode() for note in notes)
        log.flush()
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=carried,
            stdin=taken,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
