"""Hand-made mutants of what keeps runs and handlers apart, and of whose an id is."""

from tests.simulation.mutations.mutant import CACHE, ENGINE, IDS, LAUNCHING, LEDGER, MEMORY, Mutant

MUTANTS = (
    # Several runs at once.
    Mutant(
        "the plan of one run is taken for that of all",
        LEDGER,
        "        run = self._runs[key]\n        if run.kept or run.mapped is not None:\n"
        "            return self._derived(run)\n"
        "        return Execution(run, self._plans[run.version])\n",
        "        run = self._runs[key]\n"
        "        return Execution(run, self._plans[self.__dict__.setdefault('mixed', run.version)])\n",
    ),
    Mutant(
        "a run's counters are those of the run before it",
        MEMORY,
        "            self._counters[run.key] = {}\n",
        "            self._counters[run.key] = next(iter(self._counters.values()), {})\n",
        test="tests/unit/test_active_runs.py::test_a_run_beyond_the_limit_waits_in_line_and_begins_when_one_has_ended",
    ),
    # Several handlers in one process.
    Mutant(
        "the engine keeps on itself which run it is at",
        ENGINE,
        "        execution = ledger.known(effect.run)\n        run, plan",
        "        self.at = ledger.known(effect.run)\n        execution = self.at\n        run, plan",
    ),
    Mutant(
        "the engine keeps on itself what was committed last",
        LEDGER,
        "        self.follow(execution, node, self.commit(execution, node, event))\n",
        "        self.last = self.commit(execution, node, event)\n        self.follow(execution, node, self.last)\n",
    ),
    Mutant(
        "the engine keeps on itself what it is launching",
        LAUNCHING,
        "    claim = claimed(ledger, execution, effect)\n    if isinstance(claim, StepState):\n        return _too",
        "    ledger.claim = claimed(ledger, execution, effect)\n    claim = ledger.claim\n"
        "    if isinstance(claim, StepState):\n        return _too",
    ),
    Mutant(
        "the plan that was asked for last is everybody's",
        LEDGER,
        "        run = self._runs[key]\n        if run.kept or run.mapped is not None:\n"
        "            return self._derived(run)\n"
        "        return Execution(run, self._plans[run.version])\n",
        "        run = self._runs[key]\n"
        "        self.wanted = run.version\n        return Execution(run, self._plans[self.wanted])\n",
    ),
    Mutant(
        "what is remembered is changed by many at once",
        CACHE,
        "        with self._lock:\n",
        "        if self._lock:\n",
    ),
    Mutant(
        "who meets another who pays lets him pay",
        LEDGER,
        "        if tasks := self._tasks(plan, effects):\n            self.queue.put(tasks)\n",
        "        owed = self.__dict__.setdefault('owed', [])\n        owed += self._tasks(plan, effects)\n"
        "        if self.__dict__.get('paying'):\n            return\n        self.paying = True\n"
        "        try:\n            while owed:\n                part, owed[:] = list(owed), []\n"
        "                self.queue.put(part)\n        finally:\n            self.paying = False\n",
    ),
    # Whose an id is.
    Mutant(
        "of two starts of one run each opens one",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n                return there\n",
        "",
        test="tests/unit/test_engine.py::test_starting_again_starts_nothing",
    ),
    Mutant(
        "a start that comes second goes on with its own key",
        ENGINE,
        "ledger.pay(execution, ledger.store.load(there.key, execution.plan.roots, ()), execution.plan.roots)",
        "ledger.pay(execution, View(), execution.plan.roots)",
        test="tests/unit/test_engine.py::test_a_start_that_is_repeated_launches_nothing_again_though_the_queue_has_forgotten_the_names",
    ),
    Mutant(
        "a run's key is a function of its id again",
        ENGINE,
        "        there = ledger.store.open_run(run, plan, kept)\n",
        "        from orchestrator.core.names import run_key\n"
        "        run = replace(run, key=run_key(run.id))\n        there = ledger.store.open_run(run, plan, kept)\n",
        test="tests/unit/test_engine.py::test_a_diamond_runs_to_its_end_with_one_job_a_step",
    ),
    Mutant(
        "nobody looks whether a run that a task is of is long over",
        LEDGER,
        "        return stored is None or stored.status is not RunStatus.RUNNING\n",
        "        return False\n",
        test="tests/unit/test_engine.py::test_a_task_that_outlives_its_run_launches_nothing_again",
    ),
    Mutant(
        "a run that is gone, as another instance can see, goes on where it is remembered",
        LEDGER,
        "        return stored is None or stored.status is not RunStatus.RUNNING\n",
        "        return stored is not None and stored.status is not RunStatus.RUNNING\n",
        test="tests/unit/test_engine.py::test_a_task_that_outlives_its_run_launches_nothing_again",
    ),
    Mutant(
        "an id stays taken when its run is gone",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n                return there\n",
        "            if run.id in self._ids:\n                return self._runs[self._ids[run.id]]\n",
    ),
    Mutant(
        "a run that has ended leaves its id to the next, though it is there",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n",
        "            if (there := self.find_run(run.id)) is not None and there.status is RunStatus.RUNNING:\n",
        test="tests/unit/test_engine.py::test_the_start_of_a_run_that_has_ended_starts_nothing_though_its_steps_are_gone",
    ),
    Mutant(
        "an unfinished run loses its id to the next start",
        MEMORY,
        "            if (there := self.find_run(run.id)) is not None:\n",
        "            if (there := self.find_run(run.id)) is not None and there.status is not RunStatus.RUNNING:\n",
        test="tests/unit/test_engine.py::test_starting_again_starts_nothing",
    ),
    Mutant("an id stays taken in Firestore when its run is gone", IDS, "    if before is None:\n", "    if True:\n"),
    Mutant(
        "whoever takes an id over leaves it the day on which it is deleted",
        IDS,
        '{**fields, "expire_at": DELETE_FIELD}',
        "{**fields}",
    ),
)
