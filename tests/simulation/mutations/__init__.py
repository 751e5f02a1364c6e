"""Hand-made mutants, by what they break. Each must be noticed by the simulation (mutants.py)."""

from tests.simulation.mutations import (
    auditing,
    cancelling,
    checking,
    deadlines,
    early,
    guards,
    joins,
    launching,
    limits,
    orders,
    paying,
    pools,
    reruns,
    runs,
    sweeping,
    written,
)

_ROOMS = (
    guards,
    runs,
    reruns,
    paying,
    sweeping,
    launching,
    checking,
    cancelling,
    orders,
    joins,
    early,
    pools,
    limits,
    written,
    deadlines,
    auditing,
)

MUTANTS = tuple(mutant for room in _ROOMS for mutant in room.MUTANTS)
