"""Holds and releases steps, and says what became of each."""

from collections.abc import Iterator, Mapping

from orchestrator.core.control import Hold
from orchestrator.core.events import HoldReleased, HoldRequested
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import RunStatus, StepState
from orchestrator.errors import UsageError
from orchestrator.operations import tokens
from orchestrator.operations.control.arguments import AHEAD, is_too_far, reason
from orchestrator.operations.find_step import find_step, too_late
from orchestrator.operations.requests import Apply, Done, HoldAsked, Person, ReleaseAsked
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found
from orchestrator.reporting.held import held_by, hold_of
from orchestrator.reporting.phrases import counted, done_by, listed, status_word, stopped


def hold(asked: HoldAsked, found: Found, person: Person, apply: Apply) -> Done:
    """Hold the named steps of a run, or all.

    Raises NotFoundError, ChangedError, or UsageError if ``until`` is too far ahead.
    """
    if asked.until is not None and (asked.until < 0 or is_too_far(asked.until, person.at)):
        raise UsageError(f"until: expected a time in the future, {AHEAD}")
    named = {find_step(found.plan, name) for name in asked.steps}
    if ended := too_late("hold", found):
        return Done(refused=(ended,))
    unchanged = tokens.check(found, named, asked.if_match)
    wanted = Hold(person.at, person.name, reason(asked.why), asked.until)
    commits = apply(found, HoldRequested(wanted), named or set(found.steps), unchanged)
    late = {node: _state(found, commits, node) for node in sorted(named) if not _taken(commits.get(node))}
    said = tuple(f"run {found.called}: {line}" for line in _held(found, commits, wanted))
    refused = tuple(
        f"run {found.called}: {found.plan.steps[node].name} {_not_held(state)}" for node, state in late.items()
    )
    return Done(said, refused, any(commit.applied for commit in commits.values()))


def release(asked: ReleaseAsked, found: Found, person: Person, apply: Apply) -> Done:
    """Release the named steps of a run, or all that are held: none of a run that has ended.

    Raises NotFoundError or ChangedError.
    """
    named = {find_step(found.plan, name) for name in asked.steps}
    if found.run.status is not RunStatus.RUNNING:
        return Done((f"run {found.called} has ended ({found.run.status}): none of its steps is held",))
    unchanged = tokens.check(found, named, asked.if_match)
    chosen = named or {node for node in found.steps if hold_of(found.view.state(node)) is not None}
    commits = apply(found, HoldReleased(person.at, person.name, reason(asked.why)), chosen, unchanged)
    released = [found.plan.steps[node].name for node, commit in commits.items() if commit.applied]
    said = f"{listed(released, 8)} released" if released else "nothing was held"
    kept = [node for node, commit in commits.items() if hold_of(commit.state) is not None]
    changed = tuple(
        f"run {found.called}: {found.plan.steps[node].name} has changed meanwhile, and was not released"
        for node in kept
    )
    return Done((f"run {found.called}: {said}",), changed, bool(released))


def _taken(commit: Commit | None) -> bool:
    """Whether a step is held now, by this request or an earlier one, or nothing keeps it from being held."""
    return commit is not None and (commit.applied or hold_of(commit.state) is not None)


def _state(found: Found, commits: Mapping[int, Commit], node: int) -> StepState:
    return commits[node].state if node in commits else found.view.state(node)


def _held(found: Found, commits: Mapping[int, Commit], hold: Hold) -> Iterator[str]:
    """What happened to each step that is held now."""
    names = found.plan.steps
    mine = [node for node, commit in commits.items() if hold_of(commit.state) == hold]
    if mine:
        yield f"{listed((names[node].name for node in mine), 8)} held {held_by(hold)}"
    running = [node for node in mine if commits[node].state.status.active]
    if running:
        verb = "goes" if len(running) == 1 else "go"
        yield f"{counted(len(running), 'attempt')} that had begun {verb} on"
    for node in running:
        if (kind := kind_of(names[node].work)).runs:
            name = names[node].name
            inner = f"the {'items of' if kind.maps else 'steps inside'} {name}"
            yield f"{inner} go on, too: 'orchestrator hold {found.called}/{name} --why TEXT' holds those to come"
    for node, commit in commits.items():
        theirs = hold_of(commit.state)
        if theirs is not None and theirs != hold:
            yield f"{names[node].name} was already held {held_by(theirs)}"


def _not_held(state: StepState) -> str:
    if state.stop is not None and not state.status.final:
        return f"cannot be held: it was {done_by(state.stop)} {stopped(state.stop)}"
    if not state.status.final:
        return "has changed meanwhile, and was not held"
    return f"cannot be held: it has ended ({status_word(state.status)})"
