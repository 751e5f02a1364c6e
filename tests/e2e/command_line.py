"""Runs the command line as its users do: in a process of its own, in a folder of its own."""

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.cli.app import call
from orchestrator.cli.failure import guarded

ROOT = Path(__file__).resolve().parents[2]

#: Nothing here takes longer, unless it hangs.
TIMEOUT = 30


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines of standard output, without times, durations and made-up ids."""
        return [steady(line) for line in self.out.splitlines()]


def steady(line: str) -> str:
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d", "TIME", line)
    line = re.sub(r"\d+\.\d s", "0.0 s", line)
    return re.sub(r"-\d{8}-\d{6}-[a-z0-9]{4}", "-ID", line)


@dataclass(frozen=True)
class Place:
    """A folder with graphs, in which commands are given."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *words: str, terminal: int = subprocess.PIPE, **environment: str) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *words],
            cwd=self.folder,
            env={**inherited, "PYTHONPATH": str(ROOT), "TZ": "UTC", **environment},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            text=True,
        )

    def __call__(self, *words: str, **environment: str) -> Said:
        return finish(self.start(*words, **environment))

    def watch(self, *words: str, **environment: str) -> Said:
        """The same in a terminal of 80 columns. What moves the cursor is left out."""
        ours, theirs = pty.openpty()
        process = self.start(*words, terminal=theirs, TERM="xterm", COLUMNS="80", LINES="24", **environment)
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # so a terminal ends on Linux
            while piece := os.read(ours, 65536):
                seen += piece
        os.close(ours)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode()).replace("\r", "")
        return Said(process.wait(TIMEOUT), text, "")

    def look(self, *words: str) -> Said:
        """The same in this process: quicker, for commands that drive no run."""
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = guarded(lambda: call(words))
        out.seek(0)
        return Said(code, out.read(), err.getvalue())

    def run(self, *words: str) -> Said:
        """``run`` as a program would call it."""
        return self("run", *words, "--json", "--no-picture", "--parallel", "4")

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def fifo(self, name: str) -> None:
        os.mkfifo(self.folder / name)

    def hear(self, name: str) -> str:
        """What a step writes into a fifo; waits until it does."""
        return self._cat(["cat", name])

    def tell(self, name: str, word: str) -> None:
        """Write into a fifo that a step reads; waits until it does."""
        self._cat(["sh", "-c", f"echo {word} > {name}"])

    def _cat(self, command: Sequence[str]) -> str:
        done = subprocess.run(command, cwd=self.folder, timeout=TIMEOUT, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def end_processes(self) -> None:
        """End whatever a test that failed has left running: the processes whose claim is still locked."""
        for claim in self.folder.glob(".orchestrator/runs/*/steps/*/*/claim"):
            with claim.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.killpg(int((claim.parent / "pid").read_text()), signal.SIGKILL)


def finish(process: "subprocess.Popen[str]", timeout: float = TIMEOUT) -> Said:
    """Wait for the end of a command."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the command did not end; it said: {out}{err}") from None
    return Said(process.returncode, out, err)
