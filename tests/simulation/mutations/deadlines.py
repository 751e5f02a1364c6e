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
    ),
    Mutant(
        "a deadline that passed while nobody looked is not missed",
        DEADLINES,
        "return state.status.final and (state.ended_at or 0.0) <= due",
        "return state.status.final",
    ),
    Mutant(
        "a deadline is missed again and again",
        DEADLINES,
        "    if state.missed_at is not None:\n        return None\n    if isinstance",
        "    if isinstance",
    ),
    Mutant(
        "a deadline is endangered again and again",
        DEADLINES,
        "new = state.endangered_at is None and not state.status.final",
        "new = not state.status.final",
    ),
    Mutant(
        "what has ended is expected to be late",
        DEADLINES,
        "new = state.endangered_at is None and not state.status.final",
        "new = state.endangered_at is None",
    ),
    Mutant(
        "the look that finds that a deadline has passed is not put",
        DEADLINES,
        "for node in plan.deadlines if node not in unread and _waits(view.state(node))]",
        "for node in ()]",
    ),
    Mutant(
        "nobody looks at the moment from which a deadline cannot be kept",
        DEADLINES,
        "    if run.typical and (unwarned := _unwarned(plan, view)):",
        "    if False and (unwarned := _unwarned(plan, view)):",
    ),
    Mutant(
        "a step that begins too late for a deadline is not looked at",
        DEADLINES,
        "at + took[node] > latest[node]:",
        "False:",
    ),
    Mutant(
        "the forecast leaves out the steps behind those that run",
        DEADLINES,
        "            latest[before] = min(latest[before], latest[node] - took[node])\n",
        "            latest[before] = min(latest[before], latest[node])\n",
    ),
    Mutant(
        "the forecast counts a step that does not wait for those before it as if it did",
        DEADLINES,
        "for name in step.after] if step.trigger not in IMPATIENT else []",
        "for name in step.after]",
    ),
    Mutant(
        "the forecast takes a running step for one that begins now",
        DEADLINES,
        "ends[node] = max(now, (state.started_at or now) + took[node])",
        "ends[node] = now + took[node]",
    ),
    Mutant(
        "what is known to take long is expected to end in time",
        DEADLINES,
        "if now < due < ends[node]",
        "if now < due < ends[node] - 100",
    ),
    Mutant(
        "no further look follows a look",
        LOOKING,
        "    put_next(ledger, execution, _seen(ledger, execution))\n\n",
        "\n",
    ),
    Mutant(
        "a look records what it found before it is on the queue",
        LOOKING,
        "    if tells:\n        ledger.queue.put([Task(one.name, NOTICES, one) for one in tells])\n"
        "    ledger.commit(execution, node, event)\n",
        "    ledger.commit(execution, node, event)\n"
        "    if tells:\n        ledger.queue.put([Task(one.name, NOTICES, one) for one in tells])\n",
    ),
    Mutant(
        "that a deadline is endangered has the name of that it is missed",
        LOOKING,
        "ahead=int(isinstance(event, DeadlineEndangered))",
        "ahead=0",
    ),
    Mutant(
        "a look that comes too early is taken for the one that was put",
        LOOKING,
        '        raise BackendError(f"{effect.name} came',
        '        return\n        raise BackendError(f"{effect.name} came',
    ),
    Mutant(
        "a run ends before it is told that it is late",
        ENGINE,
        "            deadlines.before_end(ledger, execution, at)\n",
        "            pass\n",
    ),
    Mutant(
        "no look is put when a run starts",
        ENGINE,
        "            deadlines.put_next(ledger, execution, View())  # also if it waits to begin\n",
        "",
    ),
    Mutant(
        "whoever completes a start puts no look",
        ENGINE,
        "known(there.key).plan)\n            deadlines.put_next(ledger, execution, View())\n",
        "known(there.key).plan)\n",
    ),
    Mutant(
        "who commits that an attempt runs does not see that it began too late",
        LEDGER,
        "        if run.typical:\n            effects = chain(effects, too_slow",
        "        if False:\n            effects = chain(effects, too_slow",
    ),
    Mutant(
        "a sweep does not put looks again",
        SWEEPING,
        "    if (look := next_look(run, plan, view)) is not None:",
        "    if (look := None) is not None:",
    ),
    Mutant(
        "that a deadline is missed is told before it is recorded, or dropped",
        NOTIFYING,
        '        raise BackendError(f"{effect.name}: that is not recorded yet: try again later")\n',
        "        return None\n",
    ),
    Mutant(
        "that a deadline is missed is told though nobody recorded that",
        NOTIFYING,
        "    if (state.endangered_at if effect.ahead else state.missed_at) is not None:\n",
        "    if True:\n",
    ),
)
