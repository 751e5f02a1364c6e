"""Hand-made mutants of the commit, and of what is paid after it."""

from tests.simulation.mutations.mutant import CHECKING, CONTROL, DUPLICATES, ENGINE, LAUNCHING, LEDGER, MEMORY, Mutant

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
    ),
    Mutant(
        "a roll-forward pays for the step and not for those behind it",
        LEDGER,
        "        self.pay(execution, view, sorted(nodes))",
        "        self.pay(execution, view, changed)",
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
    ),
    Mutant(
        "a check of a step that has ended pays nothing",
        CHECKING,
        "        return ledger.roll_forward(execution, check.node)\n    if state.job is None:",
        "        return None\n    if state.job is None:",
    ),
    Mutant(
        "a check that ended its step takes another for the one who pays",
        CHECKING,
        "state.ended_by not in (None, check.chain)",
        "state.ended_by is not None",
    ),
    Mutant(
        "a launch that comes too late pays nothing",
        LAUNCHING,
        "        ledger.roll_forward(execution, node)\n        found = discard_others",
        "        found = discard_others",
    ),
    Mutant(
        "a start that is repeated pays nothing",
        ENGINE,
        "ledger.pay(execution, ledger.store.load(there.key, execution.plan.roots, ()), execution.plan.roots)",
        "pass",
    ),
    Mutant(
        "a launch that nobody owes ends a step without a job",
        LAUNCHING,
        "            if effect.attempt != 1:",
        "            if effect.attempt < 1:",
    ),
    # What does not add up.
    Mutant(
        "a sweep launches a step again whose document somebody deleted",
        ENGINE,
        "        return execution, view.without(*found.values())\n",
        "        return execution, view\n",
        kinds=("hand",),
    ),
    Mutant(
        "a cancelling ends a step again whose document somebody deleted",
        CONTROL,
        "Certain(view.without(left_out), ",
        "Certain(view, ",
        kinds=("hand",),
    ),
    Mutant(
        "a late check launches a step again whose document somebody deleted",
        DUPLICATES,
        "        _put(ledger, Check(effect.run, effect.node, effect.attempt, LATE, due=due))\n",
        "        again = Launch(effect.run, effect.node, effect.attempt, due)\n"
        '        ledger.queue.put([Task(f"{effect.name}-late", CHECKS, again)])\n',
        kinds=("hand",),
    ),
)
