"""Whatever users wrote raises, returns or says: their step fails with it, and nothing of ours does."""

import json
import subprocess
import sys
from pathlib import Path

#: What a function does, line by line, and what is said of its step.
FUNCTIONS = {
    "raises a text that cannot be made": ("raise Mute()", "Mute: its text cannot be shown: RuntimeError"),
    "raises a text that is too much": ("raise ValueError('x' * 2_000_000)", "ValueError: xxx"),
    "raises a text with half of a character": ("raise ValueError('half \\ud800')", "ValueError: half "),
    "raises what no Exception is": ("raise Odd('mine')", "Odd: mine"),
    "raises a KeyboardInterrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises a GeneratorExit": ("raise GeneratorExit", "GeneratorExit"),
    "recurs": ("do()", "RecursionError: maximum recursion depth exceeded"),
    "has no memory left": ("raise MemoryError", "MemoryError"),
    "exits with a huge number": ("raise SystemExit(10 ** 5000)", "exit status 1"),
    "exits with what cannot be told": ("raise SystemExit(Mute())", "exit status 1: its text cannot be shown"),
    "exits with what cannot be compared": ("raise SystemExit(Touchy())", "it raised an exception that cannot be shown"),
    "returns what is nested": (
        "a = []\n    for _ in range(969): a = [a]\n    return {'a': a}",
        "nested more than 50 deep",
    ),
    "returns itself": ("a = {}\n    a['a'] = a\n    return a", "nested more than 50 deep"),
    "returns the same again and again": (
        "a = [1]\n    for _ in range(40): a = [a, a]\n    return {'a': a}",
        "more than 1,000,000 values",
    ),
    "returns half of a character": ("return {'a': '\\ud800'}", "half of a character"),
    "returns what is no number": ("return {'a': float('nan')}", "nan is no number"),
    "returns a huge number": ("return {'a': 10 ** 5000}", "more than 64 bits"),
    "returns a generator": ("yield 1", "expected outputs as a mapping with text keys, got generator"),
    "returns what raises": ("return Evil()", "ZeroDivisionError"),
}

MODULE = """
from collections.abc import Mapping

class Mute(Exception):
    def __str__(self): raise RuntimeError("no")
    __repr__ = __str__

class Odd(BaseException): pass

class Touchy:
    def __eq__(self, other): raise RuntimeError("do not compare me")
    __hash__ = None

class Evil(Mapping):
    def __getitem__(self, key): return 1 / 0
    def __iter__(self): return iter("abc")
    def __len__(self): return 3
"""

#: What an expression may do to whoever evaluates it.
EXPRESSIONS = [
    "params.s | truncate(2)",
    "not " * 250 + "true",
    "(" * 150 + "1" + ")" * 150,
    "1 " + "+ 1 " * 400,
    "-" * 400 + "1",
    "params.s | center(2000000000)",
    "[1, 2] | batch(999999999, 'x') | list",
    "9e307 * 100",
    "9223372036854775807 * 10",
    "'\\ud800'",
    "params.s | indent(1000000000)",
    "params.s | wordwrap(0)",
    "params.s | int(base=99)",
    "[1, 'a'] | sort",
    "{} | first | first",
    "[[[]]] | sum",
    "params.s | map('nothing') | list",
    "params.s.format(1)",
    "params.s | tojson | safe | escape | string | round",
]


def attack(folder: Path) -> str:
    (folder / ".git").mkdir()
    steps, lines = [], [MODULE]
    for number, (body, _) in enumerate(FUNCTIONS.values()):
        lines.append(f"def f{number}():\n    {body.replace('do()', f'f{number}()')}\n")
        steps.append(f"  f{number}: {{python: 'users:f{number}'}}")
        if number % 6 == 0:
            steps.append(f"  c{number}: {{call: 'users:f{number}'}}")
    for number, text in enumerate(EXPRESSIONS):
        steps.append(f"  e{number}: {{command: [echo, {json.dumps('{{ ' + text + ' }}')}]}}")
        steps.append(f"  w{number}: {{command: [echo, x], when: {json.dumps('{{ (' + text + ') == 1 }}')}}}")
    (folder / "users.py").write_text("\n".join(lines))
    graph = "\n".join(["name: g", "params: {s: some text}", "steps:", *steps, ""])
    valid = folder / "g.yaml"
    valid.write_text(graph)
    checked = _orchestrator(folder, "validate", "g.yaml", code=2)
    assert "Traceback" not in checked.stderr, checked.stderr
    wrong = {line.split("step '")[1].split("'")[0] for line in checked.stderr.splitlines() if "step '" in line}
    assert wrong <= {f"{kind}{number}" for kind in "ew" for number in range(len(EXPRESSIONS))}, checked.stderr
    kept = [line for line in steps if line.strip().partition(":")[0] not in wrong]
    valid.write_text("\n".join(["name: g", "params: {s: some text}", "steps:", *kept, ""]))
    told = json.loads(_orchestrator(folder, "run", "g.yaml", "--json", "--run-id", "r", code=1).stdout)["steps"]
    for number, (what, (_, said)) in enumerate(FUNCTIONS.items()):
        for name in (f"f{number}", f"c{number}"):
            if name in told:
                assert told[name]["status"] == "failed", (what, told[name])
                assert said in (told[name]["error"] or ""), (what, told[name])
                assert len(told[name]["error"]) < 10_100, what
    ends = {step["status"] for step in told.values()}
    assert ends <= {"failed", "succeeded", "skipped"}, ends
    _orchestrator(folder, "status", "r", code=0)
    refused = len(wrong) // 2
    return f"{len(FUNCTIONS)} functions; {len(EXPRESSIONS)} expressions, {refused} of them refused before they ran"


def _orchestrator(folder: Path, *words: str, code: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orchestrator", *words]
    if words[0] == "run":
        command += ["--no-picture", "--parallel", "4"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (words, done.returncode, done.stdout[-3000:], done.stderr[-3000:])
    return done
