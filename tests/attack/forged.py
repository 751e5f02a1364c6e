"""Damaged and forged tasks: each field of each, what a queue may not ask for, what nobody owes, calls of no queue."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.cloud.wiring import QUEUE_NAME
from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.model import View
from orchestrator.core.task_codec import encode
from orchestrator.rehearsal import emulators
from orchestrator.stores.firestore.store import connect
from tests.attack._deployed import PROJECT, Deployed, deployed

#: 40 steps that wait for a day, and one behind them all: so there are gates.
WIDE = 40
GRAPH = (
    "name: wide\nsteps:\n"
    + "".join(f"  s{n}: {{wait: 1d, next: last}}\n" for n in range(WIDE))
    + "  last: {wait: 1d}\n"
)
LAST, GATE, END = WIDE, WIDE + 1, WIDE + 3

#: What stands in no field of a task as it should.
NEVER: tuple[Any, ...] = (
    True, None, "", "x y", "__run__", "a/b", "\ud800", [], {}, -2, 10**9 * 10**9, float("nan"), float("inf"), -1e300,
)  # fmt: skip


def launches(key: str, seal: str) -> list[Effect]:
    """Launches of the last step, which is not owed: with no proof, with one made up, and with those of others.

    ``seal``: the run's; it makes what somebody might have read in a task that waited.
    """
    seen = Launch(key, 0, 1).proved(seal)
    proofs = ("", "0" * 32, seen.proof, Launch(key, LAST, 2).proved(seal).proof, Launch(key, LAST, 1).proved("").proof)
    made = [Launch(key, LAST, 1, proof=proof) for proof in proofs]
    return [*made, replace(seen, attempt=2), replace(seen, node=LAST)]


def bodies(key: str, seal: str) -> Iterator[tuple[str, object]]:
    """The queue that each comes from, and its body."""
    fine: list[Effect] = [Launch(key, 0, 1), Check(key, 0, 1), Skip(key, LAST), Pass(key, GATE), Finish(key)]
    for effect in fine:
        told = json.loads(encode(effect))
        yield from (("checks", told | {name: value}) for name in told for value in NEVER)
        yield from (
            ("checks", {other: value for other, value in told.items() if other != name}) for name in ("v", "do", "run")
        )
    wrong: list[Effect] = [
        Pass(key, 0), Pass(key, END), Skip(key, GATE), Skip(key, END), Launch(key, GATE, 1), Launch(key, 99, 1),
        Check(key, GATE, 1), Check(key, 0, 5000), Launch("nobody2222", 0, 1), Finish(key, after=GATE),
    ]  # fmt: skip
    yield from (("checks", encode(effect).encode()) for effect in wrong)
    early: list[Effect] = [Skip(key, LAST), Pass(key, GATE), Finish(key), Finish(key, after=0), Launch(key, LAST, 2)]
    yield from (("checks", encode(effect).encode()) for effect in early)
    for queue in ("launches", "checks"):
        yield from ((queue, encode(effect).encode()) for effect in launches(key, seal))
    asking: list[Effect] = [Check(key, node, 1, chain) for node in (0, LAST) for chain in ("stop", "sweep1stop")]
    yield from (("checks", encode(effect).encode()) for effect in asking)
    others: list[Effect] = [*early, Check(key, 0, 1), Check(key, 0, 1, "stop"), Check(key, 0, 1, "sweep1stop")]
    yield from (("signals", encode(effect).encode()) for effect in [*others, Launch(key, LAST, 1)])
    yield from (("launches", encode(effect).encode()) for effect in others if not isinstance(effect, Launch))


def attack(folder: Path) -> str:
    (folder / "graphs").mkdir()
    (folder / "graphs/wide.yaml").write_text(GRAPH)
    with deployed(folder) as world:
        status, said = world.post({"graph": "wide", "run_id": "r"})
        assert status == 201, said
        os.environ[emulators.FIRESTORE.variable] = world.firestore
        store = connect(PROJECT, "(default)")
        (run,) = store.list_runs()
        key = run.key
        for number in range(WIDE):
            world.post(encode(Launch(key, number, 1)).encode(), {QUEUE_NAME: "checks"}, world.on_task)
        before = store.load_all(key)
        assert len(before.states) == WIDE, before
        told = _tried(world, key, run.seal)
        _unchanged(before, store.load_all(key))
        store.close()
    return told


def _tried(world: Deployed, key: str, seal: str) -> str:
    counts: Counter[int] = Counter()
    for queue, body in bodies(key, seal):
        status, said = world.post(body, {QUEUE_NAME: queue}, world.on_task)
        assert status == 200, f"{queue}: {body!r:.200} was answered {status} {said}, and comes again"
        counts[status] += 1
    for headers in ({}, {QUEUE_NAME: "theirs"}):
        status, said = world.post(encode(Launch(key, LAST, 1)).encode(), headers, world.on_task)
        assert status == 403, f"a call of no queue was answered {status} {said}"
    return f"{counts[200]} damaged and forged tasks dropped, and nothing changed; 2 calls of no queue refused"


def _unchanged(before: View, after: View) -> None:
    changed = [node for node in after.states if after.states[node] != before.states.get(node)]
    assert not changed, f"nodes {changed} changed"
    assert after.counters == before.counters, after.counters
