"""Hand-made mutants of what tells receivers: each must be noticed by the simulation (mutants.py)."""

from tests.simulation.mutations.mutant import ENGINE, MACHINE, Mutant

NOTIFYING, ANNOUNCING, LOCAL = (
    f"orchestrator/{name}.py" for name in ("engine/notifying", "core/announcing", "queues/local")
)

_SERVING = "tests/simulation/test_serving.py::test_a_start_happens_once_or_its_absence_is_told_once_whatever_is_killed"

MUTANTS = (
    Mutant(
        "the announcement of a failure is recorded before its notifications are on the queue",
        NOTIFYING,
        "        _put(ledger, execution.run, occasion, effect.node, state.attempt)\n"
        "        ledger.commit(execution, effect.node, Announced(effect.attempt))\n",
        "        ledger.commit(execution, effect.node, Announced(effect.attempt))\n"
        "        _put(ledger, execution.run, occasion, effect.node, state.attempt)\n",
        test="tests/unit/test_notifying.py::test_a_failure_is_not_announced_before_its_notifications_are_on_the_queue",
    ),
    Mutant(
        "a run ends before its notifications are on the queue",
        ENGINE,
        "            before_end(ledger, execution, status, view)\n",
        "            ledger.store.end_run(execution.run.key, status, ledger.clock(), failed)\n"
        "            before_end(ledger, execution, status, view)\n",
        test="tests/unit/test_notifying.py::test_a_run_does_not_end_before_its_notifications_are_on_the_queue",
    ),
    Mutant(
        "a run ends though failures of its steps are not announced yet",
        NOTIFYING,
        "    if any(receivers_of(run.notify, occasion) for occasion in _OF_STEPS):\n",
        "    if not run.notify:\n",
        test="tests/unit/test_notifying.py::test_a_run_that_ends_announces_what_its_steps_have_not_come_to_announce",
    ),
    Mutant(
        "the end of a run is dropped if it is delivered before the run has ended",
        NOTIFYING,
        '        raise BackendError(f"{effect.name}: the run has not ended yet: try again later")\n',
        "        return None\n",
    ),
    Mutant(
        "a notification of another end than the run's is told",
        NOTIFYING,
        "    if _ENDS[run.status] != effect.occasion:\n        return None\n",
        "",
        test="tests/unit/test_notifying.py::test_what_did_not_happen_is_not_told_whoever_puts_the_task",
    ),
    Mutant(
        "a step's failure is told whatever became of the step",
        ANNOUNCING,
        "    if 0 < state.attempt == attempt and (state.announced == attempt or unannounced(state) == occasion):\n",
        "    if 0 < state.attempt == attempt:\n",
        test="tests/unit/test_notifying.py::test_what_did_not_happen_is_not_told_whoever_puts_the_task",
    ),
    Mutant(
        "what a person marked is announced",
        ANNOUNCING,
        "    if state.cause == MARKED or state.attempt <= state.announced:\n",
        "    if state.attempt <= state.announced:\n",
        test="tests/unit/test_notifying.py::test_what_a_person_marked_and_what_was_announced_is_no_occasion",
    ),
    Mutant(
        "an attempt forgets what was announced of the one before",
        MACHINE,
        "            announced=state.announced,\n",
        "",
        test="tests/unit/test_notifying.py::test_an_attempt_that_was_announced_is_remembered_after_a_retry",
    ),
    Mutant(
        "only receivers of the first name are notified",
        NOTIFYING,
        "for to in receivers_of(run.notify, occasion)]",
        "for to in receivers_of(run.notify, occasion)[:1]]",
    ),
    Mutant(
        "a queue that forgets a run forgets its notifications too",
        LOCAL,
        'AND (lane != ? OR done = 1)", (run, but))',
        'AND (lane != ? OR done = 1)", (run, ""))',
        test="tests/contract/test_local_queue.py::test_the_notifications_of_a_forgotten_run_are_sent_all_the_same",
    ),
    Mutant(
        "a notification is given up like any other task",
        LOCAL,
        "if delivery.queue != NOTICES else",
        "if True else",
        test="tests/contract/test_local_queue.py::test_a_notification_is_tried_however_often_its_receiver_is_down",
    ),
    Mutant(
        "a server begins the next runs before it owes what was missed",
        "orchestrator/operations/serve/server.py",
        "        self._missed.owe(_newest(late, wanted))\n"
        "        for start in wanted:\n            self._begin(start)\n",
        "        for start in wanted:\n            self._begin(start)\n"
        "        self._missed.owe(_newest(late, wanted))\n",
        test=_SERVING,
    ),
    Mutant(
        "a start is told as missed that has happened by now",
        "orchestrator/engine/missed_starts.py",
        "    gone = (start for start in starts if ledger.store.find_run(start.run_id) is None)",
        "    gone = (start for start in starts if True)",
        test="tests/unit/test_missed_starts.py",
    ),
    Mutant(
        "a missed start is told by each server anew",
        "orchestrator/engine/missed_starts.py",
        "    return [MissedStart(run_key(start.run_id), start.run_id",
        "    return [MissedStart(run_key(f'{start.run_id}{ledger.clock()}'), start.run_id",
        test=_SERVING,
    ),
)
