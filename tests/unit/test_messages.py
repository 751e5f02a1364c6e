"""Effects on the queue: their names, and their JSON in both directions of an upgrade."""

import json

import pytest

from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.task_codec import decode, encode
from orchestrator.core.times import LATEST

EFFECTS = [
    Launch("k3v9x2qaw7", 31, 2, due=60.5),
    Check("k3v9x2qaw7", 31, 2, "signal", 3, due=1.0),
    Skip("k3v9x2qaw7", 31),
    Pass("k3v9x2qaw7", 31),
    Finish("k3v9x2qaw7"),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
def test_an_effect_survives_the_queue(effect: Effect):
    assert decode(encode(effect)) == effect


def test_names_tell_effects_apart_and_do_not_depend_on_when_they_are_due():
    assert [effect.name for effect in EFFECTS] == [
        "k3v9x2qaw7-1f-launch-2",
        "k3v9x2qaw7-1f-check-2-signal-3",
        "k3v9x2qaw7-1f-skip",
        "k3v9x2qaw7-1f-pass",
        "k3v9x2qaw7-finish",
    ]
    assert Launch("k", 1, 1, due=5.0).name == Launch("k", 1, 1).name


def test_every_check_of_a_chain_has_a_new_name():
    first = Check("k", 1, 1)
    assert first.next(due=9.0) == Check("k", 1, 1, number=1, due=9.0)
    assert first.next(due=9.0).name != first.name


def test_what_a_newer_program_added_to_a_task_is_left_aside():
    body = json.loads(encode(EFFECTS[0])) | {"colour": "blue"}
    assert decode(json.dumps(body)) == EFFECTS[0]


@pytest.mark.parametrize("version", [0, 2, -1, 1.0, True, "1", None, [1], 10**400])
def test_a_task_of_another_version_is_refused(version: object):
    body = json.loads(encode(EFFECTS[0])) | {"v": version}
    with pytest.raises(ValueError, match=r"^a task's v: this program reads version 1, got "):
        decode(json.dumps(body))


#: What no number of a task can be, nor any other field.
NEVER = (True, False, None, "", "A 1", [], [1], {}, 1.5, -2, 10**7 * 10**9, float("nan"), float("inf"), -0.5, -1e300)

FIELDS = [(effect, name) for effect in EFFECTS for name in list(json.loads(encode(effect)))[2:]]


@pytest.mark.parametrize(("effect", "name"), FIELDS, ids=lambda value: getattr(value, "name", value))
def test_a_field_that_cannot_be_is_refused_and_named(effect: Effect, name: str):
    for value in NEVER:
        if (name, value) in (("due", 1.5), ("proof", "")):
            continue
        body = json.loads(encode(effect)) | {name: value}
        with pytest.raises(ValueError, match=f"^a task's {name}: expected "):
            decode(json.dumps(body))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("run", run) for run in ("__run__", "../runs/x", "a/b", "A" * 10, "a" * 101, "\ud800", "a\n")),
        *(("proof", proof) for proof in ("0" * 31, "0" * 33, "A" * 32, "0" * 32 + "\n", "\u0660" * 32)),
        *(("chain", chain) for chain in ("xstop", "Signal", "stop-", "sweep/", "watchdogs", "sweep" + "1" * 100)),
        ("attempt", 0), ("attempt", 10**6 + 1), ("look", -1), ("node", -1),
        *(("due", due) for due in (LATEST + 1, -1, 1e300, float("inf"))),
    ],
)  # fmt: skip
def test_a_task_that_is_out_of_range_is_refused(name: str, value: object):
    effect = next(effect for effect in EFFECTS[1::-1] if name in json.loads(encode(effect)))
    body = json.loads(encode(effect)) | {name: value}
    with pytest.raises(ValueError, match=f"^a task's {name}: expected "):
        decode(json.dumps(body))


@pytest.mark.parametrize("chain", ["watchdog", "signal", "event", "stop", "sweep17f", "sweep17f-stop"])
def test_every_chain_of_checks_survives_the_queue(chain: str):
    check = Check("k3v9x2qaw7", 0, 1, chain)
    assert decode(encode(check)) == check


def test_a_task_of_the_first_version_is_still_understood():
    assert decode('{"v":1,"do":"launch","run":"k","node":3,"attempt":1}') == Launch("k", 3, 1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"do":"dance"}', '{"do":"launch"}', "null", "\x00"])
def test_what_is_no_task_of_ours_is_refused_as_a_value_error(text: str):
    with pytest.raises(ValueError):  # noqa: PT011  the texts differ, and json's own is among them
        decode(text)
