"""Commands of the product's, each in a process of its own that is forked off one which has imported it all.

What a command costs is then its own work: to import the product anew takes a second on a busy machine.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parents[2]

#: What the commands import when they are called.
NEEDED = (
    "orchestrator.cli.app",
    "orchestrator.cli.commands.run",
    "orchestrator.cli.commands.runs",
    "orchestrator.definition.load",
    "orchestrator.local.wiring",
)

#: Seconds after which they are taken for commands that hang.
TIMEOUT = 120


class Done(NamedTuple):
    words: list[str]
    code: int
    out: str
    err: str


def done(folder: Path, *commands: Sequence[str | bytes]) -> list[Done]:
    """What became of each of them, one after another, in ``folder``."""
    words = [[os.fsdecode(word) for word in command] for command in commands]
    answered = subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=json.dumps(words).encode(),
        stdout=subprocess.PIPE,
        timeout=TIMEOUT,
        check=True,
    )
    return [Done(*said) for said in json.loads(answered.stdout)]


def _called(words: list[str]) -> Done:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _call(words, out.fileno(), err.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return Done(words, code, *said)


def _call(words: list[str], out: int, err: int) -> NoReturn:
    """The command line, as its console script calls it."""
    from orchestrator.cli import main

    code: object = 70
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.argv = ["orchestrator", *words]
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - it is printed, as Python would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    for name in NEEDED:
        import_module(name)
    json.dump([_called(words) for words in json.load(sys.stdin)], sys.stdout)
