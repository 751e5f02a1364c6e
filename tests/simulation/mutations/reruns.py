"""Hand-made mutants of reruns: what is kept is there from the start, and never runs."""

from tests.simulation.mutations.mutant import JOINS, KEPT, LEDGER, MACHINE, PLAN, Mutant

MUTANTS = (
    Mutant(
        "a rerun forgets what it keeps",
        LEDGER,
        "            return kept_steps.plan_of(mapped(base, int(items)) if items else base, letters)\n",
        "            return mapped(base, int(items)) if items else base\n",
    ),
    Mutant(
        "a kept step whose record is gone takes control",
        MACHINE,
        "    if plan.nodes[node].role is Role.KEPT:",
        "    if False:",
    ),
    Mutant("a kept step still arrives at its joins", KEPT, "role=Role.KEPT, join=None, arrives=()", "role=Role.KEPT"),
    Mutant("a join does not count what is kept", JOINS, "ended if base is NOBODY else base + ended", "ended"),
    Mutant(
        "only steps without predecessors start a rerun",
        PLAN,
        "(node.join is None or self.joins[node.join].base is not NOBODY)",
        "node.join is None",
    ),
    Mutant(
        "a gate forgets what is kept",
        KEPT,
        "gone[gate] = NOBODY if base.nodes[gate].role is Role.QUIET else brought",
        "gone[gate] = NOBODY",
    ),
    Mutant(
        "a quiet gate passes what is kept",
        KEPT,
        "gone[gate] = NOBODY if base.nodes[gate].role is Role.QUIET else brought",
        "gone[gate] = brought",
    ),
    Mutant(
        "a gate of which all is kept is still waited for",
        KEPT,
        "            if gates and gone.keys() >= set(arriving[join]):\n",
        "            if False:\n",
    ),
)
