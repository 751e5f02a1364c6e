"""Attacks have the form that ``make attack`` wants."""

import inspect
from pathlib import Path
from types import ModuleType

import pytest

from tests.attack.__main__ import attacks, main, tried


def test_every_attack_is_a_function_of_a_folder_that_says_what_it_tried():
    for module in attacks():
        signature = inspect.signature(module.attack)
        asked = [(name, parameter.annotation) for name, parameter in signature.parameters.items()]
        assert (asked, signature.return_annotation) == ([("folder", Path)], str), module.__name__
        first = (module.__doc__ or "").partition("\n")[0]
        assert first.endswith("."), f"{module.__name__}: the first line of its docstring says what it attacks"


def test_an_attack_that_is_refused_has_held_and_one_that_raises_has_broken_something(
    capsys: pytest.CaptureFixture[str],
):
    def breaks(folder: Path) -> str:
        raise AssertionError(f"the product gave way in {folder.is_dir()}")

    harmless, harmful = ModuleType("tests.attack.harmless"), ModuleType("tests.attack.harmful")
    harmless.attack, harmful.attack = lambda folder: f"a folder: {folder.is_dir()}", breaks
    assert (tried(harmless), tried(harmful)) == (True, False)
    held, broke = capsys.readouterr().out.split("\nBROKE ")
    assert held.startswith("held  harmless ")
    assert held.endswith(" s  a folder: True")
    assert "AssertionError: the product gave way in True" in broke


def test_an_attack_that_nothing_is_called_is_a_failure(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--only", "no attack is called so"])
    assert ended.value.code == 2
    assert "no attack has 'no attack is called so' in its name" in capsys.readouterr().err
