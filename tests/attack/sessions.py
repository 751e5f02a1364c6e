"""Commands in groups and sessions of their own: after Ctrl-C nothing of them runs, and ``resume`` has one at a time."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

from orchestrator.system.process_group import running
from tests.attack._driven import RUN, TIMEOUT, words, written

DAEMON = """import os, sys, time
if os.fork(): time.sleep(3600)
os.setsid()
if os.fork(): os._exit(0)
os.execvp("sh", ["sh", "-c", sys.argv[1]])"""

#: How each of them starts its loop, which is $0.
WAYS = {
    "timeout": ["timeout", "1h", "sh", "-c"],
    "setsid": ["setsid", "-w", "sh", "-c"],
    "bare": ["env", "-i", "PATH=/usr/bin:/bin", "setsid", "-w", "sh", "-c"],
    "daemon": ["python", "-c", DAEMON],
    "deaf": ["setsid", "-w", "sh", "-c", 'trap "" TERM; eval "$0"'],
}


def attack(folder: Path) -> str:
    ways = {name: way for name, way in WAYS.items() if shutil.which(way[0])}
    loops = {name: f"while :; do echo $$ >> {folder / name}; sleep 0.02; done" for name in ways}
    steps = {name: {"command": [*way, loops[name]]} for name, way in ways.items()}
    graph, parallel = written(folder, steps), ("--parallel", str(len(ways)))
    for command in (("run", str(graph), "--run-id", RUN, *parallel), ("resume", RUN, *parallel)):
        _interrupted(folder, *command, names=list(ways))
    left = [name for name in ways if _writes(folder / name)]
    assert not left, f"after Ctrl-C they run on: {left}"
    return f"{len(ways)} ways to leave a group: stopped twice, and never two at once"


def _interrupted(folder: Path, *command: str, names: list[str]) -> None:
    """Let all of them write, and interrupt the run. Each has one writer, which is a new one."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    driver = subprocess.Popen(words(folder, *command), cwd=folder, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + TIMEOUT
        while not all((folder / name).exists() for name in names):
            assert time.monotonic() < until, "they do not begin"
            time.sleep(0.02)
        driver.send_signal(signal.SIGINT)
        assert driver.wait(TIMEOUT) == 130
    finally:
        driver.kill()
    for name in names:
        writers = set((folder / name).read_text().split())
        assert len(writers) == 1, f"{name}: {len(writers)} attempts at once"
        assert int(writers.pop()) not in {process.number for process in running() or ()}, f"{name}: runs on"


def _writes(file: Path) -> bool:
    before = file.stat().st_size
    time.sleep(0.2)
    return file.stat().st_size != before
