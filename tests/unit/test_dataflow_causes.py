"""Causes of failures: each recorded message has its class."""

import pytest

from orchestrator.jobs.dataflow.causes import PERMANENT, Cause, classify, explain
from tests.fixtures import fixture
from tests.unit.dataflow_texts import FOUR_TIMES, GOOGLES, INNOCENT, LAUNCHER, POOL, TRACE


def test_every_message_of_a_failed_job_has_its_cause():
    messages = fixture("dataflow/messages")["messages"]
    assert [(str(classify([text])), text) for _, text in messages] == [tuple(message) for message in messages]


@pytest.mark.parametrize("name", ["launcher-failed", "launcher-failed-early"])
def test_log_entries_of_launchers_are_the_launcher_s(name: str):
    assert classify([fixture(f"events/{name}")["entry"]["textPayload"]]) is Cause.LAUNCHER


def test_errors_of_the_api_have_their_cause():
    names = ("api-disabled", "rate-limit", "unavailable")
    found = [classify([fixture(f"dataflow/{name}")["body"]["error"]["message"]]) for name in names]
    assert found == [Cause.PERMISSION, Cause.QUOTA, Cause.UNKNOWN]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Dataflow quota error for jobs-per-project quota. Project X is running 299 jobs.", Cause.QUOTA),
        ("QUOTA_EXCEEDED: Instance creation failed: Quota 'CPUS' exceeded.  Limit: 24.0", Cause.QUOTA),
        ("worker@p.iam does not have storage.objects.get access to the Google Cloud Storage object.", Cause.PERMISSION),
        ("The template parameters are invalid.", Cause.PARAMETERS),
        ("main.py: error: the following arguments are required: --output", Cause.PARAMETERS),
        ("java.lang.OutOfMemoryError: Java heap space", Cause.MEMORY),
        ("Workers are in memory thrashing", Cause.MEMORY),
        ("Traceback (most recent call last):\n  File 'a.py', line 1\nKeyError: 'x'", Cause.USER_CODE),
        (
            "Workflow failed. Causes: S01 failed., The job failed because a work item has failed 4 times.",
            Cause.USER_CODE,
        ),
        ("org.apache.beam.sdk.util.UserCodeException: java.lang.IllegalStateException: no", Cause.USER_CODE),
        ("Cancel request is committed for workflow job", Cause.CANCELLED),
        ("Error occurred in the launcher container: PERMISSION_DENIED: denied on bucket", Cause.PERMISSION),
        ("", Cause.UNKNOWN),
    ],
)
def test_texts_that_were_not_recorded_but_are_known(text: str, cause: Cause):
    assert classify([text]) is cause


@pytest.mark.parametrize(("text", "cause"), GOOGLES)
def test_what_google_says_has_its_class(text: str, cause: Cause):
    assert classify([text]) is cause


@pytest.mark.parametrize(("text", "cause"), INNOCENT)
def test_the_words_of_users_decide_nothing(text: str, cause: Cause):
    assert classify([text]) is cause


def test_half_of_the_texts_are_innocent_of_what_their_words_say():
    assert len(GOOGLES) + len(INNOCENT) >= 60
    assert len(INNOCENT) >= len(GOOGLES)


NO_WORKERS = "Workflow failed. Causes: Unable to bring up enough workers: minimum 1, actual 0."
FORBIDDEN = f"{TRACE}google.api_core.exceptions.Forbidden: 403 GET https://s/b/o: w@p does not have access"
INTERNAL = "Workflow failed. Causes: Internal Issue (1a2b3c4d5e6f): 1:17"


@pytest.mark.parametrize(
    ("messages", "cause"),
    [
        ([FORBIDDEN, FOUR_TIMES], Cause.PERMISSION),
        ([f"{TRACE}MemoryError", FOUR_TIMES], Cause.MEMORY),
        ([f"{POOL}QUOTA_EXCEEDED: Quota 'CPUS' exceeded.", f"{TRACE}KeyError: 'x'", FOUR_TIMES], Cause.USER_CODE),
        ([f"{POOL}QUOTA_EXCEEDED: Quota 'CPUS' exceeded.", NO_WORKERS], Cause.QUOTA),
        ([f"{POOL}ZONE_RESOURCE_POOL_EXHAUSTED: none are left", NO_WORKERS], Cause.STOCKOUT),
        ([f"{TRACE}KeyError: 'quota'", NO_WORKERS], Cause.STOCKOUT),
        ([NO_WORKERS, f"{TRACE}KeyError: 'x'"], Cause.STOCKOUT),
        (["main.py: error: unrecognized arguments: --x", f"{LAUNCHER}Template launch failed."], Cause.PARAMETERS),
        ([FORBIDDEN, INTERNAL], Cause.USER_CODE),
        ([f"{POOL}QUOTA_EXCEEDED: Quota 'CPUS' exceeded.", INTERNAL], Cause.QUOTA),
        ([f"{TRACE}KeyError: 'x'", f"{TRACE}MemoryError"], Cause.MEMORY),
    ],
)
def test_the_last_cause_decides_and_the_verdict_before_all(messages: list[str], cause: Cause):
    """A verdict that sends its reader to the log is told by those who speak there; what was overcome tells nothing."""
    assert classify(messages) is cause


def test_the_verdict_is_shown_first_and_what_was_raised_without_its_stack():
    java = "java.lang.RuntimeException: a\n\tat x.Y(Z.java:1)\nCaused by: java.io.IOException: b\n\tat x.Y(Z.java:2)"
    assert explain([f"{TRACE}KeyError: 'x'", java, NO_WORKERS]) == (
        f"{NO_WORKERS}; KeyError: 'x'; Caused by: java.io.IOException: b"
    )


def test_any_message_may_tell_the_cause_and_none_is_unknown():
    assert classify(["Workflow failed.", "PERMISSION_DENIED"]) is Cause.PERMISSION
    assert classify([]) is Cause.UNKNOWN


def test_only_what_must_be_fixed_first_is_permanent():
    assert {Cause.PERMISSION, Cause.PARAMETERS} == PERMANENT


def test_messages_are_shown_once_in_one_line_and_not_too_many():
    assert explain(["a\n  b", "a b", "c"]) == "a b; c"
    assert explain(["1", "2", "3", "4", "5"]) == "1; 2; 3 (and 2 more messages)"
    assert explain(["x" * 600]) == "x" * 500 + "…"
    assert explain([]) == ""
