"""Python graphs with helpers of one name, started at the same moment: each run has its own graph's plan."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.attack import modules
from tests.functions.cloud import Cloud

GRAPHS, STARTS = 4, 24


def test_starts_at_once_of_graphs_with_the_same_helpers_get_their_own(cloud: Cloud, tmp_path: Path) -> None:
    modules.write(tmp_path, GRAPHS)
    wanted = {f"r{number}": f"g{number % GRAPHS}" for number in range(STARTS)}
    cloud.app("start")

    def start(run_id: str) -> int:
        name = wanted[run_id]
        return cloud.post("start", {"graph": name, "run_id": run_id, "params": {"want": name}}).status_code

    with ThreadPoolExecutor(STARTS) as pool:
        assert set(pool.map(start, wanted)) == {201}
    engine = cloud.world("start").engine
    plans = {run_id: engine.ledger.known(engine.ledger.store.find_run(run_id).key).plan for run_id in wanted}
    specs = {run_id: plan.steps[0].work.spec for run_id, plan in plans.items()}
    assert {run_id: (spec["template"], spec["parameters"]) for run_id, spec in specs.items()} == {
        run_id: (f"gs://b/{name}", {"want": "{{ params.want }}", "top": name, "late": name})
        for run_id, name in wanted.items()
    }
