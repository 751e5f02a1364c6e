"""What a command writes into its attempt's folder: never a success, never a hang, and never the end of the record."""

import json
import subprocess
from pathlib import Path

from tests.attack._driven import RUN, TIMEOUT, driven, words, written

#: The file, what is written there, the command's exit status, and what is said of the step.
WRITTEN = [
    ("failure.json", '{"live": true}', 1, "exit status 1"),
    ("failure.json", '{"cause": ["x"]}', 1, "exit status 1"),
    ("failure.json", '{"error": 5}', 1, "exit status 1"),
    ("failure.json", '{"error": {"a": 1}}', 1, "exit status 1"),
    ("failure.json", '{"patience": 1e400}', 1, "exit status 1"),
    ("stopped", "bogus 5", 1, "there is 'bogus 5' in it"),
    ("stopped", "succeeded 5", 1, "there is 'succeeded 5' in it"),
    ("stopped", "succeeded 5", 0, "there is 'succeeded 5' in it"),
    ("stopped", "cancelled 1e400", 1, "there is 'cancelled 1e400' in it"),
    ("stopped", "cancelled NaN", 0, "there is 'cancelled NaN' in it"),
    ("pid", "99999999999999999999", 1, "exit status 1"),
    ("exit", "0", 1, "exit status 1"),
]


def attack(folder: Path) -> str:
    steps = {
        f"s{number:02}": {"command": f"printf %s '{text}' > \"${{ORCHESTRATOR_OUTPUTS%/*}}/{name}\"; exit {code}"}
        for number, (name, text, code, _) in enumerate(WRITTEN)
    }
    told = driven(folder, written(folder, steps), "--run-id", RUN, "--no-picture")
    assert told["status"] == "failed", told
    for number, (name, text, _, said) in enumerate(WRITTEN):
        step = told["steps"][f"s{number:02}"]
        assert step["status"] == "failed", (name, text, step)
        assert said in step["error"], (name, text, step)
    for look in (["status", RUN], ["explain", RUN, "s00"], ["runs"], ["verify", RUN]):
        done = subprocess.run(words(folder, *look), capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert "bug" not in done.stderr, (look, done.stderr)
    assert (
        json.loads(subprocess.check_output(words(folder, "runs", "--json"), timeout=TIMEOUT))[0]["status"] == "failed"
    )
    return f"{len(WRITTEN)} files that no command should write; its step failed each time, and said why"
