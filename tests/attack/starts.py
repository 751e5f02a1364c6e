"""Starts of one run id at once with other params, ids of scheduled runs, and bodies that no run could keep."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.attack._deployed import Deployed, deployed

IDS, EACH = 12, 16

GRAPH = "name: sales\nparams: {n: {type: int}, l: {type: list, default: []}}\nsteps: {a: {wait: 1s}}\n"

DEEP = b'{"graph": "sales", "params": {"n": 1, "l": %s}}' % (b"[" * 969 + b"]" * 969)

#: What must be answered with 400, and with a sentence that no traceback is in.
REFUSED: list[object] = [
    {"graph": "sales", "run_id": "", "params": {"n": 1}},
    {"graph": "sales", "run_id": "sales-2026-01-31T060000Z", "params": {"n": 1}},
    {"graph": "sales", "run_id": "other-2026-01-31T0600000100", "params": {"n": 1}},
    {"graph": "sales", "run_id": "a/../b", "params": {"n": 1}},
    b'{"graph": "sales", "params": {"n": 1, "l": ["\\ud800"]}}',
    b'{"graph": "sales", "params": {"n": 1, "l": "[\\"\\\\udfff\\"]"}}',
    b'{"graph": "sales\\ud800"}',
    b'{"graph": "sales", "params": {"n": NaN}}',
    b'{"graph": "sales", "params": {"n": 1, "l": "[1e999]"}}',
    DEEP,
    b"[" * 100_000,
    b'{"graph": "sales", "params": {"n": 1, "n": 2}}',
]


def attack(folder: Path) -> str:
    (folder / "graphs").mkdir()
    (folder / "graphs/sales.yaml").write_text(GRAPH)
    with deployed(folder) as world:
        mixed = _mixed(world)
        answers = [world.post(body) for body in REFUSED]
        wrong = [(body, answer) for body, answer in zip(REFUSED, answers, strict=True) if not _refused(answer)]
        assert not wrong, f"not refused: {wrong}"
        due = {"X-CloudScheduler-ScheduleTime": "2026-01-31T06:00:00Z"}
        status, said = world.post({"graph": "sales", "params": {"n": 1}}, due)
        assert (status, said["run"]) == (201, "sales-2026-01-31T060000Z"), said
    return f"{mixed}; {len(REFUSED)} bodies refused; the scheduled run still starts"


def _mixed(world: Deployed) -> str:
    bodies = [{"graph": "sales", "run_id": f"r{n % IDS}", "params": {"n": n // IDS % 4}} for n in range(IDS * EACH)]
    answers = list(zip(bodies, world.at_once(bodies), strict=True))
    for run_id in {str(body["run_id"]) for body in bodies}:
        mine = [(body["params"], answer) for body, answer in answers if body["run_id"] == run_id]
        winner = next(params for params, (status, _) in mine if status == 201)
        for params, (status, said) in mine:
            expected = (200, 201) if params == winner else (400,)
            assert status in expected, f"{run_id}: {params} was answered {status} {said}, and {winner} started it"
    counts = Counter(status for _, (status, _) in answers)
    assert counts == {201: IDS, 200: IDS * (EACH // 4 - 1), 400: IDS * EACH * 3 // 4}, counts
    return f"{len(bodies)} starts of {IDS} ids with 4 params each: {IDS} runs, and no answer of another's"


def _refused(answer: tuple[int, Any]) -> bool:
    status, said = answer
    return status == 400 and all("Traceback" not in line for line in said["errors"])
