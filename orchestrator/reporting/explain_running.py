"""What a step is doing, and when it ends or is stopped. Pure."""

from orchestrator.core.kinds import PYTHON
from orchestrator.core.model import Status, StepState
from orchestrator.core.steps import Step
from orchestrator.reporting.phrases import attempt_of, threaded, until_ready
from orchestrator.reporting.times import clock, duration, lasted

#: When a run that no process drives continues.
RESUMED = "once the run is resumed"


def running(step: Step, state: StepState, now: float | None) -> list[str]:
    since = f" since {clock(state.started_at)}" if state.started_at is not None else ""
    attempt = attempt_of(step, state, state.attempt)
    if now is None and threaded(step, state):
        return [
            f"interrupted: it ran{since} in a thread of the process that drove the run, and ended with it: {attempt}",
            *([] if state.stop is not None else [f"it runs again {RESUMED}"]),
        ]
    if now is None:
        return [f"running{since} when the run was interrupted: {attempt}", *_once_resumed(step, state)]
    lines = [f"running{since}, for {lasted(state, now)}: {attempt}"]
    if until_ready(step):
        lines.append("it succeeds as soon as its streaming job is ready")
    elif state.due is not None:
        lines.append(f"it ends in {duration(state.due - now)}")
    if state.overdue is not None and step.timeout is not None:
        ends = "it ends when its function returns" if threaded(step, state) else "it is being stopped"
        lines.append(f"its timeout of {duration(step.timeout)} has passed, and {ends}")
    elif step.timeout is not None and state.started_at is not None:
        left = duration(state.started_at + step.timeout - now)
        lines.append(f"its timeout of {duration(step.timeout)} stops it in {left}")
    return lines


def _once_resumed(step: Step, state: StepState) -> list[str]:
    """What will happen to a step that was running, in a run that no process drives."""
    if step.timeout is None or state.started_at is None:
        return []
    return [f"its timeout of {duration(step.timeout)} stops it {RESUMED}, if it has passed by then"]


def stopping(step: Step, state: StepState) -> str:
    """What happens to a step that was cancelled but does not have that status."""
    if state.live:
        return _STOPPING[Status.RUNNING]
    if state.status is Status.SUCCEEDED and until_ready(step):
        return "and its job was stopped after the step had succeeded"
    if not state.attempt and state.status.final:
        return "but a step that never runs because of its trigger cannot be marked"
    if state.status.final:
        return "but its job ended before it could be stopped"
    if threaded(step, state):
        isolated = "" if step.work.kind != PYTHON.key else ": only a function with isolated: true can be stopped"
        return f"and it ends when its function returns{isolated}"
    return _STOPPING[state.status]


_STOPPING = {
    Status.PENDING: "and it ends as soon as its trigger has nothing left to wait for",
    Status.LAUNCHING: "and its job will be stopped as soon as it is known",
    Status.RUNNING: "and its job is asked to stop repeatedly until it has ended",
}
