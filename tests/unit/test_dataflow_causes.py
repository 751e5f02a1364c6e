"""Causes of failures: each recorded message has its class."""

import pytest

from orchestrator.jobs.dataflow.causes import HOPELESS, Cause, classify, explain
from tests.shared import reference

#: The class of each recorded message, by how it begins.
RECORDED = {
    "Startup of the worker pool": Cause.STOCKOUT,
    "Workflow failed. Causes: The Dataflow job appears to be stuck": Cause.UNKNOWN,
    "Workflow failed. Causes: Internal Issue": Cause.UNKNOWN,
    "Failed to read the job file": Cause.PERMISSION,
    "Timeout in polling result file": Cause.LAUNCHER,
    "Failed to start the VM": Cause.STOCKOUT,
    "Error occurred in the launcher container": Cause.LAUNCHER,
}


def test_every_recorded_message_has_its_cause():
    texts = [message["text"] for message in reference("api/errors/job_error_messages.json")["messages"]]
    found = {begin: classify([text]) for begin in RECORDED for text in texts if text.startswith(begin)}
    assert found == RECORDED
    assert len(texts) == len(RECORDED)


def test_a_quota_inside_a_message_is_no_lack_of_permission_though_it_says_403():
    recorded = reference("api/errors/vm_quota_403_inside_job_message.json")
    assert classify([recorded["messageText"]]) is Cause.QUOTA


@pytest.mark.parametrize(
    "path", ["events/log_launcher_failed_2021.json", "google/log_entry_launcher_failed.partial.json"]
)
def test_recorded_log_entries_of_launchers_are_the_launcher_s(path: str):
    recorded = reference(path)
    assert classify([recorded.get("log_entry", recorded)["textPayload"]]) is Cause.LAUNCHER


def test_recorded_errors_of_the_api_have_their_cause():
    found = [
        classify([reference(f"api/errors/{name}.json")["body"]["error"]["message"]])
        for name in ("error_403_api_disabled", "error_429_rate_limit", "poll_503")
    ]
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


def test_any_message_may_tell_the_cause_and_none_is_unknown():
    assert classify(["Workflow failed.", "PERMISSION_DENIED"]) is Cause.PERMISSION
    assert classify([]) is Cause.UNKNOWN


def test_only_what_somebody_must_mend_is_hopeless():
    assert {Cause.PERMISSION, Cause.PARAMETERS} == HOPELESS


def test_messages_are_shown_once_in_one_line_and_not_too_many():
    assert explain(["a\n  b", "a b", "c"]) == "a b; c"
    assert explain(["1", "2", "3", "4", "5"]) == "1; 2; 3 (and 2 more messages)"
    assert explain(["x" * 600]) == "x" * 500 + "…"
    assert explain([]) == ""
