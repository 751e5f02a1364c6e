"""Values that are too deep, too large or nothing that JSON can hold, at every door: a sentence, and nothing runs."""

import json
import sys
from pathlib import Path

from tests.attack._forked import Done, done

GRAPH = """
name: g
params: {names: {type: list, default: []}, text: {type: string, default: ""}, many: {type: int, default: 1}}
steps: {a: {command: 'true'}}
"""


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


#: Params on the command line, and how what is said of them ends.
PARAMS = [
    f"names={nested(51)}",
    f"names={nested(969)}",
    f"names={nested(50_000)}",
    "names=[NaN]",
    "names=[1e999]",
    f"names=[{10**30}]",
    'names=["\\ud800"]',
    b"text=\xff\xfe",
    f"many={10**30}",
]

#: Files of params, by name.
FILES = {
    "deep.json": json.dumps({"names": json.loads(nested(60))}),
    "deeper.json": '{"names": ' + nested(50_000) + "}",
    "deep.yaml": "names: " + nested(60),
    "half.json": '{"text": "\\ud800"}',
    "huge.json": '{"many": ' + "9" * 5_000 + "}",
    "nan.yaml": "names: [.nan]",
    "same.yaml": "names:\n- &a0 [x]\n" + "".join(f"- &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 14)),
    "large.json": json.dumps({"text": "x" * 1_100_000}),
}

#: What a command leaves as outputs, as Python that writes it, and what is said of its step.
OUTPUTS = {
    "'{\"a\": ' + '[' * 60 + ']' * 60 + '}'": "nested more than 50 deep",
    "'{\"a\": ' + '[' * 90000 + ']' * 90000 + '}'": "expected outputs as a JSON object",
    "'{\"a\": NaN}'": "nan is no number",
    "'{\"a\": 1e999}'": "inf is no number",
    "'{\"a\": ' + '9' * 4000 + '}'": "more than 64 bits",
    "'{\"a\": ' + '9' * 9000 + '}'": "expected outputs as a JSON object",
    '\'{"a": "\\\\ud800"}\'': "half of a character",
    "'[1]'": "expected outputs as a mapping",
    "'{\"a\": \"' + 'x' * 300000 + '\"}'": "at most 262,144 are kept",
}


def attack(folder: Path) -> str:
    (folder / ".git").mkdir()
    (folder / "g.yaml").write_text(GRAPH)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    run = ("run", "g.yaml", "--no-picture")
    given = [(*run, "--param", param) for param in PARAMS]
    read = [(*run, "--params-file", name) for name in FILES]
    *refused, there = done(folder, *given, *read, ("runs",))
    for number, one in enumerate(refused):
        _refused(one, "param '" if number < len(PARAMS) else "")
    assert not (folder / ".orchestrator").exists() or there.out == "", there
    (ran,) = done(folder, ("run", _leaving(folder), "--json", "--no-picture", "--parallel", "4"))
    assert ran.code == 1, ran.err
    told = json.loads(ran.out)["steps"]
    for number, said in enumerate(OUTPUTS.values()):
        step = told[f"s{number}"]
        assert (step["status"], step["cause"]) == ("failed", "outputs"), step
        assert said in step["error"], (said, step["error"][:300])
    return f"{len(PARAMS)} params, {len(FILES)} files of params, {len(OUTPUTS)} outputs"


def _leaving(folder: Path) -> str:
    """A graph whose steps leave what no step may."""
    steps = []
    for number, text in enumerate(OUTPUTS):
        (folder / f"s{number}.py").write_text(
            f"import os\nopen(os.environ['ORCHESTRATOR_OUTPUTS'], 'w').write({text})\n"
        )
        steps.append(f"  s{number}: {{command: [{sys.executable}, -S, -E, s{number}.py]}}")
    (folder / "o.yaml").write_text("\n".join(["name: o", "steps:", *steps, ""]))
    return "o.yaml"


def _refused(one: Done, said: str) -> None:
    """With exit code 2 and a few sentences, none of them endless."""
    assert one.code == 2, (one.words, one.code, one.err[-2000:])
    assert said in one.err, one.err
    assert "Traceback" not in one.err, one.err
    assert "bug in" not in one.err, one.err
    assert len(one.err) < 2_000, one.err
