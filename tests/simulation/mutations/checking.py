"""Hand-made mutants of checks and retries."""

from tests.simulation.mutations.mutant import CHECKING, MACHINE, MEMORY, MESSAGES, RETRIES, Mutant

MUTANTS = (
    # Checking.
    Mutant(
        "a check that fails fails the step",
        CHECKING,
        "    match backend.status(state.job):\n",
        "    try:\n        found = backend.status(state.job)\n"
        "    except Exception:\n        found = JobEnd(Outcome.FAILED, ledger.clock())\n"
        "    match found:\n",
        test="tests/unit/test_engine_checking.py::test_a_job_service_that_cannot_tell_does_not_fail_the_step",
    ),
    Mutant(
        "the next check has the name of the last",
        MESSAGES,
        "return replace(self, number=self.number + 1, due=due)",
        "return replace(self, due=due)",
        test="tests/unit/test_engine.py::test_a_check_that_ended_its_step_and_is_then_put_off_leaves_the_paying_to_the_check_after_it",
    ),
    Mutant(
        "a job past its time is cancelled, and its step too",
        MACHINE,
        "    return Transition(replace(state, overdue=event.at))\n",
        "    return None\n",
        test="tests/unit/test_machine.py::test_that_a_job_is_asked_because_its_time_is_up_is_written_once_and_not_where_somebody_cancelled",
    ),
    Mutant(
        "a job that was over for long when it was asked to stop has timed out",
        RETRIES,
        " and end.at >= state.overdue - event.doubt\n",
        "\n",
        test="tests/unit/test_machine.py::test_who_stopped_a_job_is_what_was_recorded_unless_it_ended_before_beyond_doubt",
    ),
    Mutant(
        "a signal is believed",
        CHECKING,
        "        case JobRunning(due):\n",
        "        case JobRunning() if check_times.of_a_signal(check):\n"
        "            over = JobEnd(Outcome.SUCCEEDED, ledger.clock())\n"
        "            return ledger.handle(execution, check.node, ended(step, state, over, ledger.clock_skew))\n"
        "        case JobRunning(due):\n",
    ),
    Mutant(
        "a check whose time is known comes when any other would",
        CHECKING,
        "        wait = min([wait, *(hint - now for hint in hints)])\n",
        "",
        test="tests/unit/test_engine_checking.py::test_a_job_is_checked_when_it_says_that_a_check_will_pay",
    ),
    # Retries.
    Mutant(
        "a retry does not wait",
        RETRIES,
        "wait = max(step.retry.wait(failures), end.retry_after)",
        "wait = end.retry_after",
        test="tests/unit/test_machine.py::test_no_step_ends_before_it_starts_whatever_the_clock_of_its_job_says",
    ),
    Mutant(
        "a launch forgets when it is due",
        MACHINE,
        "yield Launch(run, node, state.attempt + 1, due=state.due or 0.0)",
        "yield Launch(run, node, state.attempt + 1)",
        test="tests/unit/test_machine.py::test_what_is_owed_is_a_function_of_the_state",
    ),
    Mutant(
        "a run ends as often as it is told to",
        MEMORY,
        "            if self._runs[run].status is not RunStatus.RUNNING:\n                return False\n",
        "",
    ),
    Mutant(
        "an interruption costs a retry",
        RETRIES,
        "failures = state.attempt - state.interruptions",
        "failures = state.attempt",
        test="tests/unit/test_machine.py::test_an_interruption_of_our_making_is_owed_again_at_once_and_costs_no_retry",
    ),
    Mutant("a new attempt forgets the interruptions", MACHINE, "            interruptions=state.interruptions,\n", ""),
    Mutant("a new attempt forgets what was not of our making", MACHINE, "            unasked=state.unasked,\n", ""),
    Mutant(
        "what is lost is made again for ever", RETRIES, "is Interruption.ASKED or state.unasked < most:", "is not None:"
    ),
    Mutant(
        "what is lost is made again at once",
        RETRIES,
        "pause = 0.0 if asked else min",
        "pause = 0.0 * min",
        test="tests/unit/test_machine.py::test_no_step_ends_before_it_starts_whatever_the_clock_of_its_job_says",
    ),
    Mutant(
        "what is permanent is tried again",
        RETRIES,
        " and not end.permanent",
        "",
        test="tests/unit/test_machine.py::test_a_permanent_failure_is_not_retried",
    ),
)
