"""The whole deployed form on this machine, while it is being broken: all runs end right, an attempt has one job."""

import json
from pathlib import Path

import pytest
import yaml

from orchestrator.core.model import RunStatus, Status
from orchestrator.fakes.dataflow.script import LaunchCall, Script
from orchestrator.rehearsal import PREFIX, Rehearsal
from orchestrator.rehearsal.faults import Killer, RandomFaults
from orchestrator.rehearsal.http import post
from tests.emulation import emulated

pytestmark = pytest.mark.slow

JOB = {"dataflow": {"template": "gs://b/t.json"}}

NET = {
    "name": "net",
    "defaults": {"check": {"every": "2m"}},
    "steps": {
        "a": JOB,
        **{f"b{n}": {**JOB, "after": "a", "retry": {"attempts": 2, "delay": "30s"}} for n in range(3)},
        **{f"c{n}": {**JOB, "after": [f"b{n}", f"b{(n + 1) % 3}"]} for n in range(3)},
        "z": {**JOB, "after": ["c0", "c1", "c2"]},
        "clean-up": {"after": "z", "trigger": "all_done", "wait": "1s"},
    },
}


AGAIN = {"rerun": {"of": "n"}, "params": {"file_type": "parquet"}}


@pytest.fixture
def net(tmp_path: Path) -> Path:
    emulated()
    path = tmp_path / "net.yaml"
    path.write_text(yaml.safe_dump(NET))
    return path


def script(call: LaunchCall) -> Script:
    """Every job succeeds at once, but for the first attempt of ``b1``."""
    fails = call.name.startswith(f"{PREFIX}--b1--") and call.name.endswith("-1")
    return Script(0.1, 0.1, 0.2, end="FAILED" if fails else "DONE", errors=("boom",) if fails else ())


def right(rehearsal: Rehearsal, run_id: str) -> bool:
    """Whether a run of the net ended as it must: everything succeeded, ``b1`` at its second attempt."""
    states = rehearsal.store.load_all(rehearsal.run(run_id).key).states
    steps = [states[number] for number in range(len(NET["steps"]))]
    return all(state.status is Status.SUCCEEDED for state in steps) and [s.attempt for s in steps[:4]] == [1, 1, 2, 1]


def expires(rehearsal: Rehearsal, run_id: str) -> bool:
    """Whether all that there is of a run says when it may be deleted."""
    run = rehearsal.store._client.collection("runs").document(rehearsal.run(run_id).key)
    found = [run.get(), *run.collection("steps").stream(), *run.collection("counters").stream()]
    return all("expire_at" in (document.to_dict() or {}) for document in found)


def test_runs_end_right_while_functions_die_and_answers_deliveries_and_events_are_lost_or_doubled(net: Path):
    faults = RandomFaults(seed=1)
    with Rehearsal(net, script, faults=faults, latency=0.05, lag=0.2) as rehearsal:
        dying = [rehearsal.functions[name] for name in ("on_task", "on_signal")]
        with Killer(dying, seed=1, every=2.0) as killer:
            for run_id in ("run-1", "run-2"):
                assert rehearsal.start(run_id, {})["created"]
                assert not rehearsal.start(run_id, {})["created"]
            ended = [rehearsal.wait(run_id).status for run_id in ("run-1", "run-2")]
        assert ended == [RunStatus.SUCCEEDED, RunStatus.SUCCEEDED]
        assert right(rehearsal, "run-1")
        assert right(rehearsal, "run-2")
        assert expires(rehearsal, "run-1")
        assert expires(rehearsal, "run-2")
        assert killer.kills > 0
        assert sum(faults.happened.values()) > 0
        assert set(rehearsal.dataflow.launches.values()) == {1}
        assert len(rehearsal.dataflow.launches) == 2 * 9
        assert rehearsal.dataflow.active == []
        assert rehearsal.dataflow.misfits == []


class NoEvents(RandomFaults):
    """Not a single event arrives, and nothing else goes wrong."""

    def deliveries(self, _):
        return None

    def calls(self, _):
        return None

    def events(self):
        return 0


def test_a_run_ends_though_every_event_is_lost_because_a_watchdog_looks(net: Path):
    with Rehearsal(net, script, faults=NoEvents(seed=1)) as rehearsal:
        rehearsal.start("run-1", {})
        assert rehearsal.wait("run-1").status is RunStatus.SUCCEEDED
        assert right(rehearsal, "run-1")
        assert set(rehearsal.dataflow.launches.values()) == {1}


def test_a_night_of_79_jobs_goes_on_past_five_that_fail_and_a_rerun_in_another_format_does_the_rest():
    emulated()
    broken = {"ardenia.ingest", "galdoria.quality", "lornia.forecast", "nordal.stock", "rowena.capacity"}

    def script(call: LaunchCall) -> Script:
        what = call.template.rpartition("/")[2].removesuffix(".json")
        fails = f"{call.parameters['state']}.{what}" in broken
        return Script(0.1, 0.1, 0.2, end="FAILED" if fails else "DONE", errors=("no input",) if fails else ())

    faults = RandomFaults(seed=2)
    graph = Path(__file__).resolve().parents[2] / "graphs" / "states" / "graph.py"
    with Rehearsal(graph, script, faults=faults, latency=0.02, lag=0.2) as rehearsal:
        with Killer([rehearsal.functions["on_task"]], seed=2, every=5.0) as killer:
            rehearsal.start("n", {"date": "2026-01-31"})
            assert rehearsal.wait("n").status is RunStatus.FAILED
            launched = len(rehearsal.dataflow.launches)
            broken.clear()
            answer = json.loads(post(rehearsal.functions["start"].url, AGAIN))
            assert rehearsal.wait(answer["run"]).status is RunStatus.SUCCEEDED
        found = [state.status for state in rehearsal.store.load_all(rehearsal.run("n").key).states.values()]
        counts = {status: found.count(status) for status in (Status.FAILED, Status.UPSTREAM_FAILED)}
        assert counts == {Status.FAILED: 5, Status.UPSTREAM_FAILED: 4 + 5}  # the metrics of one state, five exports
        assert launched == 79 - 4 + 5 + 1 + 13  # five a second time, the views, and the other exports
        assert len(rehearsal.dataflow.launches) == launched + 9 + 1 + 18
        assert set(rehearsal.dataflow.launches.values()) == {1}
        assert rehearsal.dataflow.active == []
        assert killer.kills > 0
        assert sum(faults.happened.values()) > 0


def test_the_flights_demo_runs_as_if_deployed_with_real_pipelines():
    emulated()
    pytest.importorskip("apache_beam", reason="the demo's pipelines need apache-beam")
    graph = Path(__file__).resolve().parents[2] / "graphs" / "flights" / "graph.yaml"
    with Rehearsal(graph) as rehearsal:
        rehearsal.start("flights-1", {"month": "1"})
        assert rehearsal.wait("flights-1").status is RunStatus.SUCCEEDED
        states = rehearsal.store.load_all(rehearsal.run("flights-1").key).states
        assert states[0].outputs == {"accepted": 26_398, "rejected": 606}
        assert set(rehearsal.dataflow.launches.values()) == {1}
