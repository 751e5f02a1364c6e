"""``orchestrator start`` against the function itself, over HTTP."""

from pathlib import Path

import pytest

from orchestrator.core.model import RunStatus
from tests.e2e.command_line import Place, Said
from tests.functions.cloud import Cloud

JANUARY = ("--run-id", "sales-1", "--param", "date=2026-01-31")


def call(tmp_path: Path, url: str, *words: str) -> Said:
    """In a process of its own: the function writes its log to the standard output of this one."""
    return Place(tmp_path)("start", *words, "--url", url, "--project", "demo-1", "--region", "europe-west4")


def test_a_run_is_started_and_then_it_was_there(cloud: Cloud, served: str, tmp_path: Path):
    first, again = (call(tmp_path, served, "sales", *JANUARY) for _ in range(2))
    assert (first.code, first.lines[0]) == (0, "run sales-1 started")
    assert (again.code, again.lines[0]) == (0, "run sales-1 already exists, its status is running")
    run = cloud.world("start").engine.ledger.store.find_run("sales-1")
    assert (run.status, run.params) == (RunStatus.RUNNING, {"date": "2026-01-31", "rows": 3})
    assert len(cloud.queued("launches")) == 1


def test_an_id_is_made_up_for_a_run_that_has_none(cloud: Cloud, served: str, tmp_path: Path):
    said = call(tmp_path, served, "sales", "-p", "date=2026-01-31", "--json")
    assert said.code == 0
    assert (said.json["graph"], said.json["created"]) == ("sales", True)
    assert said.json["run"].startswith("sales-20")


@pytest.mark.slow
def test_what_cannot_be_meant_is_refused_in_the_functions_words(served: str, tmp_path: Path):
    assert call(tmp_path, served, "nope") == Said(2, "", "error: no deployed graph is called 'nope': there are sales\n")
    said = call(tmp_path, served, "sales", "-p", "dates=x", "-p", "rows=many")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: param ")
    assert {word for word in ("'date'", "'dates'", "'rows'") if word in said.err} == {"'date'", "'dates'", "'rows'"}
    call(tmp_path, served, "sales", *JANUARY)
    other = call(tmp_path, served, "sales", "--run-id", "sales-1", "-p", "date=2026-02-28")
    assert other.code == 2
    assert "run 'sales-1' was started with other params" in other.err
