"""Launches and checks that somebody made up: what is not owed does not begin, what nobody cancelled does not stop."""

from dataclasses import replace

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.core.messages import Check, Effect, Launch
from orchestrator.core.model import RunStatus, Status
from orchestrator.core.steps import Retry, Step
from orchestrator.errors import BackendError
from orchestrator.jobs.scripted import Script
from tests.unit.engine_world import JOB, KEY, STOP, World

SEAL = "known to nobody else"

A, B = 0, 1


@pytest.fixture
def pair(world) -> World:
    """A job and one behind it, in a run with a seal; the first runs, for a minute."""
    made: World = world(Step("a", JOB, retry=Retry(2, delay=500.0)), Step("b", JOB, after=("a",)), a=Script(seconds=60))
    made.run = replace(made.run, seal=SEAL)
    made.start()
    (launch,) = made.due()
    made.engine.perform(launch)
    return made


def reads(world: World) -> list[str]:
    """Hears of each read of a step or of a counter from now on."""
    found: list[str] = []
    load = world.store.load

    def counting(run, nodes, joins):
        found.append(f"{sorted(nodes)} {sorted(joins)}")
        return load(run, nodes, joins)

    world.store.load = counting  # type: ignore[method-assign]
    return found


def made_up() -> list[Effect]:
    seen = Launch(KEY, A, 1).proved(SEAL)
    proofs = ("", "0" * 32, seen.proof, Launch(KEY, B, 2).proved(SEAL).proof, Launch(KEY, B, 1, 1.0).proved(SEAL).proof)
    launches = [Launch(KEY, B, 1, proof=proof) for proof in proofs]
    return [*launches, replace(seen, node=B), replace(seen, attempt=2), Launch(KEY, B, 3)]


@pytest.mark.parametrize("launch", made_up(), ids=lambda launch: f"{launch.name}-{launch.proof[:4]}")
def test_a_launch_that_nobody_owes_begins_nothing(pair, launch: Launch):
    before = pair.store.load_all(KEY)
    pair.engine.perform(launch)
    assert pair.store.load_all(KEY) == before
    assert len(pair.jobs.jobs) == 1


def test_a_launch_is_believed_by_its_proof_without_a_read(pair):
    pair.now = 60.0
    pair.engine.perform(Check(KEY, A, 1))
    (launch,) = (effect for effect in pair.due() if isinstance(effect, Launch))
    assert launch == Launch(KEY, B, 1).proved(SEAL)
    found = reads(pair)
    pair.engine.perform(launch)
    assert found == []
    assert pair.store.load_all(KEY).state(B).status is Status.RUNNING


def test_a_launch_without_a_proof_is_done_if_it_is_owed(pair):
    """A version puts such that knows of no proofs, and a run that it has written may have lost its seal."""
    pair.now = 60.0
    pair.engine.perform(Check(KEY, A, 1))
    found = reads(pair)
    pair.engine.perform(Launch(KEY, B, 1))
    assert found == ["[0, 1] []"]
    assert pair.store.load_all(KEY).state(B).status is Status.RUNNING


def test_a_run_without_a_seal_goes_its_way_where_others_can_put_tasks(world):
    plain = world(Step("a", JOB), Step("b", JOB, after=("a",)))
    plain.start()
    plain.engine.perform(Launch(KEY, B, 1))
    assert plain.store.load_all(KEY).states == {}
    assert plain.finish() is RunStatus.SUCCEEDED


@pytest.mark.parametrize("proved", [True, False])
def test_a_launch_before_its_time_comes_again(pair, proved: bool):
    (job,) = pair.jobs.jobs.values()
    job.script = replace(job.script, outcome=Outcome.FAILED)
    pair.now = 60.0
    pair.engine.perform(Check(KEY, A, 1))
    retried = pair.store.load_all(KEY).state(A)
    assert retried.due == 560.0
    launch = Launch(KEY, A, 2, due=560.0).proved(SEAL) if proved else Launch(KEY, A, 2)
    pair.now = 560.0 - pair.engine.ledger.clock_skew - 30.0
    with pytest.raises(BackendError, match=r"-0-launch-2 came 30 s early: try again later"):
        pair.engine.perform(launch)
    assert pair.store.load_all(KEY).state(A) == retried
    pair.now += 30.0
    pair.engine.perform(launch)
    assert pair.store.load_all(KEY).state(A).attempt == 2


@pytest.mark.parametrize("chain", ["stop", "sweep1stop"])
def test_a_check_stops_no_job_that_nobody_cancelled(pair, chain: str):
    pair.due()
    pair.engine.perform(Check(KEY, A, 1, chain))
    (job,) = pair.jobs.jobs.values()
    assert job.cancelled_at is None
    assert pair.due() == []
    pair.engine.cancel(KEY, STOP, [A])
    pair.engine.perform(Check(KEY, A, 1, chain))
    assert job.cancelled_at is not None
