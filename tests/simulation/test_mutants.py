"""The mutants still fit the code they break, and two of them are seen to be killed; `make mutants` shows all."""

from collections import Counter

import pytest

from tests.simulation.breaking import ROOT, mutated
from tests.simulation.mutants import ALL, attacked, named_seeds
from tests.simulation.mutations.mutant import Mutant


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_that_it_breaks(mutant: Mutant) -> None:
    compile(mutated(mutant), mutant.file, "exec")


def test_each_mutant_has_a_name_of_its_own_and_each_seed_is_that_of_a_mutant() -> None:
    """``python -m tests.simulation.mutants --write`` names the seed of a world."""
    assert [name for name, times in Counter(mutant.name for mutant in ALL).items() if times > 1] == []
    assert named_seeds().keys() <= {mutant.name for mutant in ALL if not mutant.test}


@pytest.mark.parametrize("test", sorted({mutant.test for mutant in ALL if mutant.test}))
def test_a_test_that_is_to_see_a_mutant_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert (f"def {name.partition('[')[0]}(" if name else "def test_") in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["a claim is never refused", pytest.param("a join is counted down twice", marks=pytest.mark.slow)]
)
def test_a_mutant_is_killed(name: str) -> None:
    (mutant,) = (mutant for mutant in ALL if mutant.name == name)
    assert attacked(mutant, 50, named_seeds()) is not None
