"""What doctor asks is in the discovery documents, with the narrowest scope they allow; and it changes nothing."""

import pytest

from orchestrator.client.google_apis import Call
from orchestrator.deployment.doctor import calls
from orchestrator.fakes.discovery import schema_of
from tests.doubles.google.calls import SERVED

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ALL = [call for call in vars(calls).values() if isinstance(call, Call)] + list(calls.POLICIES.values())


def told(call: Call) -> str:
    return f"{call.api} {call.method}"


@pytest.mark.parametrize("call", ALL, ids=told)
def test_a_call_is_one_of_googles(call: Call):
    method = schema_of(call.api, call.version).method(call.method)
    parameters = {*method.query, *method.pattern.groupindex}
    more = {name.replace("options_", "options.") for name in call.more or {}} - {"body"}
    assert {call.name, *more} <= parameters
    assert call.narrow == (f"{_SCOPE}.read-only" in method.scopes)
    assert _SCOPE in method.scopes
    if call.more and "body" in call.more:
        assert method.request is not None
        assert list(schema_of(call.api, call.version).misfits(method.request, call.more["body"])) == []


@pytest.mark.parametrize("call", ALL, ids=told)
def test_a_call_reads(call: Call):
    verb = schema_of(call.api, call.version).method(call.method).verb
    assert verb == "GET" or call.method.endswith("getIamPolicy")
    assert call.method.rsplit(".", 1)[-1] in ("get", "getIamPolicy", "list", "batchGet", "aggregated")
    assert call.permission.rsplit(".", 1)[-1] in ("get", "getIamPolicy", "list", "getMetadata")


def test_the_fake_answers_all_of_them_and_no_others():
    served = {(api, version, method) for api, (version, methods) in SERVED.items() for method in methods}
    assert served == {(call.api, call.version, call.method) for call in ALL}
