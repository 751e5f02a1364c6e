"""Hand-made mutants of deadlines: of what is found, when, and that it is told once."""

from tests.simulation.mutations.mutant import ENGINE, LEDGER, SWEEPING, Mutant

DEADLINES, LOOKING, NOTIFYING = (
    f"orchestrator/{name}.py" for name in ("core/deadlines", "engine/deadlines", "engine/notifying")
)

MUTANTS = (
    Mutant(
        "a deadline that is a time of day is not known",
        DEADLINES,
        "return run.moments.get(due, inf) if isinstance(due, str)",
        "return inf if isinstance(due, str)",
    ),
    Mutant(
        "a time of day is not known in a run inside",
        "orchestrator/engine/children.py",
        "moments=parent.moments if",
        "moments={} if",
        test="tests/unit/test_children.py::test_a_time_of_day_is_the_same_moment_in_the_run_inside",
    ),
    Mutant(
        "a deadline is missed though its step ended in time",
        DEADLINES,
        "return state.status.final and (state.ended_at or 0.0) <= due",
        "return False",
        test="tests/unit/test_deadlines.py::test_a_step_that_ended_in_time_is_not_late",
    ),
    Mutant(
        "a deadline that passed while nobody looked is not missed",
        DEADLINES,
        "return state.status.final and (state.ended_at or 0.0) <= due",
        "return state.status.final",
        test="tests/unit/test_deadlines.py::test_a_step_that_ended_too_late_before_anybody_looked_is_late",
    ),
    Mutant(
        "a deadline is missed again and again",
        DEADLINES,
        "    if state.missed_at is not None:\n        return None\n    if isinstance",
        "    if isinstance",
        test="tests/unit/test_deadlines.py::test_what_was_noted_is_not_noted_again_and_nothing_is_expected_of_what_has_ended",
    ),
    Mutant(
        "a deadline is endangered again and again",
        DEADLINES,
        "new = state.endangered_at is None and not state.status.final",
        "new = not state.status.final",
        test="tests/unit/test_deadlines.py::test_what_was_noted_is_not_noted_again_and_nothing_is_expected_of_what_has_ended",
    ),
    Mutant(
        "what has ended is expected to be late",
        DEADLINES,
        "new = state.endangered_at is None and not state.status.final",
        "new = state.endangered_at is None",
        test="tests/unit/test_deadlines.py::test_what_was_noted_is_not_noted_again_and_nothing_is_expected_of_what_has_ended",
    ),
    Mutant(
        "the look that finds that a deadline has passed is not put",
        DEADLINES,
        "for node in plan.deadlines if node not in unread and _waits(view.state(node))]",
        "for node in ()]",
        test="tests/unit/test_deadlines.py::test_a_run_s_deadline_is_looked_at_when_it_comes_and_told_once",
    ),
    Mutant(
        "nobody looks at the moment from which a deadline cannot be kept",
        DEADLINES,
        "    if run.typical and (unwarned := _unwarned(plan, view)):",
        "    if False and (unwarned := _unwarned(plan, view)):",
        test="tests/unit/test_deadlines.py::test_it_is_told_ahead_once_by_the_longest_way_through_what_has_not_ended",
    ),
    Mutant(
        "a step that begins too late for a deadline is not looked at",
        DEADLINES,
        "at + took[node] > latest[node]:",
        "False:",
        test="tests/unit/test_deadlines.py::test_an_attempt_that_begins_too_late_owes_a_look_at_once",
    ),
    Mutant(
        "the forecast leaves out the steps behind those that run",
        DEADLINES,
        "            latest[before] = min(latest[before], latest[node] - took[node])\n",
        "            latest[before] = min(latest[before], latest[node])\n",
        test="tests/unit/test_deadlines.py::test_it_is_told_ahead_once_by_the_longest_way_through_what_has_not_ended",
    ),
    Mutant(
        "the forecast counts a step that does not wait for those before it as if it did",
        DEADLINES,
        "for name in step.after] if step.trigger not in IMPATIENT else []",
        "for name in step.after]",
        test="tests/unit/test_deadlines.py::test_a_step_that_does_not_wait_for_others_is_not_expected_late_because_of_them",
    ),
    Mutant(
        "the forecast takes a running step for one that begins now",
        DEADLINES,
        "ends[node] = max(now, (state.started_at or now) + took[node])",
        "ends[node] = now + took[node]",
        test="tests/unit/test_deadlines.py::test_it_is_told_ahead_once_by_the_longest_way_through_what_has_not_ended",
    ),
    Mutant(
        "what is known to take long is expected to end in time",
        DEADLINES,
        "if now < due < ends[node]",
        "if now < due < ends[node] - 100",
        test="tests/unit/test_deadlines.py::test_it_is_told_ahead_once_by_the_longest_way_through_what_has_not_ended",
    ),
    Mutant(
        "no further look follows a look",
        LOOKING,
        "    put_next(ledger, execution, _seen(ledger, execution))\n\n",
        "\n",
        test="tests/unit/test_deadlines.py::test_a_run_s_deadline_is_looked_at_when_it_comes_and_told_once",
    ),
    Mutant(
        "a look records what it found before it is on the queue",
        LOOKING,
        "    if tells:\n        ledger.queue.put([Task(one.name, NOTICES, one) for one in tells])\n"
        "    ledger.commit(execution, node, event)\n",
        "    ledger.commit(execution, node, event)\n"
        "    if tells:\n        ledger.queue.put([Task(one.name, NOTICES, one) for one in tells])\n",
        test="tests/unit/test_deadlines.py::test_nothing_is_recorded_that_is_not_on_the_queue",
    ),
    Mutant(
        "that a deadline is endangered has the name of that it is missed",
        LOOKING,
        "ahead=int(isinstance(event, DeadlineEndangered))",
        "ahead=0",
        test="tests/unit/test_deadlines.py::test_it_is_told_ahead_once_by_the_longest_way_through_what_has_not_ended",
    ),
    Mutant(
        "a look that comes too early is taken for the one that was put",
        LOOKING,
        '        raise BackendError(f"{effect.name} came',
        '        return\n        raise BackendError(f"{effect.name} came',
        test="tests/unit/test_deadlines.py::test_a_look_that_comes_too_early_is_delivered_again",
    ),
    Mutant(
        "a run ends before it is told that it is late",
        ENGINE,
        "            deadlines.before_end(ledger, execution, at)\n",
        "            pass\n",
        test="tests/unit/test_deadlines.py::test_a_run_that_ends_too_late_says_so_before_it_ends",
    ),
    Mutant(
        "no look is put when a run starts",
        ENGINE,
        "            deadlines.put_next(ledger, execution, View())  # also if it waits to begin\n",
        "",
        test="tests/unit/test_deadlines.py::test_a_run_s_deadline_is_looked_at_when_it_comes_and_told_once",
    ),
    Mutant(
        "whoever completes a start puts no look",
        ENGINE,
        "known(there.key).plan)\n            deadlines.put_next(ledger, execution, View())\n",
        "known(there.key).plan)\n",
        test="tests/unit/test_deadlines.py::test_whoever_completes_a_start_and_a_sweep_put_the_look_again",
    ),
    Mutant(
        "who commits that an attempt runs does not see that it began too late",
        LEDGER,
        "        if run.typical:\n            effects = chain(effects, too_slow",
        "        if False:\n            effects = chain(effects, too_slow",
        test="tests/unit/test_deadlines.py::test_who_commits_that_an_attempt_runs_puts_the_look_that_this_owes",
    ),
    Mutant(
        "a sweep does not put looks again",
        SWEEPING,
        "    if (look := next_look(run, plan, view)) is not None:",
        "    if (look := None) is not None:",
        test="tests/unit/test_deadlines.py::test_whoever_completes_a_start_and_a_sweep_put_the_look_again",
    ),
    Mutant(
        "that a deadline is missed is told before it is recorded, or dropped",
        NOTIFYING,
        '        raise BackendError(f"{effect.name}: that is not recorded yet: try again later")\n',
        "        return None\n",
        test="tests/unit/test_deadlines.py::test_nothing_is_told_that_is_not_recorded",
    ),
    Mutant(
        "that a deadline is missed is told though nobody recorded that",
        NOTIFYING,
        "    if (state.endangered_at if effect.ahead else state.missed_at) is not None:\n",
        "    if True:\n",
        test="tests/unit/test_deadlines.py::test_nothing_is_told_that_is_not_recorded",
    ),
)
