"""Kills a real run (kill -9) at random moments and resumes it until it ends; each side effect must happen once.

python -m tests.crash --rounds 50 [--seed 1]
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

#: Seconds. A run that is left alone for so long and gets no further hangs.
TIMEOUT = 600.0

#: Each layer follows from the one before by two edges a step, so there are forks, joins and cross edges.
LAYERS, WIDTH = 8, 3
RUN = "crash"


@dataclass(frozen=True, slots=True)
class Round:
    """The result of a round: how often the run was killed, and how often each step wrote its line."""

    kills: int
    written: dict[str, int]

    @property
    def exactly_once(self) -> bool:
        return self.written == dict.fromkeys(steps(), 1)


def steps() -> dict[str, dict[str, object]]:
    """The steps of the graph. Each appends its name to a file, and sleeps for a moment."""
    found: dict[str, dict[str, object]] = {}
    for layer in range(LAYERS):
        for index in range(WIDTH):
            name = f"s{layer}{index}"
            after = [f"s{layer - 1}{(index + turn) % WIDTH}" for turn in range(2)] if layer else []
            found[name] = {"command": f"echo {name} >> effects; sleep 0.{5 + (layer + index) % 15:02}", "after": after}
    return found


def play(folder: Path, dice: random.Random) -> Round:
    """One run, killed again and again until it ends by itself.

    Where it made no progress before it was killed, as on a busy machine, it is left alone for longer the next time.
    Raises SystemExit if it fails, or hangs.
    """
    graph, home, effects = folder / "crash.yaml", folder / "home", folder / "effects"
    graph.write_text(yaml.safe_dump({"name": "crash", "steps": steps()}))
    options = ["--home", str(home), "--json", "--no-picture", "--parallel", "4"]
    kills, longer, before = 0, 1.0, 0
    while True:
        begun = (home / "runs" / RUN / "steps").exists()
        command = ["resume", RUN] if begun else ["run", str(graph), "--run-id", RUN]
        code, said = drive(
            [sys.executable, "-m", "orchestrator", *command, *options], longer * dice.uniform(0.25, 0.75)
        )
        got = effects.stat().st_size if effects.exists() else 0
        longer, before = 1.0 if got > before else longer * 1.5, got
        if longer > TIMEOUT:
            raise SystemExit(f"no step ended in {TIMEOUT:g} s, after {kills} kills: {said}")
        if code == -signal.SIGKILL:
            kills += 1
        elif code:
            raise SystemExit(f"exit status {code} after {kills} kills: {said}")
        else:
            return Round(kills, dict(Counter(effects.read_text().split())))


def drive(command: list[str], seconds: float) -> tuple[int, str]:
    """The exit code and output of a command, which is killed after ``seconds``."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        return process.returncode, said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kills = 0
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            done = play(Path(folder), random.Random(options.seed * 1_000_003 + number))
        kills += done.kills
        print(f"round {number + 1}: {done.kills} kills, {'each step once' if done.exactly_once else done.written}")
        if not done.exactly_once:
            raise SystemExit(f"a side effect happened twice or never: --seed {options.seed}, round {number + 1}")
    print(f"{options.rounds} rounds, {kills} kills: every side effect happened exactly once")


if __name__ == "__main__":
    main()
