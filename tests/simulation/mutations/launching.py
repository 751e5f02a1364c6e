"""Hand-made mutants of launches, and of the adapter of Dataflow."""

from tests.simulation.mutations.mutant import (
    CHECKING,
    CLAIMING,
    DATAFLOW,
    DUPLICATES,
    LAUNCHING,
    RETRIES,
    STANDING,
    Mutant,
)

MUTANTS = (
    # Launching.
    Mutant(
        "launched without looking for an existing job",
        LAUNCHING,
        "job = None if claim.new else backend.find(request)\n",
        "job = None\n",
        test="tests/unit/test_engine_launching.py::test_a_launch_whose_answer_was_lost_is_looked_for_before_it_is_made_again",
    ),
    Mutant(
        "launched without a claim",
        LAUNCHING,
        "    claim = claimed(ledger, execution, effect)\n    if isinstance(claim, StepState):\n        return _too",
        "    named = name_of(ledger, execution, effect)\n"
        "    claim = Claim(ledger, execution, effect, named, ledger.clock(), new=True)\n"
        "    if isinstance(claim, StepState):\n        return _too",
        test="tests/unit/test_cancellation.py::test_of_two_cancellations_the_first_holds",
    ),
    Mutant(
        "no lease: whoever finds no job launches one",
        CLAIMING,
        "        if fresh or not (commit := ledger.commit(execution, effect.node, anew)).applied:",
        "        if commit is None:",
        test="tests/unit/test_engine_launching.py::test_while_a_claim_is_fresh_no_other_delivery_launches",
    ),
    Mutant(
        "a lease that ran out is not begun anew",
        CLAIMING,
        "        if fresh or not (commit := ledger.commit(execution, effect.node, anew)).applied:",
        "        if fresh:",
        test="tests/unit/test_engine_launching.py::test_a_launch_that_sent_nothing_may_be_made_again_at_once",
    ),
    Mutant(
        "an attempt fails when one launch of it was lost",
        LAUNCHING,
        "claim.lost >= MAX_LOST:",
        "claim.lost:",
        test="tests/unit/test_engine_launching.py::test_while_a_claim_is_fresh_no_other_delivery_launches",
    ),
    Mutant(
        "a launch is sent however old its claim is",
        CLAIMING,
        "        if self._in_time():\n            return\n        event",
        "        if True:\n            return\n        event",
        test="tests/unit/test_engine_fence.py",
    ),
    Mutant(
        "a launch is sent until others may launch it too",
        CLAIMING,
        " - self.ledger.launch_margin",
        "",
        test="tests/unit/test_engine_fence.py",
    ),
    Mutant(
        "an end at launch is acknowledged though another launches",
        LAUNCHING,
        "    if not commit.applied and commit.state.status is Status.LAUNCHING and",
        "    if False and",
        test="tests/unit/test_engine_fence.py",
    ),
    Mutant(
        "an end at launch counts though another has taken the claim over",
        RETRIES,
        " or _outdated(state, event):\n",
        ":\n",
        test="tests/unit/test_engine_fence.py::test_an_end_at_launch_counts_only_while_its_claim_holds",
    ),
    Mutant(
        "a launch that was refused is not looked for later",
        LAUNCHING,
        "        return check_later(ledger, execution, effect)\n",
        "        return None\n",
        test="tests/unit/test_engine_fence.py::test_a_launch_that_was_refused_and_runs_is_stopped_when_it_is_seen",
    ),
    # Dataflow.
    Mutant(
        "one look at one list is believed",
        DATAFLOW,
        "        if found := self.find(request):\n            return found\n        region, named",
        "        region, named",
        test="tests/contract/dataflow/test_launching_once.py::test_an_active_job_of_the_name_is_adopted_on_409",
    ),
    Mutant(
        "a want of quota is a refusal",
        LAUNCHING,
        "    except QuotaError as error:\n",
        "    except QuotaError as error:\n        raise LaunchRefusedError(str(error)) from error\n",
    ),
    Mutant(
        "a streaming job that runs is not what its step waited for",
        STANDING,
        "            case states.RUNNING if handle.streaming or handle.keep:\n",
        "            case states.RUNNING if handle.keep:\n",
    ),
    Mutant(
        "a job whose state goes back has ended",
        CHECKING,
        "    if isinstance(status, JobEnd) and not status.live:\n",
        "    if not (isinstance(status, JobEnd) and status.live):\n"
        "        status = JobEnd(Outcome.SUCCEEDED, ledger.clock())\n"
        "        return ledger.handle(execution, check.node, ended(step, state, status, inf, check.chain))\n",
        test="tests/unit/test_engine_ending.py::test_a_job_that_goes_on_is_not_taken_for_ended_where_its_service_shows_how_it_was_before",
    ),
    Mutant(
        "a launch is sent though its claim was taken over",
        CLAIMING,
        '        raise BackendError(f"{self.job_name}: its claim',
        '        return\n        raise BackendError(f"{self.job_name}: its claim',
        test="tests/unit/test_engine_fence.py::test_nothing_is_sent_when_another_took_the_claim_over",
    ),
    Mutant(
        "who launched a second job leaves it alone",
        DUPLICATES,
        "(found.job,)), *found.beside) if job != stays]",
        "(found.job,)), *found.beside) if False]",
        test="tests/unit/test_engine_fence.py::test_who_launched_a_second_job_cancels_that_one_and_says_so",
    ),
    Mutant(
        "the job that is recorded is cancelled as one too many",
        DUPLICATES,
        "(found.job,)), *found.beside) if job != stays]",
        "(found.job,)), *found.beside)]",
        test="tests/unit/test_engine_fence.py::test_who_launched_a_second_job_cancels_that_one_and_says_so",
    ),
    Mutant(
        "a claim is given up though its launch may have been sent",
        LAUNCHING,
        "    except AmbiguousLaunchError:\n        claim.unanswered()\n        raise",
        "    except LookupError:\n        claim.unanswered()\n        raise",
        test="tests/unit/test_engine_launching.py::test_while_a_claim_is_fresh_no_other_delivery_launches",
    ),
    Mutant(
        "a kind that nobody can run is not refused",
        LAUNCHING,
        "    try:\n        return _launch(ledger, claim, request, ledger.backend(work.kind))\n",
        "    backend = ledger.backend(work.kind)\n    try:\n        return _launch(ledger, claim, request, backend)\n",
        test="tests/unit/test_engine_fence.py::test_a_kind_that_nobody_can_run_waits_for_who_claimed_it_and_is_not_forgotten",
    ),
)
