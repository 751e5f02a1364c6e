"""Commands as local processes that outlive their launcher. Starts, finds, judges and stops them; decides nothing else.

A launch takes an exclusively linked ``claim`` file that is born locked, and hands the lock to a small shell that runs
the command. So of two launches of one attempt one loses; the lock is free exactly when the shell is gone, whoever its
parent was; and the shell leaves the exit status in a file. No process id is ever trusted to say that a job lives.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from orchestrator.core.model import Outcome
from orchestrator.definition.expressions import as_text
from orchestrator.errors import BackendError, LaunchRefusedError, OutputError
from orchestrator.home import Home
from orchestrator.jobs.outputs import last_line, read_outputs
from orchestrator.ports import Clock, JobOver, JobRequest, JobRunning, JobStatus, Launched

#: $1: the attempt's folder; the rest: the command. Standard input is the claim, whose lock lasts as long as this shell.
#: A trapped signal reaches the command, and the shell lives on to write down how it ended. Who stops the job marks it
#: stopped and then reads the pid; the shell writes its pid and then looks for the mark: one of them sees the other.
SHELL = """
folder=$1; shift
trap : TERM INT HUP
echo $$ > "$folder/pid"
[ ! -e "$folder/stopped" ] || exit
"$@" < /dev/null
echo $? > "$folder/exit.new" && mv "$folder/exit.new" "$folder/exit"
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

    @property
    def running(self) -> int:
        """How many jobs this process watches."""
        return len(self._watched)

    def launch(self, request: JobRequest) -> Launched:
        folder = self._home.attempt(request.run.id, request.node, request.step, request.attempt)
        job = str(folder.relative_to(self._home.path))
        command, cwd = _command(request), _folder(request)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._home.data(request.run.id).mkdir(exist_ok=True)
            claim = _claim(folder, request.name)
            if claim is None:
                return self._watch(job, None)
            try:
                process = self._spawn(command, cwd, self._environment(request, folder), folder, claim)
            finally:
                os.close(claim)
        except (OSError, ValueError) as error:  # a ValueError: text that no argument can hold, such as a NUL
            raise LaunchRefusedError(f"step '{request.step}': command cannot be started: {error}") from error
        return self._watch(job, process)

    def find(self, request: JobRequest) -> Launched | None:
        folder = self._home.attempt(request.run.id, request.node, request.step, request.attempt)
        if not (folder / "claim").exists():
            return None
        return self._watch(str(folder.relative_to(self._home.path)), None)

    def status(self, job: str) -> JobStatus:
        folder = self._home.path / job
        try:
            if _held(folder / "claim"):
                self._watch(job, None)
                return JobRunning()
            return self._over(folder)
        except OSError as error:
            raise BackendError(f"{folder}: cannot be read: {error}") from error

    def cancel(self, job: str) -> None:
        self.stop(job, Outcome.CANCELLED)

    def stop(self, job: str, outcome: Outcome) -> None:
        """End a job as ``outcome``: politely at first, for certain when asked again."""
        folder = self._home.path / job
        mark = folder / "stopped"
        insist = mark.exists()
        try:
            if not insist:
                mark.write_text(outcome)
            pid = _read(folder / "pid")
            if pid and _held(folder / "claim"):
                os.killpg(int(pid), signal.SIGKILL if insist else signal.SIGTERM)
        except ProcessLookupError:
            return  # it has just ended
        except OSError as error:
            raise BackendError(f"{folder}: the job cannot be stopped: {error}") from error

    def stop_all(self) -> None:
        """End every watched job as interrupted, so that a later process runs it again. Asked again, insist."""
        for job in list(self._watched):
            self.stop(job, Outcome.INTERRUPTED)

    def _over(self, folder: Path) -> JobOver:
        code, stopped = _read(folder / "exit"), _read(folder / "stopped")
        at = (folder / "exit").stat().st_mtime if code else self._clock()
        if code == "0":
            try:
                return JobOver(Outcome.SUCCEEDED, at, read_outputs(folder / "outputs.json"))
            except OutputError as error:
                return JobOver(Outcome.FAILED, at, error=str(error), cause="outputs", hopeless=True)
        if stopped:
            return JobOver(Outcome(stopped), at)
        if not code:
            return JobOver(Outcome.INTERRUPTED, at)
        said = last_line(folder / "log")
        return JobOver(Outcome.FAILED, at, error=f"exit status {code}" + (f": {said}" if said else ""), cause="exit")

    def _watch(self, job: str, process: subprocess.Popen[bytes] | None) -> Launched:
        with self._lock:
            if job not in self._watched and (name := _read(self._home.path / job / "claim")):
                self._watched[job] = process
                threading.Thread(target=self._wait, args=(job, name), name=f"watch {job}", daemon=True).start()
        return Launched(job)

    def _wait(self, job: str, name: str) -> None:
        folder = self._home.path / job
        try:
            with (folder / "claim").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # until the shell is gone
        except FileNotFoundError:
            pass  # somebody removed the folder: there is nothing to wait for
        with self._lock:
            process = self._watched.pop(job)
        if process is not None and process.wait() < 0:
            _killed(folder, process.returncode)
        self._ended(name)

    def _environment(self, request: JobRequest, folder: Path) -> dict[str, str]:
        own = request.spec.get("env")
        return {
            **os.environ,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
            "PYTHONUNBUFFERED": "1",
            **{name: as_text(value) for name, value in (own.items() if isinstance(own, dict) else ())},
            "ORCHESTRATOR_RUN": request.run.id,
            "ORCHESTRATOR_STEP": request.step,
            "ORCHESTRATOR_ATTEMPT": str(request.attempt),
            "ORCHESTRATOR_RUN_DIR": str(self._home.data(request.run.id)),
            "ORCHESTRATOR_OUTPUTS": str(folder / "outputs.json"),
            **{f"ORCHESTRATOR_PARAM_{name}": as_text(value) for name, value in request.run.params.items()},
        }

    @staticmethod
    def _spawn(
        command: list[str], cwd: Path, environment: dict[str, str], folder: Path, claim: int
    ) -> subprocess.Popen[bytes]:
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", SHELL, "orchestrator", str(folder), *command],
                cwd=cwd,
                env=environment,
                stdin=claim,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _claim(folder: Path, name: str) -> int | None:
    """The locked descriptor of this attempt's claim, or None if it is taken. It is locked before it can be seen."""
    own = folder / f"claim.{os.getpid()}.{threading.get_ident()}"
    descriptor = os.open(own, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, name.encode())
        os.link(own, folder / "claim")
    except FileExistsError:
        os.close(descriptor)
        return None
    finally:
        own.unlink()
    return descriptor


def _held(claim: Path) -> bool:
    """Whether the shell that was given this claim still lives."""
    try:
        with claim.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _killed(folder: Path, code: int) -> None:
    """The shell was killed, and not by us: its command is over, with the status that a shell gives to such an end.

    Without this it would count as interrupted, and be started again for ever if it is the command that kills.
    """
    if not (folder / "stopped").exists() and not (folder / "exit").exists() and folder.exists():
        (folder / "exit").write_text(str(128 - code))


def _read(path: Path) -> str:
    """The text of a small file, "" if there is none."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _command(request: JobRequest) -> list[str]:
    command = request.spec.get("command")
    if isinstance(command, str):
        return ["/bin/sh", "-c", command]
    if not isinstance(command, list) or not command:
        raise LaunchRefusedError(f"step '{request.step}': command: expected words or a shell line, came {command!r}")
    return [as_text(word) for word in command]


def _folder(request: JobRequest) -> Path:
    folder = Path(request.run.folder or ".") / str(request.spec.get("cwd", "."))
    if not folder.is_dir():
        raise LaunchRefusedError(f"step '{request.step}': cwd: there is no folder {folder}")
    return folder
