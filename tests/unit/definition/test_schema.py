"""The JSON Schema that editors get says what the loader takes."""

import json
import re
from typing import Any

from orchestrator.core.kinds import KINDS
from orchestrator.definition.dataflow_keys import DataflowKeys
from orchestrator.definition.schema import GraphKeys, ScheduleKeys, StepKeys, json_schema


def test_the_schema_has_every_key_and_no_other() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(schema["properties"]) == list(GraphKeys.model_fields)
    assert schema["required"] == ["name", "steps"]
    for name, model in (
        ("StepKeys", StepKeys),
        ("DataflowKeys", DataflowKeys),
        ("ScheduleKeys", ScheduleKeys),
    ):
        definition = schema["$defs"][name]
        assert list(definition["properties"]) == list(model.model_fields)
        assert definition["additionalProperties"] is False
    json.dumps(schema)


def test_steps_are_known_by_the_form_of_their_name_and_may_be_empty() -> None:
    steps = json_schema()["properties"]["steps"]
    ((pattern, value),) = steps["patternProperties"].items()
    assert steps["additionalProperties"] is False
    assert re.search(pattern, "us_ca.ingest")
    assert not re.search(pattern, "_end")
    assert value == {"anyOf": [{"$ref": "#/$defs/StepKeys"}, {"type": "null"}]}


def test_a_schedule_may_be_its_cron_alone() -> None:
    schedule = json_schema()["properties"]["schedule"]
    assert schedule["anyOf"] == [{"$ref": "#/$defs/ScheduleKeys"}, {"type": "string"}]
    assert json_schema()["$defs"]["ScheduleKeys"]["required"] == ["cron"]


def test_a_step_of_two_kinds_is_against_the_schema() -> None:
    pairs = json_schema()["$defs"]["StepKeys"]["not"]["anyOf"]
    assert {"required": ["dataflow", "command"]} in pairs
    assert len(pairs) == len(KINDS) * (len(KINDS) - 1) // 2


def test_durations_and_rules_are_spelled_out() -> None:
    keys = json_schema()["$defs"]["StepKeys"]["properties"]
    assert re.search(keys["timeout"]["pattern"], "1.5h")
    assert not re.search(keys["timeout"]["pattern"], "90")
    named, successes, limited = keys["trigger"]["anyOf"]
    assert "none_failed_min_one_success" in named["enum"]
    assert successes["required"] == ["at_least"]
    assert limited["properties"]["all_done_within"]["pattern"] == keys["timeout"]["pattern"]


def test_nothing_in_the_schema_may_be_null_but_a_step_or_a_param() -> None:
    found: list[str] = []

    def walk(value: Any, path: str) -> None:
        if value == {"type": "null"}:
            found.append(path)
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{path}/{key}")
        elif isinstance(value, list):
            for item in value:
                walk(item, path)

    walk(json_schema(), "")
    assert [path.split("/")[2] for path in found] == ["steps"]  # params say it among other types
