"""Job names: valid for Dataflow, and readable without a look-up."""

import re

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.names import JobRef, job_name, parse_job_name, run_key

KEY = run_key("daily-sales-20261123")

refs = st.builds(
    JobRef, st.text(min_size=1).map(run_key), st.integers(0, 100_000), st.integers(min_value=1, max_value=9999)
)


def test_a_job_name_shows_the_step_the_run_the_node_and_the_attempt():
    assert job_name("orders", JobRef(KEY, 31, 2)) == f"orders--{KEY}-1f-2"


def test_a_run_key_is_computed_from_the_run_id_alone_and_never_changes():
    assert run_key("daily-sales-20261123") == "obemxgaxrh"


@given(st.text(max_size=200), refs)
def test_a_job_name_is_always_valid_and_says_which_attempt_it_is(label: str, ref: JobRef):
    name = job_name(label, ref)
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name)
    assert parse_job_name(name) == ref


@given(st.text(max_size=80))
def test_names_of_other_jobs_are_none_of_ours(name: str):
    assert parse_job_name(name) is None


def test_names_that_nearly_are_ours_are_not():
    for name in (
        f"orders-{KEY}-1f-2",
        f"orders--{KEY}-1f-0",
        f"orders--{KEY}-1f",
        f"Orders--{KEY}-1f-2",
        f"--{KEY}-1-1",
    ):
        assert parse_job_name(name) is None
