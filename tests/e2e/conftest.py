"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command_line import Place

#: The tests of the command line that ``make test`` runs: a run, a failure, an interruption, a cancellation, and what is
#: said of wrong input. The others are slow, because each starts several processes.
QUICK = (
    "test_wrong_use_of_a_backfill_is_told_all_at_once",
    "test_a_rerun_runs_what_failed_and_all_downstream_and_keeps_the_rest",
    "test_a_graph_with_branches_and_a_join_runs_to_its_end_and_says_so_as_json",
    "test_a_run_that_fails_ends_with_1_and_names_each_failed_step_and_its_log",
    "test_an_interruption_ends_what_runs_and_resume_runs_it_again",
    "test_a_run_that_another_process_drives_is_cancelled_and_both_say_so",
)
QUICK_FILES = ("test_cli_look.py", "test_cli_start.py", "test_cli_lock.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is not quick in this folder as slow."""
    for item in items:
        here = item.path.parent == Path(__file__).parent and item.path.name not in QUICK_FILES
        if here and item.name.partition("[")[0] not in QUICK:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty repository."""
    (tmp_path / ".git").mkdir()
    made = Place(tmp_path)
    yield made
    made.close()
