"""A run id is used again when the database was removed and the graph changed; a step's record is deleted by hand."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.attack._driven import RUN, TIMEOUT, driven, ended, words, written

#: A command that says in its outputs and in a file of the folder that it ran.
TOLD = """echo {word} >> ran; echo '{{"word": "{word}"}}' > "$ORCHESTRATOR_OUTPUTS" """


def attack(folder: Path) -> str:
    for number, word in enumerate(("first", "second", "third"), start=1):
        steps = {
            "tell": {"command": TOLD.format(word=word)},
            "hear": {"after": "tell", "command": 'echo "heard {{ steps.tell.outputs.word }}" >> ran'},
        }
        told = driven(folder, written(folder, steps), "--run-id", RUN)
        assert ended(told) == {"tell": ("succeeded", 1), "hear": ("succeeded", 1)}, told
        lines = (folder / "ran").read_text().splitlines()
        assert lines[-2:] == [word, f"heard {word}"], lines
        assert len(lines) == 2 * number, lines
        code, said = _verified(folder)
        assert code == 0, said
        if number < 3:
            for path in (folder / "home").glob("orchestrator.db*"):
                path.unlink()
    with closing(sqlite3.connect(folder / "home" / "orchestrator.db")) as connection, connection:
        assert connection.execute("DELETE FROM states WHERE node = 0").rowcount == 1
    code, said = _verified(folder)
    assert code == 1, said
    assert "tell" in said, said
    return "3 runs of one id, each of which ran its own steps; 1 step deleted by hand, which verify tells"


def _verified(folder: Path) -> tuple[int, str]:
    """What ``verify`` says of the run, and its exit code."""
    line = words(folder, "verify", RUN)
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr
