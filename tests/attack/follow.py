"""A log of a gigabyte is printed, followed and explained in a process that may not take a quarter of that."""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.command_line import ROOT, Place

GRAPH = """
name: g
steps:
  talks: {command: "yes 'a line of a log that goes on for long' | head -c 1073741824; echo; echo the end; exit 3"}
"""

#: Bytes of address space: a quarter of the log.
LIMIT = 256 * 2**20

COMMANDS = (("logs", "r", "talks"), ("logs", "r", "talks", "--follow"), ("explain", "r", "talks"), ("status", "r"))


def attack(folder: Path) -> str:
    place = Place(folder)
    place.write("g.yaml", GRAPH)
    assert place("run", "g.yaml", "--run-id", "r", "--no-picture").code == 1
    (log,) = folder.rglob("log")
    size = log.stat().st_size
    assert size > 2**30
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for words in COMMANDS:
        with subprocess.Popen(
            ["sh", "-c", f'ulimit -v {LIMIT // 1024}; exec "$@"', "sh", sys.executable, "-m", "orchestrator", *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            printed, end = 0, b""
            while piece := process.stdout.read1(2**20):
                printed, end = printed + len(piece), (end + piece)[-4096:]
            error = process.stderr.read()
        assert (process.returncode, error) == (0, b""), (words, process.returncode, error)
        assert b"the end" in end, (words, end[-200:])
        assert words[0] != "logs" or printed == size, (words, printed)
    return f"{size / 2**30:.2f} GiB by {len(COMMANDS)} commands in {LIMIT / 2**20:.0f} MiB of address space each"
