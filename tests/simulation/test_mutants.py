"""The mutants still fit the code they break, and two of them are seen to be killed; `make mutants` shows all."""

import pytest

from tests.simulation.mutants import attacked, mutated
from tests.simulation.mutations import MUTANTS
from tests.simulation.mutations.mutant import Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_that_it_breaks(mutant: Mutant) -> None:
    compile(mutated(mutant), mutant.file, "exec")


@pytest.mark.parametrize(
    "name", ["a claim is never refused", pytest.param("a join is counted down twice", marks=pytest.mark.slow)]
)
def test_a_mutant_is_killed(name: str) -> None:
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    assert attacked(mutant, seeds=50) is not None
