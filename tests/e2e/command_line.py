"""Runs the command line as its users do: in its own process, in its own folder."""

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.cli.app import call
from orchestrator.cli.failure import guarded

ROOT = Path(__file__).resolve().parents[2]

#: Seconds. A command that takes longer hangs; nothing does, however busy the machine is.
TIMEOUT = 300


@dataclass(frozen=True)
class Said:
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines of standard output, with times, durations and generated ids replaced."""
        return [steady(line) for line in self.out.splitlines()]


def steady(line: str) -> str:
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d", "TIME", line)
    line = re.sub(r"\b(\d+ h )?(\d+ m )?\d+(\.\d)? s\b|\b\d+ h \d+ m\b", "0.0 s", line)  # however long it took
    return re.sub(r"-\d{8}-\d{6}-[a-z0-9]{4}", "-ID", line)


@dataclass(frozen=True)
class Place:
    """A folder with graphs, in which commands are run."""

    folder: Path
    _heard: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(
        self, *words: str, terminal: int = subprocess.PIPE, errors: int | None = None, **environment: str
    ) -> "subprocess.Popen[str]":
        """``terminal``: where the output goes. ``errors``: where what is said on standard error goes, if elsewhere."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *words],
            cwd=self.folder,
            env={**inherited, "PYTHONPATH": str(ROOT), "TZ": "UTC", **environment},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal if errors is None else errors,
            text=True,
        )

    def __call__(self, *words: str, **environment: str) -> Said:
        return finish(self.start(*words, **environment))

    def watch(self, *words: str, then: Callable[[], object] | None = None, **environment: str) -> Said:
        """Run a command in a terminal of 80 columns. Escape sequences are left out of its output.

        ``then`` is called once, when it has shown something that runs.
        """
        ours, theirs = pty.openpty()
        process = self.start(*words, terminal=theirs, TERM="xterm", COLUMNS="80", LINES="24", **environment)
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # how Linux tells that a terminal was closed
            while piece := os.read(ours, 65536):
                seen += piece
                if then is not None and b"running" in seen:
                    then, shown = None, then
                    shown()
        os.close(ours)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode()).replace("\r", "")
        return Said(process.wait(TIMEOUT), text, "")

    def look(self, *words: str) -> Said:
        """Run a command in this process, which is faster: for commands that drive no run."""
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = guarded(lambda: call(words))
        out.seek(0)
        return Said(code, out.read(), err.getvalue())

    def run(self, *words: str) -> Said:
        """``orchestrator run``, as a program would call it."""
        return self("run", *words, "--json", "--no-picture", "--parallel", "4")

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def fifo(self, name: str) -> None:
        os.mkfifo(self.folder / name)

    def hear(self, name: str) -> str:
        """The next line that a step writes into a fifo. Waits for it, and until the store knows that the step runs."""
        heard = self._next_line(name)
        deadline = time.monotonic() + TIMEOUT
        while self._launching() and time.monotonic() < deadline:
            time.sleep(0.01)
        return heard

    def _next_line(self, name: str) -> str:
        """Two steps may write at once: a fifo stays open from the first line on, and is read a line at a time.

        Who reads it to its end takes both lines for one, or closes it before a second step that has opened it.
        """
        if name not in self._heard:
            self._heard[name] = os.open(self.folder / name, os.O_RDWR)
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._heard[name]], [], [], TIMEOUT)
            assert ready, f"no step wrote a line into {name}"
            line += os.read(self._heard[name], 1)
        return line.decode()

    def tell(self, name: str, word: str) -> None:
        """Write into a fifo that a step reads. Waits until it does."""
        subprocess.run(["sh", "-c", f"echo {word} > {name}"], cwd=self.folder, timeout=TIMEOUT, check=True)

    def _launching(self) -> bool:
        """Whether the store has a step whose process may have begun, and is not recorded as running yet."""
        path = self.folder / ".orchestrator/orchestrator.db"
        if not path.exists():
            return False
        with contextlib.closing(sqlite3.connect(path)) as connection:
            states = connection.execute("SELECT state FROM states").fetchall()
        found = [json.loads(state) for (state,) in states]
        return any(state.get("status") == "launching" and state.get("job_name") for state in found)  # not a run's end

    def close(self) -> None:
        """Close the fifos, and kill what a failed test has left running: each process whose claim is locked."""
        while self._heard:
            os.close(self._heard.popitem()[1])
        for claim in self.folder.glob(".orchestrator/runs/*/steps/*/*/claim"):
            with claim.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.killpg(int((claim.parent / "pid").read_text()), signal.SIGKILL)


def finish(process: "subprocess.Popen[str]", timeout: float = TIMEOUT) -> Said:
    """Wait until a command has ended. Raises AssertionError, with its output, if it takes too long."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the command did not end; it said: {out}{err}") from None
    return Said(process.returncode, out, err)
