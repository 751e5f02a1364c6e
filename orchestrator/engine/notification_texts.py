"""Words a notification: what happened to a run or step, why, and the command that fixes it. Pure."""

from collections.abc import Iterable, Mapping

from orchestrator.core.announcing import Failure
from orchestrator.core.deadlines import due_of
from orchestrator.core.messages import MissedStart, Notify
from orchestrator.core.model import Run, RunStatus, StepState
from orchestrator.core.occasions import Occasion
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Json
from orchestrator.ports import Notification
from orchestrator.system.terminal import shown
from orchestrator.text import cut, duration, iso

#: How many characters of each error a notification quotes: of its beginning, and of its end, where its cause often is.
HEAD, TAIL = 400, 1200

#: Which error of which step is quoted: the step's name, the number of its attempt, and the failure.
Failed = tuple[str, int, Failure]


def of_run(effect: Notify, run: Run, failed: Iterable[Failed], commands: str) -> Notification:
    """The notification that ``run``, as it is stored, has ended. ``commands``: what is added to every command."""
    at, failed = run.ended_at or run.started_at, list(failed)
    said = (
        f"run {run.id} of graph {run.graph} {_ENDED[run.status]} at {_said(at)}, after {duration(at - run.started_at)}"
    )
    lines = [said]
    if run.status is RunStatus.CANCELLED and run.stop is not None:
        lines[0] += f", by {run.stop.by}" * bool(run.stop.by) + f": {shown(run.stop.why)}" * bool(run.stop.why)
    quoted = {name for name, *_ in failed}
    lines += [line for one in failed for line in _quoted(one)]
    lines += [f"step {name}: {cause}" for name, cause in run.failed.items() if name not in quoted]
    data: dict[str, Json] = {"status": str(run.status), "ended_at": iso(at)}
    if run.status is not RunStatus.SUCCEEDED:
        fix = f"orchestrator rerun {run.id}{commands}"
        lines += ["", f"{_THEN[run.status]}: {fix}"]
        data["fix"] = fix
    if run.failed:
        causes: dict[str, Json] = {name: {"step": name, "cause": cause} for name, cause in run.failed.items()}
        data["failed"] = list((causes | {one[0]: _as_data(one) for one in failed}).values())
    return _made(effect, run, at, lines, data)


def of_step(effect: Notify, run: Run, failed: Failed, commands: str) -> Notification:
    """The notification that a step of ``run`` has failed in the end, or needs attention."""
    name, attempt, failure = failed
    waits = effect.occasion == Occasion.NEEDS_ATTENTION
    what = "needs attention: it has failed, and the steps after it wait" if waits else "has failed"
    lines = [f"step {name} of run {run.id} of graph {run.graph} {what} (at {_said(failure.at)})", *_quoted(failed), ""]
    status, explain = str(Occasion.NEEDS_ATTENTION if waits else "failed"), f"orchestrator explain {run.id} {name}"
    data: dict[str, Json] = {"step": name, "attempt": attempt, "status": status, "ended_at": iso(failure.at)}
    if waits:
        retry = f"orchestrator retry {run.id} {name}{commands}"
        mark = f"orchestrator mark {run.id} {name} skipped --why TEXT{commands}"
        lines.append(f"When the cause is fixed: {retry}; or decide how it ends (succeeded, failed, skipped): {mark}")
        data["fix"] = retry
    else:
        lines.append(f"The run goes on without it and what depends on it. For details: {explain}{commands}")
    return _made(effect, run, failure.at, lines, {**data, "failed": [_as_data(failed)]})


def of_deadline(effect: Notify, run: Run, plan: Plan, state: StepState, commands: str) -> Notification:
    """The notification that ``run`` or a step of it is late, or expected to be, as ``state`` says of its deadline."""
    node = effect.step if effect.step >= 0 else plan.end
    of_a_step, due = effect.step >= 0, due_of(run, plan, node)
    ended = state.ended_at if of_a_step else run.ended_at
    what = f"step {plan.steps[node].name} of run {run.id}" if of_a_step else f"run {run.id}"
    at = (state.endangered_at if effect.ahead else state.missed_at) or due
    data: dict[str, Json] = {"deadline": iso(due), "expected": bool(effect.ahead)}
    if effect.ahead and state.forecast is not None:
        late = f"is expected to end at {_said(state.forecast)}, {duration(state.forecast - due)} after its deadline"
        data["forecast"] = iso(state.forecast)
    else:
        late = f"is late: it had not ended by its deadline, {_said(due)}"
    lines = [f"{what} of graph {run.graph} {late}"]
    if ended is not None:
        when = f"{duration(ended - due)} after its deadline" if ended > due else "in time"
        lines.append(f"It has ended since then, at {_said(ended)}, {when}")
        data["ended_at"] = iso(ended)
    if of_a_step:
        data |= {"step": plan.steps[node].name, "status": str(state.status)}
    named = f"explain {run.id} {plan.steps[node].name}" if of_a_step else f"status {run.id}"
    lines += ["", f"For details: orchestrator {named}{commands}"]
    return _made(effect, run, at, lines, data)


def of_missed_start(effect: MissedStart, command: str) -> Notification:
    """The notification that a start that was due did not happen. ``command``: what starts it now."""
    text = (
        f"the start of graph {effect.graph} that was due at {iso(effect.at)} did not happen: there is no run "
        f"{effect.run_id}\n\nStart it: {command}"
    )
    data: dict[str, Json] = {"graph": effect.graph, "run": effect.run_id, "due_at": iso(effect.at), "fix": command}
    occasion = str(Occasion.MISSED_START)
    return Notification(effect.id, occasion, effect.graph, effect.run_id, effect.at, text, {**data, "text": text})


_ENDED = {RunStatus.FAILED: "failed", RunStatus.SUCCEEDED: "succeeded", RunStatus.CANCELLED: "was cancelled"}

#: What the command is for that goes on with a run.
_THEN = {
    RunStatus.FAILED: "When the cause is fixed, run again what did not succeed",
    RunStatus.CANCELLED: "To run what did not succeed after all",
}


def _made(effect: Notify, run: Run, at: float, lines: list[str], data: Mapping[str, Json]) -> Notification:
    about: dict[str, Json] = {"graph": run.graph, "run": run.id, "started_at": iso(run.started_at), **data}
    text = "\n".join(lines)
    return Notification(effect.id, effect.occasion, run.graph, run.id, at, text, {**about, "text": text})


def _quoted(failed: Failed) -> list[str]:
    """A failed step, its cause, and its error, of which the last lines are kept."""
    name, attempt, failure = failed
    error = _short(failure.error)
    cause = f", {failure.cause}" if failure.cause else ""
    return [f"step {name} (attempt {attempt}{cause}): {error or 'no error was recorded'}"]


def _as_data(failed: Failed) -> dict[str, Json]:
    name, attempt, failure = failed
    return {"step": name, "attempt": attempt, "cause": failure.cause or "", "error": _short(failure.error)}


def _short(error: str | None) -> str:
    text = shown(cut(error or "")).strip()
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n…\n{text[-TAIL:]}"


def _said(at: float) -> str:
    """``2026-02-01 03:45:16 UTC``: for people, anywhere."""
    return f"{iso(at)[:19].replace('T', ' ')} UTC"
