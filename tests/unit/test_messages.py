"""Effects on the queue: their names, and their JSON in both directions of an upgrade."""

import json

import pytest

from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip, decode, encode

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


def test_every_look_of_a_chain_has_a_new_name():
    first = Check("k", 1, 1)
    assert first.next(due=9.0) == Check("k", 1, 1, look=1, due=9.0)
    assert first.next(due=9.0).name != first.name


def test_a_task_of_a_newer_version_is_read_as_far_as_it_is_known():
    body = json.loads(encode(EFFECTS[0])) | {"v": 2, "colour": "blue"}
    assert decode(json.dumps(body)) == EFFECTS[0]


def test_a_task_of_the_first_version_is_still_understood():
    assert decode('{"v":1,"do":"launch","run":"k","node":3,"attempt":1}') == Launch("k", 3, 1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"do":"dance"}', '{"do":"launch"}', "null", "\x00"])
def test_what_is_no_task_of_ours_is_refused_as_a_value_error(text: str):
    with pytest.raises(ValueError):  # noqa: PT011  the texts differ, and json's own is among them
        decode(text)
