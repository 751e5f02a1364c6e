"""Users' code that ends the process that reads or runs it, with the exit code of a success: it is told, and refused."""

import subprocess
import sys
from pathlib import Path

GRAPH = """
from orchestrator import Graph, step
with Graph("g", deploy=False) as graph:
    step("a", command=["false"])
"""

#: What a graph's file does while it is read.
ENDS = [
    "import os; os._exit(0)",
    "from os import _exit; _exit(0)",
    "import os; os.execv('/bin/true', ['true'])",
    "import os; os.execlp('true', 'true')",
    "import os; os.execvpe('true', ['true'], {})",
    "raise SystemExit(0)",
    "import sys; sys.exit()",
    "import helper",
]

#: What it does that shows only when the process ends.
LATE = [
    "import atexit, os; atexit.register(os._exit, 0)",
    "import atexit, os; atexit.register(lambda: os._exit(0))",
    "import sys; sys.stdout = sys.stderr = None",
]


def attack(folder: Path) -> str:
    (folder / ".git").mkdir()
    (folder / "helper.py").write_text("import os\nos._exit(0)\n")
    (folder / "steps.py").write_text("import os\nos._exit(0)\n")
    graphs = folder / "graphs"
    graphs.mkdir()
    (graphs / "helper.py").write_text("import os\nos._exit(0)\n")
    files = [graphs / f"end{number}.py" for number in range(len(ENDS))]
    for file, line in zip(files, ENDS, strict=True):
        file.write_text(line + GRAPH)
    told = _ends(folder, 2, "", "validate", *map(str, files)).stderr
    assert all(f"{file}:1: the file raised" in told for file in files), told
    _ends(folder, 2, "end0.py:1: the file raised", "run", "--no-picture", str(files[0]))
    _ends(folder, 2, "end0.py:1: the file raised", "lock")
    for number, line in enumerate(LATE):
        file = folder / f"late{number}.py"
        file.write_text(line + GRAPH)
        _ends(folder, 1, "", "run", "--no-picture", str(file))
    (folder / "isolated.yaml").write_text(
        "name: isolated\nsteps: {a: {python: 'steps:f', isolated: true}, b: {python: 'steps:f'}}\ndeploy: false\n"
    )
    said = _ends(folder, 1, "", "run", "--no-picture", "isolated.yaml").stdout
    assert "2 failed" in said, said
    return f"{len(ENDS)} files that end whoever reads them, {len(LATE)} that end whoever ran them, 2 steps"


def _ends(folder: Path, code: int, said: str, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "orchestrator", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == code, (words, done)
    assert said in done.stderr, (words, done)
    assert "bug" not in done.stderr, (words, done)
    return done
