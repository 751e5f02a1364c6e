"""Hand-made mutants of pools: never more than there are places, none left behind, and nobody forgotten."""

from tests.simulation.mutations.mutant import (
    ENGINE,
    LEDGER,
    LINE,
    MACHINE,
    MEMORY,
    MENDING,
    MOVES,
    PLACES,
    POOLS,
    SWEEPING,
    Mutant,
)

MUTANTS = (
    Mutant(
        "an attempt needs no place",
        POOLS,
        "pools_of(execution, execution.plan.steps[effect.node]) if ledger.limits(execution) else {}",
        "pools_of(execution, execution.plan.steps[effect.node]) if ledger.launch_lease < 0 else {}",
    ),
    Mutant(
        "a run's own limit counts only where there are other pools",
        LEDGER,
        "        return bool(self.pools) or execution.run.max_parallel is not None",
        "        return bool(self.pools)",
    ),
    Mutant(
        "whoever frees a place of its run wakes nobody",
        LEDGER,
        "self.pools.get(pool) if key is None else self.known(key).run.max_parallel",
        "self.pools.get(pool)",
    ),
    Mutant(
        "a run forgets the limit of its graph",
        ENGINE,
        "            run = replace(run, max_parallel=plan.max_parallel)",
        "            run = replace(run)",
    ),
    Mutant(
        "a place that is taken is taken again",
        MEMORY,
        "                if any(place in self._places for place in transition.moves.takes):\n"
        "                    return Commit(False, seen, {}, taken=True)\n",
        "",
    ),
    Mutant(
        "a place without a document is taken in Firestore though it has one by now",
        PLACES,
        "                batch.create(self._place(place), taken)",
        "                batch.set(self._place(place), taken)",
    ),
    Mutant(
        "a place is taken in Firestore whatever became of it since it was seen free",
        PLACES,
        '                batch.update(self._place(place), {**taken, "free": DELETE_FIELD}, option)',
        '                batch.update(self._place(place), {**taken, "free": DELETE_FIELD})',
    ),
    Mutant(
        "an attempt that has ended keeps its places",
        MOVES,
        "    return state if state.status.active or not state.places else replace(state, places=())",
        "    return state",
    ),
    Mutant(
        "whoever takes a claim over has none of its places",
        MACHINE,
        "            places=state.places if event.over is not None else event.places,",
        "            places=event.places,",
    ),
    Mutant(
        "a step that is cancelled or held stays in line",
        MOVES,
        "(state.status not in WAITING or state.stop is not None or held)",
        "(state.status not in WAITING)",
    ),
    Mutant(
        "whoever has joined the line does not look once more",
        POOLS,
        "            continue  # it has just joined the line, and a place may have become free before that",
        "            return None",
    ),
    Mutant("whoever is first in line does not go first", POOLS, "    before = sum(", "    before = 0 * sum("),
    Mutant(
        "the line knows no priorities",
        "orchestrator/core/pools.py",
        '    return f"{MAX_PRIORITY - priority:04d} ',
        '    return f"{MAX_PRIORITY:04d} ',
    ),
    Mutant(
        "whoever frees a place or leaves a line wakes nobody",
        LEDGER,
        "        if commit.moves is not NO_MOVES:\n            self.give",
        "        if commit.moves is None:\n            self.give",
    ),
    Mutant(
        "whoever leaves a line wakes nobody",
        "orchestrator/core/pools.py",
        "        if self.leaves is not None and all(",
        "        if False and all(",
    ),
    Mutant(
        "after a refused commit nobody is woken",
        LEDGER,
        "        for node in changed if self.limits(execution) else ():",
        "        for node in ():",
    ),
    Mutant(
        "only one is woken, however many places are free",
        LINE,
        "for wait in seen.first]",
        "for wait in seen.first[:1]]",
    ),
    Mutant(
        "a step that left the line is forgotten",
        LEDGER,
        "commit.state.control is not None or commit.moves.leaves is not None",
        "commit.state.control is not None",
    ),
    Mutant(
        "a sweep leaves lines alone",
        SWEEPING,
        "    for pool in lines:\n        mend",
        "    for pool in dict[str, None]():\n        mend",
    ),
    Mutant(
        "a sweep puts the launches of all who stand in line",
        SWEEPING,
        "        if wait is not None:  # it was",
        "        if wait is None and now < 0:  # it was",
    ),
    Mutant(
        "places of deleted records are never free again",
        MENDING,
        "            if _left_behind(ledger, occupant) and",
        "            if False and",
    ),
)
