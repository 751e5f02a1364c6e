"""``set`` through the consoles: the limits of a map, and of a run, in a deployment."""

from pathlib import Path

import pytest

from tests.functions.cloud import Cloud
from tests.functions.test_cli_console import Operator
from tests.functions.test_cli_console import ann as ann
from tests.functions.test_cli_console import consoles as consoles
from tests.functions.test_console import get, post, store_of
from tests.functions.test_starters import ANN

LIMITED = """\
name: limited
max_parallel: 2
steps:
  per-file:
    map: [a, b]
    max_parallel: 1
    dataflow: {template: gs://b/load.json, region: europe-west4}
  report: {after: per-file}
"""


@pytest.fixture
def nightly(cloud: Cloud, tmp_path: Path) -> Cloud:
    """A deployment with a run, ``m1``, that has limits; under the name that the fixtures of the console need."""
    (tmp_path / "graphs" / "limited.yaml").write_text(LIMITED)
    assert cloud.post("start", {"graph": "limited", "run_id": "m1"}).status_code == 201
    return cloud


def test_limits_are_set_and_recorded_with_who_and_why_and_shown(nightly: Cloud):
    body = {"step": "per-file", "max_parallel": 3, "tolerate": "50%", "why": "the quota was raised"}
    done = post(nightly, "/runs/m1/set", body)
    assert (done.status_code, done.json["changed"]) == (200, True)
    assert done.json["said"][0] == ("run m1: per-file: set max_parallel=3 (before: 1) and tolerate=50% (before: 0)")
    again = post(nightly, "/runs/m1/set", body)
    assert (again.status_code, again.json["changed"]) == (200, False)
    assert (
        post(nightly, "/runs/m1/set", {"max_parallel": 5}).json["said"][0] == "run m1: set max_parallel=5 (before: 2)"
    )
    shown = get(nightly, "/runs/m1").json
    assert (shown["limits"]["max_parallel"], shown["limits"]["tolerate"]) == (5, None)
    step = get(nightly, "/runs/m1/steps/per-file").json
    limits = {name: step["limits"][name] for name in ("max_parallel", "tolerate", "by", "why")}
    assert limits == {"max_parallel": 3, "tolerate": "50%", "by": ANN, "why": "the quota was raised"}
    told = [(one["step"], one["what"]) for one in get(nightly, "/runs/m1/story").json["story"]]
    assert ("per-file", "set max_parallel=3 (before: 1) and tolerate=50% (before: 0)") in told
    assert (None, "set max_parallel=5 (before: 2)") in told
    assert store_of(nightly).size(f"run:{store_of(nightly).find_run('m1').key}") == 5


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 409, "expected max_parallel or tolerate, or both"),
        (
            {"tolerate": 1},
            409,
            "tolerate: a run has none: name the step with 'map' that tolerates failures of its items",
        ),
        (
            {"step": "report", "tolerate": 1},
            409,
            "step 'report' is not a map, so it has neither max_parallel nor tolerate",
        ),
        ({"step": "lost", "tolerate": 1}, 404, "graph 'limited' has no step 'lost'"),
        ({"step": "per-file", "max_parallel": 0}, 400, "max_parallel"),
        ({"step": "per-file", "tolerate": "many"}, 400, "tolerate"),
    ],
)
def test_what_cannot_be_set_is_told(nightly: Cloud, body: dict[str, object], status: int, said: str):
    answer = post(nightly, "/runs/m1/set", body)
    assert answer.status_code == status
    assert said in answer.json["errors"][0]


def test_a_token_of_what_was_seen_refuses_when_the_limit_has_changed(nightly: Cloud):
    token = get(nightly, "/runs/m1").json["token"]
    assert post(nightly, "/runs/m1/set", {"max_parallel": 3, "if_match": token}).status_code == 200
    assert post(nightly, "/runs/m1/set", {"max_parallel": 4, "if_match": token}).status_code == 409


def test_viewers_set_nothing(nightly: Cloud):
    assert post(nightly, "/runs/m1/set", {"max_parallel": 3}, target="console_view").status_code == 404


@pytest.mark.slow
def test_the_command_line_sets_limits_through_the_console(nightly: Cloud, ann: Operator):
    done = ann("set", "m1", "per-file", "max_parallel=3", "--why", "urgent")
    assert (done.code, done.lines[0]) == (0, "run m1: per-file: set max_parallel=3 (before: 1)")
    assert ann("set", "m1/per-file", "tolerate=1").lines[0] == "run m1: per-file: set tolerate=1 (before: 0)"
    assert ann("set", "m1", "max_parallel=1").lines[0] == "run m1: set max_parallel=1 (before: 2)"
    wrong = ann("set", "m1", "report", "tolerate=1")
    assert (wrong.code, "step 'report' is not a map" in wrong.err) == (2, True)
