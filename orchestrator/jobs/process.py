"""Commands as local processes that outlive their launcher. Starts, finds, judges and stops them; decides nothing else.

A launch takes an exclusively linked ``claim`` file that is born locked, and hands the lock to a small shell that runs
the command. So of two launches of one attempt one loses; the lock is free exactly when the shell is gone, whoever its
parent was; and the shell leaves the exit status in a file. No process id is ever trusted to say that a job lives.

An attempt has ended when the shell is gone and nothing is left of its process group. Who watches sees to the latter.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from orchestrator.core.model import Outcome
from orchestrator.errors import BackendError, LaunchRefusedError
from orchestrator.home import Home
from orchestrator.jobs import attempt, claim, group
from orchestrator.jobs.command import command_of, folder_of
from orchestrator.jobs.environment import environment_of, outputs_variable
from orchestrator.ports import Clock, JobRequest, JobRunning, JobStatus, Launched

#: $1: the attempt's folder; the rest: the command, whose first word is a path, so it is no word of the shell's own.
#: Standard input is the claim, whose lock lasts as long as this shell. A trapped signal reaches the command, and the
#: shell lives on to write down how it ended. Who stops the job marks it stopped and then reads the pid; the shell
#: writes its pid and then looks for the mark: one of them sees the other. It runs no program but the command, since the
#: command's environment is its own, and it ends as the command did, for who watches it and finds nothing written.
SHELL = """
folder=$1; shift
trap : TERM INT HUP
echo $$ > "$folder/pid"
[ ! -e "$folder/stopped" ] || exit
"$@" < /dev/null
code=$?
echo $code > "$folder/exit"
exit $code
"""


class ProcessBackend:
    """Steps of kind ``command``. A job's id is its attempt's folder, relative to the home.

    ``ended`` is called with the job's name, from a thread of its own, when a job may have ended.
    """

    def __init__(self, home: Home, ended: Callable[[str], None], clock: Clock) -> None:
        self._home = home
        self._ended = ended
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: dict[str, subprocess.Popen[bytes] | None] = {}
        self._seen: dict[str, int] = {}  # exit statuses of those that could not write theirs

    @property
    def running(self) -> int:
        """How many jobs this process watches."""
        return len(self._watched)

    def launch(self, request: JobRequest) -> Launched:
        folder = self._folder(request)
        job = str(folder.relative_to(self._home.path))
        try:
            cwd = folder_of(request)
            folder.mkdir(parents=True, exist_ok=True)
            self._home.data(request.run.id).mkdir(exist_ok=True)
            environment, notes = environment_of(request, self._home, folder)
            command = command_of(request, environment["PATH"], cwd)
            taken = claim.take(folder, request.name)
            if taken is None:
                return self._watch(job, None)
            try:
                process = _spawn(command, cwd, environment, folder, taken, notes)
            finally:
                os.close(taken)
        except (OSError, ValueError) as error:  # a ValueError: text that no argument can hold, such as a NUL
            raise LaunchRefusedError(f"step '{request.step}': command cannot be started: {error}") from error
        return self._watch(job, process)

    def find(self, request: JobRequest) -> Launched | None:
        folder = self._folder(request)
        if not (folder / "claim").exists():
            return None
        return self._watch(str(folder.relative_to(self._home.path)), None)

    def status(self, job: str) -> JobStatus:
        folder = self._home.path / job
        try:
            if self._runs(job, folder):
                self._watch(job, None)
                return JobRunning()
            return attempt.over(folder, self._clock(), self._seen.get(job))
        except OSError as error:
            raise BackendError(f"{folder}: cannot be read: {error}") from error

    def cancel(self, job: str) -> None:
        self.stop(job, Outcome.CANCELLED)

    def stop(self, job: str, outcome: Outcome) -> None:
        """End a job as ``outcome``: politely at first, for certain when asked again."""
        folder = self._home.path / job
        try:
            insist = attempt.ask_to_stop(folder, outcome, self._clock())
            number = attempt.group_of(folder)
            if number and (job in self._watched or claim.held(folder)):
                group.send(number, signal.SIGKILL if insist else signal.SIGTERM)
        except OSError as error:
            raise BackendError(f"{folder}: the job cannot be stopped: {error}") from error

    def stop_all(self) -> None:
        """End every watched job as interrupted, so that a later process runs it again. Asked again, insist."""
        for job in list(self._watched):
            self.stop(job, Outcome.INTERRUPTED)

    def _folder(self, request: JobRequest) -> Path:
        return self._home.attempt(request.run.id, request.node, request.step, request.attempt)

    def _runs(self, job: str, folder: Path) -> bool:
        """Whether anything of an attempt is left. One whose folder was removed is given up."""
        if not (folder / "claim").exists():
            return False
        if job in self._watched or claim.held(folder):
            return True
        number = attempt.group_of(folder)
        stopped = attempt.asked_to_stop(folder)
        return number is not None and group.left_behind(number, outputs_variable(folder), session=stopped)

    def _watch(self, job: str, process: subprocess.Popen[bytes] | None) -> Launched:
        with self._lock:
            if job not in self._watched and (name := claim.name(self._home.path / job)):
                self._watched[job] = process
                # Whoever asked it to stop before it was watched here is gone, and does not come to insist.
                left = process is None and attempt.asked_to_stop(self._home.path / job)
                arguments = (job, name, process, left)
                threading.Thread(target=self._wait, args=arguments, name=f"watch {job}", daemon=True).start()
        return Launched(job)

    def _wait(self, job: str, name: str, process: subprocess.Popen[bytes] | None, left: bool) -> None:
        """Until the attempt's shell is gone, and then nothing of its group is left, whatever the end was."""
        folder = self._home.path / job
        if left and claim.held(folder) and (asked := attempt.group_of(folder)) is not None:
            group.send(asked, signal.SIGKILL)
        claim.until_free(folder)
        if process is not None and not attempt.told(folder, process.wait()):
            self._seen[job] = process.returncode
        number = process.pid if process is not None else attempt.group_of(folder)
        if number is not None:
            group.see_gone(number, session=attempt.asked_to_stop(folder))
        with self._lock:
            del self._watched[job]
        self._ended(name)


def _spawn(
    command: list[str], cwd: Path, environment: dict[str, str], folder: Path, taken: int, notes: list[str]
) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        for note in notes:
            log.write(f"{note}\n".encode())
        log.flush()
        return subprocess.Popen(
            ["/bin/sh", "-c", SHELL, "orchestrator", str(folder), *command],
            cwd=cwd,
            env=environment,
            stdin=taken,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
