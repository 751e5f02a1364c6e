"""Job names: valid for Dataflow, and readable without a look-up."""

import re
import string

from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.core.names import (
    JOB_PREFIX,
    JOB_PREFIX_LENGTH,
    JobRef,
    job_name,
    job_name_pattern,
    parse_job_name,
    run_key,
)

KEY = run_key("daily-sales-20261123")

refs = st.builds(
    JobRef, st.text(min_size=1).map(run_key), st.integers(0, 100_000), st.integers(min_value=1, max_value=9999)
)

prefixes = st.just("") | st.from_regex(
    JOB_PREFIX, fullmatch=True, alphabet=string.ascii_lowercase + string.digits + "-"
).filter(lambda prefix: len(prefix) <= JOB_PREFIX_LENGTH)


def test_a_job_name_shows_the_step_the_run_the_node_and_the_attempt():
    assert job_name("orders", JobRef(KEY, 31, 2)) == f"orders--{KEY}-1f-2"
    assert job_name("orders", JobRef(KEY, 31, 2), "orc-dev") == f"orc-dev--orders--{KEY}-1f-2"


def test_a_run_key_is_computed_from_the_run_id_alone_and_never_changes():
    assert run_key("daily-sales-20261123") == "obemxgaxrh"


@given(st.text(max_size=200), refs, prefixes)
def test_a_job_name_is_always_valid_and_says_which_attempt_it_is(label: str, ref: JobRef, prefix: str):
    name = job_name(label, ref, prefix)
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name)
    assert parse_job_name(name, prefix) == ref


@given(st.text("a-Z_. 7", max_size=200), refs, prefixes, prefixes)
def test_a_job_of_one_prefix_is_never_taken_for_one_of_another(label: str, ref: JobRef, prefix: str, other: str):
    assume(prefix != other)
    assert parse_job_name(job_name(label, ref, prefix), other) is None


@given(st.text("a-Z_. 7", max_size=200), refs, prefixes)
def test_two_hyphens_stand_between_the_parts_of_a_name_and_nowhere_else(label: str, ref: JobRef, prefix: str):
    parts = job_name(label, ref, prefix).split("--")
    assert len(parts) == (3 if prefix else 2)
    assert all(part.strip("-") == part for part in parts)


def test_prefixes_that_begin_alike_are_told_apart():
    ref = JobRef(KEY, 31, 2)
    dev, plain = job_name("orders", ref, "orc-dev"), job_name("dev-orders", ref, "orc")
    assert (dev, plain) == (f"orc-dev--orders--{KEY}-1f-2", f"orc--dev-orders--{KEY}-1f-2")
    assert [parse_job_name(dev, prefix) for prefix in ("", "orc", "orc-dev")] == [None, None, ref]
    assert [parse_job_name(plain, prefix) for prefix in ("", "orc", "orc-dev")] == [None, ref, None]


def test_the_longest_prefix_leaves_room_for_a_label():
    name = job_name("extract-customers-too", JobRef(KEY, 0x1FFFF, 9999), "p" * JOB_PREFIX_LENGTH)
    assert name == f"{'p' * 20}--extract-customers--{KEY}-1ffff-9999"
    assert len(name) == 62  # 63, but for the hyphen that would have been the last


def test_the_pattern_of_a_log_sink_s_filter_is_what_names_are_read_by():
    """RE2 knows no look-arounds and no back-references (its syntax page): here are none."""
    assert job_name_pattern("orc-dev") == "^orc-dev--[a-z][-a-z0-9]*--[a-z2-7]{10}-[0-9a-f]+-[1-9][0-9]*$"
    assert job_name_pattern() == "^[a-z][a-z0-9]*(-[a-z0-9]+)*--[a-z2-7]{10}-[0-9a-f]+-[1-9][0-9]*$"
    assert re.match(job_name_pattern("orc-dev"), job_name("orders", JobRef(KEY, 31, 2), "orc-dev"))


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
        f"orders--{KEY}-1f-2\n",
        f"orders--x--{KEY}-1f-2",
    ):
        assert parse_job_name(name) is None
