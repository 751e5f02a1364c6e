"""Hints say what may have been meant."""

from orchestrator.text import Suggestions, did_you_mean


def test_a_hint_names_the_closest_name() -> None:
    assert did_you_mean("outpts", ["outputs", "status"]) == " (did you mean 'outputs'?)"
    assert did_you_mean("OUT", ["out", "x"]) == " (did you mean 'out'?)"
    assert did_you_mean("zzz", ["outputs"]) == did_you_mean(5, ["5"]) == ""


def test_a_hint_never_suggests_the_very_word_that_was_written() -> None:
    assert did_you_mean("status", ["status", "outputs"]) == ""
    assert Suggestions()("rows", ["rows", "row"]) == " (did you mean 'row'?)"
