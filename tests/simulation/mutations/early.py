"""Hand-made mutants of joins that something passes before all have arrived."""

from tests.simulation.mutations.mutant import CONSISTENCY, EARLY, JOINS, LEDGER, LIMITING, MESSAGES, PLAN, RULES, Mutant

MUTANTS = (
    Mutant(
        "a gate passes on again the successes that it has passed on",
        JOINS,
        "adds = passed if state.passed is None else passed - state.passed",
        "adds = passed",
    ),
    Mutant(
        "a gate passes on as many successes as before",
        EARLY,
        "or not (event.whole or event.passed.succeeded > _passed_on(state))",
        "or False",
    ),
    Mutant(
        "a gate that passes on some successes has arrived",
        JOINS,
        "arrived=0 if ended_at is None else 1",
        "arrived=1",
    ),
    Mutant(
        "what a gate passes on early is not paid",
        LEDGER,
        "        arrives = commit.state.status.final or commit.state.passed is not None\n",
        "        arrives = commit.state.status.final\n",
    ),
    Mutant(
        "a gate of at_least waits for its group",
        EARLY,
        "        if arrived > _passed_on(state):\n",
        "        if False:\n",
    ),
    Mutant(
        "the next pass of a gate has the name of the one before",
        MESSAGES,
        '(f"-{self.early}" if self.early else "")',
        '("-1" if self.early else "")',
    ),
    Mutant(
        "in a rerun, a lone gate tells nothing before it has passed",
        JOINS,
        "(state.passed or NOBODY) if pending else",
        "NOBODY if pending else",
    ),
    Mutant("at_least requires one success less", RULES, "succeeded >= join.needed", "succeeded >= join.needed - 1"),
    Mutant("at_least requires one success more", RULES, "succeeded >= join.needed", "succeeded > join.needed"),
    Mutant(
        "at_least blames nobody",
        RULES,
        "    if join.broken and join.ended.succeeded + join.pending",
        "    if False and join.ended.succeeded + join.pending",
    ),
    Mutant(
        "later arrivals put off the end of a wait",
        EARLY,
        "state.status is Status.PENDING and state.due is None",
        "state.status is Status.PENDING",
    ),
    Mutant(
        "a wait is limited though nothing has arrived",
        EARLY,
        "    if all(join_at(plan, number, view).ended == NOBODY for number in nodes):\n        return None\n",
        "",
    ),
    Mutant(
        "a limited wait is over at once",
        EARLY,
        "replace(state, due=event.due)",
        "replace(state, due=OVER)",
    ),
    Mutant(
        "a limited wait ends only when all have arrived",
        EARLY,
        "        if state.due is not None:\n",
        "        if False:\n",
    ),
    Mutant(
        "whoever says so ends a limited wait",
        LIMITING,
        "    if due and due > now + ledger.clock_skew:\n",
        "    if False:\n",
    ),
    Mutant(
        "in a tree, no first arrival limits a wait",
        PLAN,
        "            if found and self.nodes[number].rule is",
        "            if False and self.nodes[number].rule is",
    ),
    Mutant(
        "the end of a limited wait has the name of its beginning",
        MESSAGES,
        '("-over" if self.due else "")',
        '""',
    ),
    Mutant(
        "a sweep takes what was passed on early for a contradiction",
        CONSISTENCY,
        "(state.status.final or state.passed is not None):",
        "state.status.final:",
    ),
)
