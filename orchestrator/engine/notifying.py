"""Tells receivers of what happens to runs: what a run owes them goes onto a queue of its own, and is sent from there.

A step's failure is in its state before it is announced; the state then says so, and nobody announces it again. The
notifications of a run's end are on the queue *before* the run ends, because nobody looks at an ended run again: sent
too early, they fail, and the queue tries again.
"""

from collections.abc import Iterator

from orchestrator.core.announcing import announcements, happened, unannounced
from orchestrator.core.events import Announced
from orchestrator.core.messages import Announce, Notify
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.occasions import Occasion, receivers_of
from orchestrator.engine import notification_texts
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError, NotFoundError, NotNotifiedError
from orchestrator.ports import NOTICES, Notification, Task

#: Seconds from the end of a run or step until its notifications are given up: a receiver may be down for a weekend.
GIVE_UP = 4 * 86_400.0

#: Seconds by which the notifications of a run's end are delayed, since they are on the queue before it.
_HEAD_START = 2.0

_ENDS = {
    RunStatus.FAILED: Occasion.RUN_FAILED,
    RunStatus.SUCCEEDED: Occasion.RUN_SUCCEEDED,
    RunStatus.CANCELLED: Occasion.RUN_CANCELLED,
}
_OF_STEPS = (Occasion.STEP_FAILED, Occasion.NEEDS_ATTENTION)


def announce_or_notify(ledger: Ledger, execution: Execution, effect: Announce | Notify) -> None:
    """Do what a task asks for that is about receivers."""
    announce(ledger, execution, effect) if isinstance(effect, Announce) else notify(ledger, execution, effect)


def announce(ledger: Ledger, execution: Execution, effect: Announce) -> None:
    """Put the notifications of a step's failure onto the queue, and record that. Nothing if that was done before."""
    state = ledger.store.load(execution.run.key, (effect.node,), ()).state(effect.node)
    if (occasion := unannounced(state)) is not None and state.attempt == effect.attempt:
        _put(ledger, execution.run, occasion, effect.node, state.attempt)
        ledger.commit(execution, effect.node, Announced(effect.attempt))


def before_end(ledger: Ledger, execution: Execution, status: RunStatus, view: View) -> None:
    """Put the notifications of a run's end onto the queue, and those of its steps that are not on it yet.

    ``view``: all states of the run, or none if nothing of them is needed for its status.
    """
    run, plan = execution.run, execution.plan
    if any(receivers_of(run.notify, occasion) for occasion in _OF_STEPS):
        if not view.states:
            view = ledger.store.load_all(run.key, unreadable=lambda _: None, outputs=False)
        for owed in announcements(run, plan, view, range(len(plan.steps))):
            occasion = unannounced(view.state(owed.node))
            assert occasion is not None
            _put(ledger, run, occasion, owed.node, owed.attempt)
    _put(ledger, run, _ENDS[status])


def notify(ledger: Ledger, execution: Execution, effect: Notify) -> None:
    """Notify a receiver. Raises NotNotifiedError, to be tried again later, or finally if it was tried for long."""
    receivers, notification = ledger.receivers, composed(ledger, execution, effect)
    if notification is None or receivers is None:
        return
    try:
        receivers.notify(effect.to, notification)
    except NotNotifiedError as error:
        raise judged(error, notification, ledger.clock()) from error


def judged(error: NotNotifiedError, notification: Notification, now: float) -> NotNotifiedError:
    """``error``, or the one that says that the notification is given up, if it has been tried for long."""
    if not error.retryable or now <= notification.at + GIVE_UP:
        return error
    return NotNotifiedError(f"{error}: given up after {GIVE_UP / 86_400:g} days", final=True)


def composed(ledger: Ledger, execution: Execution, effect: Notify) -> Notification | None:
    """The notification, from what is stored now; None if it did not happen, or the run does not notify of it.

    Raises BackendError, for another try, if the run has not ended yet, and NotFoundError if it is gone.
    """
    run = ledger.store.get_run(execution.run.key)
    if run is None:
        raise NotFoundError(f"{effect.name}: its run is gone")
    if effect.occasion == Occasion.LATE and effect.to in receivers_of(run.notify, Occasion.LATE):
        return _late(ledger, execution, run, effect)
    of_a_step = effect.occasion in _OF_STEPS
    if effect.to not in receivers_of(run.notify, Occasion(effect.occasion)) or of_a_step != (effect.step >= 0):
        return None
    if of_a_step:
        return _of_step(ledger, execution, run, effect)
    if run.status is RunStatus.RUNNING:
        raise BackendError(f"{effect.name}: the run has not ended yet: try again later")
    if _ENDS[run.status] != effect.occasion:
        return None
    flags = ledger.flags if ledger.rerun_flags is None else ledger.rerun_flags
    return notification_texts.of_run(effect, run, _failures(ledger, execution, run), flags)


def _of_step(ledger: Ledger, execution: Execution, run: Run, effect: Notify) -> Notification | None:
    step = execution.plan.steps[effect.step]
    state = ledger.store.load(run.key, (effect.step,), ()).state(effect.step)
    failure = happened(state, effect.occasion, effect.of_attempt)
    if failure is None:
        return None
    failed = step.name, effect.of_attempt, ledger.quotable(run, step, failure)
    return notification_texts.of_step(effect, run, failed, ledger.flags)


def _late(ledger: Ledger, execution: Execution, run: Run, effect: Notify) -> Notification | None:
    """That a deadline is missed, or will be, if that is recorded. It is on the queue before it is."""
    plan, node = execution.plan, effect.step if effect.step >= 0 else execution.plan.end
    if node not in plan.deadlines:
        return None
    state = ledger.store.load(run.key, (node,), ()).state(node)
    if (state.endangered_at if effect.ahead else state.missed_at) is not None:
        return notification_texts.of_deadline(effect, run, plan, state, ledger.flags)
    if run.status is RunStatus.RUNNING:
        raise BackendError(f"{effect.name}: that is not recorded yet: try again later")
    return None


def _failures(ledger: Ledger, execution: Execution, run: Run) -> Iterator[notification_texts.Failed]:
    """The failures of the steps that made the run fail, as far as they can be read."""
    numbers = [execution.plan.numbers[name] for name in run.failed if name in execution.plan.numbers]
    view = ledger.store.load(run.key, numbers, ()) if numbers else View()
    for number in numbers:
        step, state = execution.plan.steps[number], view.state(number)
        failure = happened(state, Occasion.STEP_FAILED, state.attempt)
        if failure is not None:
            yield step.name, state.attempt, ledger.quotable(run, step, failure)


def _put(ledger: Ledger, run: Run, occasion: Occasion, node: int = -1, attempt: int = 0) -> None:
    due = 0.0 if ledger.alone or node >= 0 else ledger.clock() + _HEAD_START
    tells = [Notify(run.key, to, occasion, node, attempt, due) for to in receivers_of(run.notify, occasion)]
    if tells:
        ledger.queue.put([Task(tell.name, NOTICES, tell) for tell in tells])
