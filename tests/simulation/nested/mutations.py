"""Hand-made mutants of runs inside runs: what each breaks, and where. Each must be noticed by the nested worlds.

Those that only bad luck shows, and seldom, are killed in tests/unit/test_children.py and tests/contract/test_jobs.py
too: a sweep that leaves a run alone, a run inside that is not cancelled, an end that is told to another attempt.
"""

from tests.simulation.mutations.mutant import ENGINE, Mutant

_WORLDS = "tests.simulation.nested"
_CHILDREN = "orchestrator/engine/children.py"

MUTANTS = (
    Mutant(
        "a launch that is made again does not find its run",
        _CHILDREN,
        "        if run is None:\n            return None\n        if run.status is not RunStatus.RUNNING:\n"
        "            return Launched(run.key, over=True)\n"
        "        return self._start(run, self._inner(request.run, request.node), ())",
        "        return None",
        _WORLDS,
        test="tests/unit/test_children.py::test_a_run_that_a_handler_opens_after_its_step_has_ended_is_cancelled",
    ),
    Mutant(
        "every launch opens a run of its own",
        _CHILDREN,
        "        key = run_key(request.name)\n        folder",
        '        key = run_key(f"{request.name}{self._engine.ledger.clock()}")\n        folder',
        _WORLDS,
        test="tests/unit/test_children.py::test_the_run_inside_has_what_it_needs_of_the_run_outside",
    ),
    Mutant(
        "a run that was found is not given what it owes",
        _CHILDREN,
        "        return self._start(run, self._inner(request.run, request.node), ())",
        "        return Launched(run.key)",
        _WORLDS,
    ),
    Mutant(
        "a sweep leaves a run alone whose step has ended",
        ENGINE,
        " and run.parent is not None and ended_without(ledger, ref_in(run.parent)):",
        " and run.parent is not None and False:",
        _WORLDS,
        test="tests/unit/test_children.py::test_a_sweep_cancels_a_run_whose_step_has_ended_and_leaves_others_alone",
    ),
    Mutant(
        "a sweep cancels a run whose step goes on",
        "orchestrator/engine/runs_inside.py",
        "    over = not (state.status.active or state.live)",
        "    over = True",
        _WORLDS,
        test="tests/unit/test_children.py::test_a_sweep_cancels_a_run_whose_step_has_ended_and_leaves_others_alone",
    ),
    Mutant(
        "a run inside is not cancelled",
        _CHILDREN,
        "        self._engine.cancel(job, replace(",
        "        ledger.known(job), (replace(",
        _WORLDS,
        test="tests/unit/test_children.py::test_a_cancellation_goes_inside_with_who_and_why",
    ),
    Mutant(
        "a run that has failed is told as succeeded",
        _CHILDREN,
        "                return self._failed(run, at)",
        "                return self._succeeded(run, at)",
        _WORLDS,
        test="tests/unit/test_children.py::test_the_end_of_a_run_says_which_steps_failed_and_why",
    ),
    Mutant(
        "a run that is cancelled is told as failed",
        _CHILDREN,
        "                return JobEnd(Outcome.CANCELLED, at, error=self._why_cancelled(run))",
        "                return self._failed(run, at)",
        _WORLDS,
        test="tests/unit/test_children.py::test_a_cancellation_goes_inside_with_who_and_why",
    ),
    Mutant(
        "another attempt runs all again",
        _CHILDREN,
        "        if before is None or (before.version, before.params) != (run.version, run.params):\n",
        "        if True:\n",
        _WORLDS,
    ),
    Mutant(
        "another attempt keeps what has failed",
        "orchestrator/core/rerun.py",
        "for one in choices if not one.again and one.status is not None}",
        "for one in choices if one.status is not None}",
        _WORLDS,
    ),
    Mutant(
        "a step that need not wait for what runs again runs again with it",
        "orchestrator/core/rerun.py",
        "again = status in _BAD or not met_by(step, kept_before(step, chosen))",
        "again = True",
        _WORLDS,
        test="tests/unit/test_rerun.py::test_a_step_that_need_not_wait_for_what_runs_again_is_kept_and_so_is_what_is_behind_it",
    ),
    Mutant(
        "a step is kept though it has to wait for what runs again",
        "orchestrator/core/joins.py",
        "return join.pending > 0 and verdict(step.trigger, join) is Verdict.RUN",
        "return join.pending > 0 and verdict(step.trigger, join) in (Verdict.RUN, Verdict.WAIT)",
        _WORLDS,
        test="tests/unit/test_rerun.py::test_what_is_named_runs_again_and_all_downstream",
    ),
    Mutant(
        "a rerun that keeps no step keeps nothing inside",
        "orchestrator/definition/rerun_request.py",
        "bool(kept.strip(AGAIN)) or (bool(nesting(plan)) and not wanted.everything)",
        "bool(kept.strip(AGAIN))",
        _WORLDS,
    ),
    Mutant(
        "what is named inside a step is forgotten",
        "orchestrator/definition/rerun_request.py",
        "            inside=inside,\n",
        "",
        _WORLDS,
    ),
    Mutant(
        "what is named further inside is forgotten",
        _CHILDREN,
        "inside=paths(wanted.names), ",
        "",
        _WORLDS,
    ),
    Mutant(
        "what failed runs again inside though only another step was named",
        _CHILDREN,
        "named = Selection(only=run.inside) if run.inside_only else Selection(start=run.inside)",
        "named = Selection(start=run.inside)",
        _WORLDS,
    ),
    Mutant(
        "every attempt runs what was named again",
        _CHILDREN,
        "return named.inside(request.step) if request.attempt == 1 else Selection()",
        "return named.inside(request.step)",
        _WORLDS,
    ),
    Mutant(
        "a step forgets the params that it gives",
        _CHILDREN,
        "given if isinstance(given, dict) else {}, now)",
        "{}, now)",
        _WORLDS,
        test="tests/unit/test_children.py::test_the_run_inside_has_what_it_needs_of_the_run_outside",
    ),
    Mutant(
        "the end of a run is told to another attempt",
        ENGINE,
        "check = Check(parent.run, parent.node, parent.attempt, EVENT)",
        "check = Check(parent.run, parent.node, parent.attempt + 1, EVENT)",
        _WORLDS,
        test="tests/unit/test_children.py::test_the_end_of_a_run_is_noticed_before_the_next_check_of_its_step",
    ),
    Mutant(
        "failures that are tolerated fail the step",
        _CHILDREN,
        "        if bad <= tolerated(spec, items):",
        "        if not bad:",
        _WORLDS,
        test="tests/unit/test_mapped.py::test_tolerated_failures_do_not_fail_the_step",
    ),
    Mutant(
        "a mapped run forgets how many items may be at work at once",
        _CHILDREN,
        "            max_parallel=_parallel(request.spec),",
        "            max_parallel=None,",
        _WORLDS,
    ),
    Mutant(
        "an empty list is mapped over",
        "orchestrator/engine/launching.py",
        '    if step.inner and spec.get("over") == []:',
        "    if False:",
        _WORLDS,
        test="tests/unit/test_mapped.py::test_without_items_the_step_is_skipped",
    ),
    Mutant(
        "what is inside a run that goes on with another begins anew",
        _CHILDREN,
        "return state.job if wanted.names or state.status in (Status.FAILED, Status.CANCELLED) else None",
        "return state.job if wanted.names else None",
        _WORLDS,
    ),
    Mutant(
        "what is inside is kept although what is before it ran again",
        _CHILDREN,
        "        same = all(plan.nodes[plan.numbers[name]].role is Role.KEPT for name in step.after)",
        "        same = True",
        _WORLDS,
    ),
    Mutant(
        "a part of a list is left out where it begins",
        "orchestrator/core/mapped.py",
        "    for start in range(0, count, compiler.SPREAD):",
        "    for start in range(compiler.SPREAD, count, compiler.SPREAD):",
        _WORLDS,
        test="tests/unit/test_mapped.py::test_a_plan_of_ten_thousand_opens_in_parts_and_ends_in_a_tree",
    ),
)
