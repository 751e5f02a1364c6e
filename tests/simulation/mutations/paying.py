"""Hand-made mutants of the commit, and of what is paid after it."""

from tests.simulation.mutations.mutant import (
    CHECKING,
    CONTROL,
    DUPLICATES,
    ENGINE,
    LAUNCHING,
    LEDGER,
    MACHINE,
    MEMORY,
    Mutant,
)

MUTANTS = (
    # The commit.
    Mutant(
        "counters change outside the commit, before it is known to hold",
        MEMORY,
        "                if self._states[run].get(node, PENDING) is not seen:\n                    continue\n",
        "                if self._states[run].get(node, PENDING) is not seen:\n"
        "                    for join in transition.joins:\n"
        "                        was = self._counters[run].get(join, Counter())\n"
        "                        arrived = was.arrived + transition.arrived\n"
        "                        self._counters[run][join] = Counter(arrived, was.ended + transition.adds)\n"
        "                    continue\n",
    ),
    Mutant(
        "a commit overwrites what others wrote since its read",
        MEMORY,
        "                if self._states[run].get(node, PENDING) is not seen:\n                    continue\n",
        "",
    ),
    Mutant("a join is counted down twice", MEMORY, "before.arrived + trans", "before.arrived + 2 * trans"),
    # Paying.
    Mutant(
        "no roll-forward: a refused commit is taken for a duplicate",
        LEDGER,
        "        self.pay(execution, view, sorted(nodes))\n",
        "",
        test="tests/unit/test_engine.py::test_a_commit_whose_payment_was_lost_is_paid_by_the_next_delivery",
    ),
    Mutant(
        "a roll-forward pays for the step and not for those behind it",
        LEDGER,
        "        self.pay(execution, view, sorted(nodes))",
        "        self.pay(execution, view, changed)",
        test="tests/unit/test_engine.py::test_a_commit_whose_payment_was_lost_is_paid_by_the_next_delivery",
    ),
    Mutant(
        "paid before the commit, and not after it",
        LEDGER,
        "        self.follow(execution, node, self.commit(execution, node, event))\n",
        "        self.roll_forward(execution, node)\n        self.commit(execution, node, event)\n",
    ),
    Mutant(
        "acknowledged before it is paid: a queue that fails is no reason to come back",
        LEDGER,
        "        if tasks := self._tasks(plan, effects):\n            self.queue.put(tasks)\n",
        "        if tasks := self._tasks(plan, effects):\n            try:\n                self.queue.put(tasks)\n"
        "            except Exception:\n                pass\n",
        test="tests/unit/test_engine.py::test_a_commit_whose_payment_was_lost_is_paid_by_the_next_delivery",
    ),
    Mutant(
        "a check of a step that has ended pays nothing",
        CHECKING,
        "        return ledger.roll_forward(execution, check.node)\n    if state.job is None:",
        "        return None\n    if state.job is None:",
        test="tests/unit/test_engine.py::test_a_commit_whose_payment_was_lost_is_paid_by_the_next_delivery",
    ),
    Mutant(
        "a check that ended its step takes another for the one who pays",
        CHECKING,
        "state.ended_by not in (None, check.chain)",
        "state.ended_by is not None",
        test="tests/unit/test_engine.py::test_a_commit_whose_payment_was_lost_is_paid_by_the_next_delivery",
    ),
    Mutant(
        "a launch that comes too late pays nothing",
        LAUNCHING,
        "    ledger.roll_forward(execution, effect.node)\n    found = discard_others",
        "    found = discard_others",
    ),
    Mutant(
        "a start that is repeated pays nothing",
        ENGINE,
        "ledger.pay(execution, ledger.store.load(there.key, execution.plan.roots, ()), execution.plan.roots)",
        "pass",
        test="tests/unit/test_engine.py::test_a_start_that_died_before_it_paid_is_continued_by_the_next",
    ),
    Mutant(
        "any launch ends a step that has no job",
        MACHINE,
        " and event.attempt == state.attempt + 1\n    asked",
        "\n    asked",
        test="tests/unit/test_machine.py::test_what_is_a_duplicate_or_late_or_early_changes_nothing",
    ),
    Mutant(
        "what is tried again is not ended by its launch",
        MACHINE,
        "    waits = (state.status is Status.PENDING or again) and",
        "    waits = state.status is Status.PENDING and",
        test="tests/unit/test_attention.py::test_a_retry_ends_a_step_that_has_nothing_to_launch_now",
    ),
    # What does not add up.
    Mutant(
        "a sweep launches a step again whose document somebody deleted",
        ENGINE,
        "        return execution, view.without(*found.values())\n",
        "        return execution, view\n",
        kinds=("hand",),
        test="tests/unit/test_doubts.py::test_a_sweep_does_not_launch_a_step_again_whose_document_was_deleted_and_says_so",
    ),
    Mutant(
        "a cancelling ends a step again whose document somebody deleted",
        CONTROL,
        "Certain(view.without(left_out), ",
        "Certain(view, ",
        kinds=("hand",),
        test="tests/unit/test_doubts.py::test_a_cancelling_does_not_end_again_a_step_whose_document_was_deleted_and_tells_those_that_wait",
    ),
    Mutant(
        "a late check launches a step again whose document somebody deleted",
        DUPLICATES,
        "        _put(ledger, Check(effect.run, effect.node, effect.attempt, LATE, due=due))\n",
        "        again = Launch(effect.run, effect.node, effect.attempt, due)\n"
        '        ledger.queue.put([Task(f"{effect.name}-late", CHECKS, again)])\n',
        kinds=("hand",),
        test="tests/unit/test_engine_fence.py::test_a_launch_that_was_refused_and_runs_is_stopped_when_it_is_seen",
    ),
)
