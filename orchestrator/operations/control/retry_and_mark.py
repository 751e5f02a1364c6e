"""Retries a step that needs attention, and marks steps, and says what became of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.core.control import MAX_FORGIVEN
from orchestrator.core.events import RetryRequested, StopRequested
from orchestrator.core.model import Status, StepState, Stop
from orchestrator.core.rules import IMPATIENT
from orchestrator.core.values import MAX_OUTPUT, misfit
from orchestrator.errors import UsageError
from orchestrator.expressions import references
from orchestrator.operations import tokens
from orchestrator.operations.control.arguments import reason
from orchestrator.operations.find_step import find_step, too_late
from orchestrator.operations.requests import Apply, Done, MarkAsked, Person, RetryAsked
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import done_by, status_word, stopped
from orchestrator.reporting.times import duration
from orchestrator.reporting.upstream import unfinished
from orchestrator.text import listed


def retry(asked: RetryAsked, found: Found, person: Person, apply: Apply) -> Done:
    """Try a step again. If that was asked before for the attempt that is named, say so and change nothing.

    Raises NotFoundError or ChangedError.
    """
    node = find_step(found.plan, asked.step)
    if ended := too_late("retry", found):
        return Done(refused=(ended,))
    unchanged = tokens.check(found, {node}, asked.if_match)
    attempt = found.view.state(node).attempt if asked.attempt is None else asked.attempt
    event = RetryRequested(attempt, person.at, person.name, reason(asked.why))
    commit = apply(found, event, {node}, unchanged).get(node)
    state = commit.state if commit is not None else found.view.state(node)
    step = f"run {found.called}: {found.plan.steps[node].name}"
    if commit is not None and commit.applied:
        return Done((f"{step} is retried: attempt {state.attempt + 1}",), changed=True)
    if asked.attempt is not None and _tried_again(state, asked.attempt):
        return Done((f"{step} was already retried after attempt {asked.attempt}",))
    return Done(refused=(f"{step} {_not_retried(state, attempt)}",))


def mark(asked: MarkAsked, found: Found, person: Person, apply: Apply) -> Done:
    """Decide how a step ends. If the same person has decided the same before, change nothing.

    Raises NotFoundError, ChangedError, or UsageError for outputs that cannot be stored.
    """
    node = find_step(found.plan, asked.step)
    if ended := too_late("mark", found):
        return Done(refused=(ended,))
    unchanged = tokens.check(found, {node}, asked.if_match)
    stop = Stop(person.at, person.name, reason(asked.why), asked.status, asked.outputs)
    commit = apply(found, StopRequested(stop), {node}, unchanged).get(node)
    state = commit.state if commit is not None else found.view.state(node)
    step = f"run {found.called}: {found.plan.steps[node].name}"
    if state.stop == stop or _same(state.stop, stop):
        said = f"{step} {_becomes(found, node, state.status, asked.status)}"
        return Done((said, *_without_outputs(found, node, stop)), changed=state.stop == stop)
    return Done(refused=(f"{step} cannot be marked: {_why_not(state)}",))


def fit_outputs(outputs: Any, status: Status, where: str) -> Mapping[str, Any] | None:
    """``outputs`` if a step that is marked so may have them. ``where``: what gave them. Raises UsageError."""
    if outputs is None:
        return None
    if status is not Status.SUCCEEDED:
        raise UsageError(
            f"{where}: expected 'succeeded' with it, got '{status}': only a step that succeeded has outputs"
        )
    if not isinstance(outputs, dict):
        raise UsageError(f"{where}: expected a JSON object, got {json.dumps(outputs)!r:.60}")
    wrong = misfit(outputs)
    if wrong is None and (size := len(json.dumps(outputs, ensure_ascii=False).encode())) > MAX_OUTPUT:
        wrong = f"expected at most {MAX_OUTPUT:,} bytes, got {size:,}"
    if wrong is not None:
        raise UsageError(f"{where}: {wrong}")
    return outputs


def _tried_again(state: StepState, attempt: int) -> bool:
    """Whether the step has been retried since that attempt failed."""
    return state.attempt > attempt or (state.attempt == attempt and state.status is Status.UP_FOR_RETRY)


def _not_retried(state: StepState, attempt: int) -> str:
    if state.status is not Status.NEEDS_ATTENTION:
        return f"does not need attention: it is {status_word(state.status)}"
    if state.attempt != attempt:
        return f"has had {state.attempt} attempts: there is no failed attempt {attempt} to retry"
    return f"has failed more than {MAX_FORGIVEN} times: mark it, or cancel it"


def _same(there: Stop | None, stop: Stop) -> bool:
    """Whether the request that counts is the same but for its time: somebody has sent it twice."""
    if there is None or there.mark is None:
        return False
    return (there.by, there.why, there.mark, there.outputs) == (stop.by, stop.why, stop.mark, stop.outputs)


def _becomes(found: Found, node: int, status: Status, mark: Status) -> str:
    step = found.plan.steps[node]
    if status is mark:
        return f"marked {mark}"
    if status.active:
        return f"is asked to stop, and ends as {mark} when its job has ended"
    if not unfinished(found.plan, found.view.states, node):  # as an item of a map, which waits for none
        return f"ends as {mark} {'when the run is resumed' if found.abandoned else 'in a moment'}, and does not run"
    if step.within is not None:
        limit = f"at the latest {duration(step.within)} after the first of them did"
        return f"ends as {mark} when the steps before it have ended, {limit}"
    if step.trigger in IMPATIENT:
        return f"ends as {mark} as soon as its trigger waits for nothing more, unless it keeps the step from running"
    return f"ends as {mark} when the steps before it have ended, unless its trigger keeps it from running"


def _without_outputs(found: Found, node: int, stop: Stop) -> Iterator[str]:
    """That steps read what the marked one would have left, and will fail of that."""
    if stop.mark is not Status.SUCCEEDED or stop.outputs is not None:
        return
    name, steps = found.plan.steps[node].name, found.plan.steps
    origin = f"{found.way}/{name}" if found.way else name
    left = [steps[number] for number in range(len(steps)) if not found.view.state(number).status.final]
    if readers := [step.name for step in left if name in references([step.work.spec, step.when])]:
        fails = f"{listed(readers, 'and')} {'reads' if len(readers) == 1 else 'read'} its outputs"
        yield (
            f"{fails}, and you gave none with --outputs: if that fails, '{found.rerun} --from {origin}' runs all of "
            "them again when the run has ended"
        )


def _why_not(state: StepState) -> str:
    if state.stop is not None and not state.status.final:
        return f"it was {done_by(state.stop)} {stopped(state.stop)}"
    if not state.status.final:
        return "it has changed meanwhile"
    return f"it has ended ({status_word(state.status)})"
