"""Hand-made mutants of what cancels runs and steps."""

from tests.simulation.mutations.mutant import CHECKING, ENGINE, LAUNCHING, MACHINE, RETRIES, Mutant

MUTANTS = (
    Mutant(
        "a step that was cancelled begins an attempt",
        MACHINE,
        "(Status.PENDING, Status.UP_FOR_RETRY) and state.stop is None",
        "(Status.PENDING, Status.UP_FOR_RETRY)",
        test="tests/unit/test_machine.py::test_a_step_that_was_cancelled_before_it_began_ends_as_cancelled_whatever_its_join_says",
    ),
    Mutant(
        "a job that fails while its step is cancelled is tried again",
        RETRIES,
        " and state.stop is None:\n                wait",
        ":\n                wait",
    ),
    Mutant(
        "a job that is interrupted while its step is cancelled runs again",
        RETRIES,
        "case Outcome.CANCELLED | Outcome.INTERRUPTED if state.stop is not None:",
        "case Outcome.CANCELLED if state.stop is not None:",
        test="tests/unit/test_machine.py::test_the_job_of_a_step_that_was_cancelled_ends_it_and_what_its_service_said_is_kept",
    ),
    Mutant(
        "whoever takes a claim over forgets that the step was cancelled",
        MACHINE,
        "            stop=state.stop,\n",
        "",
        test="tests/unit/test_engine_ending.py::test_a_step_that_was_cancelled_and_whose_launch_was_lost_is_not_launched_again",
    ),
    Mutant(
        "a step that was cancelled before it began ends as its join or its when says",
        MACHINE,
        "    if state.stop is not None and (state.stop.mark is None or event.cause != TRIGGER):\n",
        "    if state.stop is not None and state.stop.mark is not None and event.cause != TRIGGER:\n",
        test="tests/unit/test_engine_ending.py::test_a_cancelled_run_ends_with_its_jobs_and_starts_no_other",
    ),
    Mutant(
        "a step that was cancelled between two attempts waits for the next",
        MACHINE,
        "    if state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):\n"
        "        return final(plan, node, cancelled(stopped,",
        "    if state.status is Status.NEEDS_ATTENTION:\n        return final(plan, node, cancelled(stopped,",
        test="tests/unit/test_machine.py::test_a_step_that_is_cancelled_between_two_attempts_does_not_end_before_it_started_either",
    ),
    Mutant(
        "nobody is told to stop the job of a step that was cancelled",
        MACHINE,
        "                if state.stop is not None:\n                    yield Check(run, node, state.attempt, STOP)\n",
        "",
        test="tests/unit/test_engine_ending.py::test_a_cancelled_run_ends_with_its_jobs_and_starts_no_other",
    ),
    Mutant(
        "a step that was cancelled before it began never ends",
        MACHINE,
        "        case Verdict.RUN, Role.STEP if state.stop is None:\n",
        "        case Verdict.RUN, Role.STEP:\n",
    ),
    Mutant(
        "a check that is to stop a job only asks for its state",
        CHECKING,
        "asks = check.chain.endswith(STOP) or ",
        "asks = ",
    ),
    Mutant(
        "a job that does not listen is asked to stop once",
        CHECKING,
        "    elif check.chain == STOP:\n        wait = GRACE\n",
        "    elif check.chain == STOP:\n        return\n",
        test="tests/unit/test_engine_ending.py::test_a_job_that_does_not_listen_is_asked_again_until_it_ends_and_the_run_ends_after_it",
    ),
    Mutant(
        "a job is launched for a step that was cancelled, though nobody else can launch it",
        LAUNCHING,
        "if job is None and claim.abandoned:",
        "if False:",
        test="tests/unit/test_engine_ending.py::test_where_nobody_else_launches_a_step_that_was_cancelled_and_has_no_job_is_not_launched",
    ),
    Mutant(
        "a run does not know that it was cancelled",
        ENGINE,
        "ledger.store.stop_run(key, stop) or stop",
        "stop",
        test="tests/unit/test_cancellation.py::test_of_two_cancellations_the_first_holds",
    ),
    Mutant(
        "a cancelling that died halfway is not finished",
        ENGINE,
        "            self._stop(execution, nodes, run.stop, certain(ledger, execution, view).view)\n",
        "",
        test="tests/unit/test_engine_ending.py::test_a_cancelling_that_died_halfway_is_finished_by_a_sweep",
    ),
    Mutant(
        "steps that have a job are not cancelled",
        ENGINE,
        "            if state.stop is None:\n                ledger.handle(execution, node, StopRequested(stop))\n",
        "            if not state.status.active:\n"
        "                ledger.handle(execution, node, StopRequested(stop))\n",
        test="tests/unit/test_cancellation.py::test_of_two_cancellations_the_first_holds",
    ),
    Mutant(
        "what an earlier cancelling did not come to pay is not paid by the next",
        ENGINE,
        "        ledger.pay(execution, view, [node for node, state in states.items() if state.stop is not None])\n",
        "",
        test="tests/unit/test_engine_ending.py::test_a_cancelling_that_died_before_it_asked_a_job_is_paid_by_the_next",
    ),
    Mutant(
        "teardowns are cancelled with their run",
        ENGINE,
        "if not step.teardown and plan",
        "if plan",
        test="tests/unit/test_engine_ending.py::test_a_teardown_runs_when_its_run_is_cancelled_and_ends_before_it",
    ),
    Mutant(
        "a run that was cancelled has failed",
        ENGINE,
        "            status = RunStatus.CANCELLED\n",
        "            pass\n",
        test="tests/unit/test_engine_ending.py::test_a_cancelled_run_ends_with_its_jobs_and_starts_no_other",
    ),
    Mutant(
        "a job that goes on though its step has succeeded is not cancelled with its run",
        MACHINE,
        "    if (state.status.final and not (state.live and stop.mark is None)) or",
        "    if state.status.final or",
        test="tests/unit/test_engine_ending.py::test_a_cancelling_that_died_before_it_asked_a_job_is_paid_by_the_next",
    ),
    Mutant(
        "a run that was cancelled does not wait for the jobs that go on",
        ENGINE,
        "        if stop is not None and live:\n",
        "        if False:\n",
    ),
    Mutant(
        "the end of a job that went on does not end the run that waited for it",
        MACHINE,
        "yield Check(run, node, state.attempt, STOP) if state.live else Finish(run, after=node)",
        "yield Check(run, node, state.attempt, STOP)",
    ),
    Mutant(
        "a job of a step that was cancelled has what the step waited for, and so is left alone",
        CHECKING,
        "unwanted = state.stop is not None or ",
        "unwanted = ",
    ),
)
