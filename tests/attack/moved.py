"""The home of a killed run is moved while its command still runs: resumed there, no second attempt runs beside it."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.attack._driven import RUN, TIMEOUT, words, written

#: The command is a process of its own that outlives its shell. It says when it begins and when it ends.
COMMAND = "echo begins $$ >> {0}; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.5; done; echo ends $$ >> {0}; :"


def attack(folder: Path) -> str:
    said = folder / "said"
    graph = written(folder, {"a": {"command": COMMAND.format(said)}})
    driver = subprocess.Popen(words(folder, "run", str(graph), "--run-id", RUN, "--no-picture"))
    attempt = folder / "home" / "runs" / RUN / "steps" / "000-a" / "1"
    until = time.monotonic() + TIMEOUT
    while not (said.exists() and (attempt / "pid").exists()):
        assert time.monotonic() < until, "the command never began"
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    os.kill(int((attempt / "pid").read_text()), signal.SIGKILL)
    (folder / "home").rename(folder / "elsewhere")
    resumed = [*words(folder, "resume", RUN, "--no-picture")[:-1], str(folder / "elsewhere")]
    subprocess.run(resumed, capture_output=True, timeout=TIMEOUT, check=False)
    lines = [line.split() for line in said.read_text().splitlines()]
    newest = ""
    for word, number in lines:
        newest = number if word == "begins" else newest
        assert number == newest, f"two attempts ran at once: {lines}"
    assert lines[-1][0] == "ends", lines
    return f"{sum(word == 'begins' for word, _ in lines)} attempts, one after the other"
