"""Hand-made mutants of reruns: what is kept is there from the start, and never runs."""

from tests.simulation.mutations.mutant import JOINS, KEPT, LEDGER, MACHINE, PLAN, Mutant

MUTANTS = (
    Mutant(
        "a rerun forgets what it keeps",
        LEDGER,
        "            return kept_steps.plan_of(mapped(base, int(items)) if items else base, letters)\n",
        "            return mapped(base, int(items)) if items else base\n",
        test="tests/unit/test_kept_steps.py::test_a_record_whose_letters_fit_no_plan_can_never_be_performed",
    ),
    Mutant(
        "a kept step whose record is gone takes control",
        MACHINE,
        "    if plan.nodes[node].role is Role.KEPT:",
        "    if False:",
        test="tests/unit/test_kept_steps.py::test_a_kept_step_whose_record_was_deleted_by_hand_begins_nothing_and_takes_no_orders",
    ),
    Mutant(
        "a kept step still arrives at its joins",
        KEPT,
        "role=Role.KEPT, join=None, arrives=()",
        "role=Role.KEPT",
        test="tests/unit/test_kept_steps.py::test_a_kept_step_waits_for_nothing_arrives_nowhere_and_is_not_started",
    ),
    Mutant(
        "a join does not count what is kept",
        JOINS,
        "ended if base is NOBODY else base + ended",
        "ended",
        test="tests/unit/test_kept_steps.py::test_a_join_of_which_only_the_failed_predecessor_is_kept_says_so_when_the_rest_has_ended",
    ),
    Mutant(
        "only steps without predecessors start a rerun",
        PLAN,
        "(node.join is None or self.joins[node.join].base is not NOBODY)",
        "node.join is None",
        test="tests/unit/test_kept_steps.py::test_a_kept_step_waits_for_nothing_arrives_nowhere_and_is_not_started",
    ),
    Mutant(
        "a gate forgets what is kept",
        KEPT,
        "gone[gate] = NOBODY if base.nodes[gate].role is Role.QUIET else brought",
        "gone[gate] = NOBODY",
        test="tests/unit/test_kept_steps.py::test_a_gate_of_which_all_is_kept_brings_to_its_join_how_that_ended",
    ),
    Mutant(
        "a quiet gate passes what is kept",
        KEPT,
        "gone[gate] = NOBODY if base.nodes[gate].role is Role.QUIET else brought",
        "gone[gate] = brought",
        test="tests/unit/test_kept_steps.py::test_a_kept_step_that_may_fail_does_not_fail_the_run",
    ),
    Mutant(
        "a gate of which all is kept is still waited for",
        KEPT,
        "            if gates and gone.keys() >= set(arriving[join]):\n",
        "            if False:\n",
        test="tests/unit/test_kept_steps.py::test_a_wide_join_counts_what_is_kept_through_its_gates",
    ),
)
