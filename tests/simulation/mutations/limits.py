"""Hand-made mutants of limits that are set while a run runs: they count for all, at once, and never too many begin."""

from tests.simulation.mutations.mutant import (
    CHECKING,
    CONTROL,
    ENGINE,
    LAUNCHING,
    MEMORY,
    PLACES,
    RETRIES,
    Mutant,
)

_TEST = "tests/unit/test_set_limits.py"
_LIMITS = "orchestrator/core/limits.py"
_CHILDREN = "orchestrator/engine/children.py"

MUTANTS = (
    Mutant(
        "a limit that is set is not told to its pool",
        CONTROL,
        "                resize(ledger, execution, node, commits[node].state)",
        "                continue",
        test=_TEST,
    ),
    Mutant(
        "a pool that is made larger wakes nobody",
        "orchestrator/engine/limits.py",
        "    look(ledger.store, ledger.queue, pool",
        "    (ledger.store, ledger.queue, pool",
        test=_TEST,
    ),
    Mutant(
        "a sweep leaves a limit half set",
        ENGINE,
        "        resize_all(ledger, execution, view)\n",
        "",
        test=_TEST,
    ),
    Mutant(
        "of two sizes the one counts that comes last",
        MEMORY,
        "            if version > self._sizes.get(pool, (0, 0))[1]:\n",
        "            if version:\n",
        test=_TEST,
    ),
    Mutant(
        "places beyond a smaller size do not count",
        "orchestrator/core/pools.py",
        "        size -= 1\n",
        "        pass\n",
        test=_TEST,
    ),
    Mutant(
        "only the places beyond a smaller size count, and not those they take away",
        "orchestrator/core/pools.py",
        "        if number < size or not size:\n            break\n        size -= 1\n    return size",
        "        pass\n    return max(0, size - sum(number >= size for number in taken))",
        test=_TEST,
    ),
    Mutant(
        "the end of a map counts although it was judged by limits that have changed",
        RETRIES,
        "    if event.end.limits is not None and event.end.limits != limits_set(state).version:",
        "    if event.end.limits is not None and not limits_set(state).version >= 0:",
        test=_TEST,
    ),
    Mutant(
        "the end of a map that was judged by limits that have changed is forgotten",
        CHECKING,
        "    if event.end.limits is not None and not commit.applied and commit.state.status.active:",
        "    if event.end.limits is not None and commit.applied and commit.state.status.active:",
        test=_TEST,
    ),
    Mutant(
        "the run of a map forgets what was set before it was opened",
        LAUNCHING,
        "        spec = with_limits(spec, claim.control.limits)",
        "        pass",
        test=_TEST,
    ),
    Mutant(
        "a map tolerates what its graph says, whatever was set",
        _CHILDREN,
        "        return with_limits(step.work.spec, given), given.version",
        "        return step.work.spec, given.version",
        test=_TEST,
    ),
    Mutant(
        "limits are set for what is cancelled",
        _LIMITS,
        "    if before is None or state.status.final or state.stop is not None:",
        "    if before is None or state.status.final:",
        test=_TEST,
    ),
    Mutant(
        "a map is given a limit that is at work without any",
        _LIMITS,
        "    if event.max_parallel is not None and is_unlimited(before, state):",
        "    if event.max_parallel is None and is_unlimited(before, state):",
        test=_TEST,
    ),
    Mutant(
        "a look at a pool in Firestore does not heed the size that was set",
        PLACES,
        "                size = self._usable(name, given)",
        "                size = max(size, 0)",
        kinds=("firestore", "no threads"),
    ),
)
