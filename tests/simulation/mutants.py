"""``python -m tests.simulation.mutants``: breaks a copy of the product, again and again; each break must be seen."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.embedded.mutations import MUTANTS as EMBEDDED
from tests.simulation.mutations import MUTANTS
from tests.simulation.mutations.mutant import Mutant
from tests.simulation.nested.mutations import MUTANTS as NESTED
from tests.simulation.notify_mutations import MUTANTS as NOTIFY

ROOT = Path(__file__).resolve().parents[2]

_KILLED = re.compile(r"^(seed \d+: |FAILED ).*$", re.MULTILINE)


def mutated(mutant: Mutant) -> str:
    """The text of the mutant's file. Raises ValueError if what it replaces is not there once."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.file} has changed, so this mutant must too: {mutant.old!r}")
    return text.replace(mutant.old, mutant.new)


def attacked(mutant: Mutant, seeds: int) -> str | None:
    """What sees the mutant, and what it says; None if the mutant survives.

    ``seeds``: how many worlds to look through.
    """
    with tempfile.TemporaryDirectory() as folder:
        ignored = shutil.ignore_patterns("fonts", "cli", "drawing")  # compiled modules are copied, and save seconds
        for package in ("orchestrator", "tests"):
            shutil.copytree(ROOT / package, Path(folder, package), ignore=ignored)
        Path(folder, mutant.file).write_text(mutated(mutant), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", *_seeker(mutant, seeds)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    killed = _KILLED.search(done.stdout)
    if killed is None and done.returncode:
        raise RuntimeError(f"{mutant.name}: {done.stdout[-1000:]}{done.stderr}")
    return killed[0] if killed else None


def _seeker(mutant: Mutant, seeds: int) -> list[str]:
    """What looks for the mutant: a Python module, and its arguments."""
    if mutant.test:
        return ["pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test]
    return [mutant.worlds, "--seeds", str(seeds), "--stop", *(f"--kind={kind}" for kind in mutant.kinds)]


def main(arguments: Sequence[str]) -> int:
    """Attack with all mutants, and print a table. 1 if any of them survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="for each mutant")
    parser.add_argument("--only", default="", help="those whose name has this in it")
    chosen = parser.parse_args(arguments)
    mutants = [mutant for mutant in (*MUTANTS, *NOTIFY, *EMBEDDED, *NESTED) if chosen.only in mutant.name]
    survivors = 0
    for mutant in mutants:
        seen = attacked(mutant, chosen.seeds)
        survivors += seen is None
        verdict = f"killed by {seen}" if seen else "SURVIVED"
        print(f"{mutant.name:72} {verdict[:110]}", flush=True)
    print(f"{len(mutants)} mutants, {survivors} survived {chosen.seeds} seeds")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
