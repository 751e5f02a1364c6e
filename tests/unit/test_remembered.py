"""What a warm process remembers: read once while it is remembered, bounded in number and in memory."""

import tracemalloc
from dataclasses import replace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run
from orchestrator.core.steps import Step, Work
from orchestrator.engine import ledger
from orchestrator.engine.cache import Remembered, weight, weight_of_plan
from orchestrator.errors import NotFoundError
from tests.unit.engine_world import JOB, World

MIB = 2**20


def reading(most: int, max_bytes: int) -> tuple[Remembered[str], list[str]]:
    """One that weighs as many bytes as the key has letters, and what it has read."""
    read: list[str] = []

    def reads(key: str) -> str:
        if key == "none":
            raise NotFoundError(key)
        read.append(key)
        return key.upper()

    return Remembered(reads, len, most, max_bytes), read


def test_what_is_remembered_is_read_once_and_what_was_read_longest_ago_is_forgotten_first():
    kept, read = reading(2, 100)
    assert [kept[key] for key in ("a", "b", "a", "c", "b", "a", "b")] == ["A", "B", "A", "C", "B", "A", "B"]
    assert read == ["a", "b", "c", "a", "b"]


def test_as_many_are_remembered_as_fit_their_bytes_and_the_last_whatever_it_takes():
    kept, read = reading(10, 6)
    for key in ("aa", "bb", "cc"):
        kept[key]
    assert list(kept) == ["aa", "bb", "cc"]
    kept["d"]
    assert list(kept) == ["bb", "cc", "d"]
    kept["e" * 7]
    assert list(kept) == ["e" * 7]
    kept["e" * 7]
    kept["f"]
    assert list(kept) == ["f"]
    assert read == ["aa", "bb", "cc", "d", "e" * 7, "f"]


def test_what_could_not_be_read_is_not_remembered():
    kept, _ = reading(2, 100)
    with pytest.raises(NotFoundError):
        kept["none"]
    assert list(kept) == []


@pytest.mark.parametrize(
    "params", [{"p": "x" * (MIB // 8)}, {"p": [{} for _ in range(2_500)]}, {"p": [n + 0.5 for n in range(6_250)]}],
    ids=["text", "mappings", "numbers"],
)  # fmt: skip
def test_the_runs_that_a_process_remembers_take_a_bounded_memory(world, monkeypatch: pytest.MonkeyPatch, params: dict):
    """256 runs, each with params of up to 24 times their text, took up to 6 GiB of an instance that has half of one."""
    monkeypatch.setattr(ledger, "_RUNS_BYTES", MIB // 2)
    single: World = world(Step("a", JOB))

    def get_run(key: str) -> Run:
        return replace(single.run, key=key, params={name: made(value) for name, value in params.items()})

    def made(value):
        return value[:-1] + "y" if isinstance(value, str) else [dict(one) if one == {} else one + 1 for one in value]

    single.store.get_run = get_run  # type: ignore[method-assign]
    single.store.get_plan = lambda _: single.plan  # type: ignore[method-assign]
    single.engine.ledger.__post_init__()
    tracemalloc.start()
    try:
        for number in range(30):
            single.engine.ledger.known(f"run{number}")
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < MIB // 2 + 2 * weight(params), f"{taken / MIB:.1f} MiB"
    assert len(single.engine.ledger._runs) in (2, 3)


def test_a_plan_weighs_by_its_steps_and_by_what_users_wrote_in_them():
    small = weight_of_plan(compile_plan("g", "v", [Step("a", JOB)]))
    long = Step("a", Work("job", {"sql": "x" * MIB}), local=Work("command", {"command": "y" * MIB}))
    assert small < 10_000
    assert 2 * MIB < weight_of_plan(compile_plan("g", "v", [long])) < 2 * MIB + 10_000
    wide = weight_of_plan(compile_plan("g", "v", [Step(f"s{number}", JOB) for number in range(1000)]))
    assert MIB < wide < 3 * MIB
