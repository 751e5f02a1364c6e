"""Hand-made mutants of what makes a duplicate harmless, and a task that nobody owes."""

from tests.simulation.mutations.mutant import (
    CHECKING,
    EARLY,
    ENGINE,
    FITTING,
    MACHINE,
    MESSAGES,
    PROOF,
    RETRIES,
    Mutant,
)

MUTANTS = (
    # The guards: what makes a duplicate harmless.
    Mutant(
        "an attempt that has ended ends again",
        RETRIES,
        "    if not state.status.active:\n        return None\n    step = plan",
        "    step = plan",
    ),
    Mutant(
        "the end of attempt 1 ends attempt 2",
        RETRIES,
        "    if event.attempt != state.attempt or _outdated",
        "    if _outdated",
    ),
    Mutant("a launch of attempt 1 claims attempt 2", MACHINE, " and attempt == state.attempt + 1", ""),
    Mutant(
        "a claim is never refused",
        MACHINE,
        "    if not may_claim(state, event.attempt) and not _takes_over(state, event):\n        return None\n",
        "",
    ),
    Mutant(
        "a launch is recorded whatever the state",
        MACHINE,
        "    if state.status is not Status.LAUNCHING or event.attempt != state.attempt:\n        return None\n",
        "",
    ),
    Mutant(
        "a step is settled whatever the state",
        MACHINE,
        "    if not may_settle(state, event):\n        return None\n",
        "",
    ),
    Mutant(
        "a gate passes twice",
        EARLY,
        "    if state.status is not Status.PENDING or not (event.whole",
        "    if not (event.whole",
    ),
    # What others put: launches that nobody owes, or not yet, and checks that ask a job to stop.
    Mutant(
        "a launch needs no proof",
        ENGINE,
        "(ledger.alone or may_begin(ledger, execution, effect)):",
        "True:",
        test="tests/unit/test_engine_proving.py::test_a_launch_that_nobody_owes_begins_nothing",
    ),
    Mutant(
        "whatever a launch shows proves it",
        MESSAGES,
        "hmac.compare_digest(self.proof, self.proved(seal).proof)",
        "self.proof != ''",
        test="tests/unit/test_engine_proving.py::test_a_launch_that_nobody_owes_begins_nothing",
    ),
    Mutant(
        "the proof of one attempt is that of the next",
        MESSAGES,
        "-{self.attempt}-{self.due!r}",
        "-{self.due!r}",
        test="tests/unit/test_engine_proving.py::test_a_launch_that_nobody_owes_begins_nothing",
    ),
    Mutant(
        "the proof of one step is that of another",
        MESSAGES,
        "{self.run}-{self.node}-{self.att",
        "{self.run}-{self.att",
        test="tests/unit/test_engine_proving.py::test_a_launch_that_nobody_owes_begins_nothing",
    ),
    Mutant(
        "the proof of a launch leaves out when it is due",
        MESSAGES,
        "-{self.due!r}",
        "",
        test="tests/unit/test_engine_proving.py::test_a_launch_that_nobody_owes_begins_nothing",
    ),
    Mutant(
        "a launch that is proved begins at any time",
        PROOF,
        "launch.due <= latest and launch.is_",
        "launch.is_",
        test="tests/unit/test_engine_proving.py::test_a_launch_before_its_time_comes_again",
    ),
    Mutant(
        "a launch that is owed later begins now",
        PROOF,
        "            if owed.due <= latest:\n",
        "            if True:\n",
        test="tests/unit/test_engine_proving.py::test_a_launch_before_its_time_comes_again",
    ),
    Mutant(
        "a launch without a proof begins nothing",
        PROOF,
        "    view = ledger.joins(execution, (launch.node,), also=(launch.node,))\n",
        "    return False\n",
    ),
    Mutant(
        "a launch without a proof is looked for in the join alone",
        PROOF,
        "    if launch.attempt <= view.state(launch.node).attempt:\n        return True\n",
        "",
        test="tests/unit/test_engine_fence.py::test_what_is_recorded_stays_whichever_is_older",
    ),
    Mutant(
        "a check may ask a job to stop that nobody cancelled",
        CHECKING,
        "    made_up = check.chain.endswith(STOP) and state.stop is None",
        "    made_up = False",
        test="tests/unit/test_engine_proving.py::test_a_check_stops_no_job_that_nobody_cancelled",
    ),
    # What nobody owes.
    Mutant(
        "any task is performed at any node",
        FITTING,
        "    return None if role in roles else",
        "    return None if True else",
    ),
    Mutant(
        "a step is let pass as a gate is",
        FITTING,
        "return _not_at(plan, node, _GATE)",
        "return None",
        test="tests/unit/test_fitting.py::test_a_task_that_can_never_be_performed_is_told_why",
    ),
    Mutant(
        "a gate is skipped as a step is",
        FITTING,
        "        case Skip(node=node) | Release(node=node):\n            return _not_at(plan, node, _STEP)\n",
        "        case Skip(node=node) | Release(node=node):\n            return _not_at(plan, node, _STEP | _GATE)\n",
        test="tests/unit/test_fitting.py::test_a_task_that_can_never_be_performed_is_told_why",
    ),
    Mutant(
        "a step is skipped before its join says so",
        MACHINE,
        "        case Verdict.WAIT:\n            return None\n        case never:",
        "        case Verdict.WAIT:\n            return StepSettled(Status.SKIPPED, at)\n        case never:",
        test="tests/unit/test_machine.py::test_a_step_that_may_not_run_is_settled_as_its_rule_says",
    ),
    Mutant(
        "a gate passes before all have arrived",
        EARLY,
        "    if decide(plan, node, view) is Verdict.WAIT:\n",
        "    if False:\n",
    ),
    Mutant(
        "a run ends when it is told to",
        ENGINE,
        "        if status is RunStatus.RUNNING:\n            return\n",
        "",
    ),
)
