"""The oracle: how a scenario must end, computed from the documented rules in a walk through the graph.

It knows neither counters nor messages nor the machine, and imports neither ``core.rules`` nor ``core.machine``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from math import ceil, log

from orchestrator.core.steps import Json, Step
from tests.simulation.scenario import MARKED_OUTPUTS, RETRY, Behaviour, Condition, Ended, Gave, Param, Raises, Scenario

RUN = "run"

#: How often an attempt may be gone before its step fails, where it was not we who interrupted it.
MAX_UNASKED = 20

#: What kinds of step this world can run. Another is refused by whoever would have to launch it.
KINDS = frozenset({"job", "wait"})


#: Seconds: the most for a task to be delivered; from a job's end to the check; from a job's stop to the check.
HOP, SIGNAL, GRACE = 2.5, 5.0, 10.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a step ends: a status, after so many attempts, of which some were interrupted; why; and what it leaves."""

    status: str
    attempts: int = 0
    interruptions: int = 0
    cause: str | None = None
    outputs: Mapping[str, Json] | None = None


class NoValueError(Exception):
    """An expression speaks of an output that nobody left."""


def endings(scenario: Scenario) -> dict[str, Ending]:
    """How every step of the scenario must end."""
    steps = {step.name: step for step in scenario.steps}
    order = TopologicalSorter({step.name: step.after for step in scenario.steps}).static_order()
    known: dict[str, Ending] = {}
    for name in order:
        known[name] = _ending(scenario, steps[name], known)
    return known


def run_fails(scenario: Scenario, known: Mapping[str, Ending]) -> bool:
    """Whether a step failed, was cancelled outside, or never ran because of that; a leaf, if leaves alone decide.

    Teardowns are left aside, as if they were not there; and what may fail does not fail the run.
    """
    steps = [step for step in scenario.steps if not step.teardown]
    followed = {name for step in steps for name in step.after} if scenario.fails_on == "leaves" else set()
    return any(
        known[step.name].status in ("failed", "upstream_failed", "cancelled")
        for step in steps
        if step.name not in followed and not step.allow_failure
    )


def longest(scenario: Scenario, known: Mapping[str, Ending]) -> float:
    """Seconds after which the run must have ended if nothing goes wrong: nobody waits for a watchdog in vain."""
    order = TopologicalSorter({step.name: step.after for step in scenario.steps}).static_order()
    steps = {step.name: step for step in scenario.steps}
    ends: dict[str, float] = {}
    gates = ceil(log(len(steps) + 1, scenario.wide))
    for name in order:
        begins = max((ends[before] for before in steps[name].after), default=0.0)
        ends[name] = begins + _seconds(scenario, steps[name], known[name]) + (3 + gates) * HOP
    return max(ends.values()) + (3 + gates) * HOP


def _seconds(scenario: Scenario, step: Step, ending: Ending) -> float:
    """How long the attempts of a step take, and the checks of them."""
    if step.work.kind == "wait":
        pause = step.work.spec.get("seconds", 0.0)
        assert isinstance(pause, int | float)
        return pause + 2 * HOP
    seconds = 0.0
    failures = interruptions = 0
    for number in range(1, ending.attempts + 1):
        attempt = scenario.attempt(step.name, number)
        if attempt.behaviour in (Behaviour.FAILS, Behaviour.HANGS):
            failures += 1
            seconds += min(step.retry.delay * step.retry.backoff ** (failures - 1), step.retry.max_delay)
        if attempt.behaviour is Behaviour.IS_INTERRUPTED:
            seconds += backoff(interruptions)
            interruptions += 1
        stopping = GRACE * (1 + attempt.deaf) + (step.timeout or 0.0)
        seconds += stopping if attempt.behaviour is Behaviour.HANGS else attempt.seconds + _look(step)
        seconds += 3 * HOP
    return seconds


def backoff(interruptions: int) -> float:
    """Seconds before the attempt after an interruption that was not of our making, where so many were before it."""
    return min(2.0**interruptions, 600.0)


def _look(step: Step) -> float:
    """From a job's end, of which a signal tells within 3 s, to its check."""
    return SIGNAL if step.check.delay is None else 3.0 + max(step.check.delay, SIGNAL - 3.0)


def _ending(scenario: Scenario, step: Step, known: Mapping[str, Ending]) -> Ending:
    said = judged(str(step.trigger), [known[name].status for name in step.after], step.at_least or 0)
    if said != RUN:
        return Ending(said, cause="trigger")
    try:
        if step.name in scenario.conditions and not holds(scenario.conditions[step.name], scenario.params, known):
            return Ending("skipped", cause="when")
        if step.work.kind == "none":
            return Ending("succeeded")
        if step.name in scenario.reads:
            output(scenario.reads[step.name], known)
    except NoValueError:
        return _always_fails(scenario, step, "expression")
    if step.work.kind == "wait" and "seconds" in step.work.spec:
        return Ending("succeeded", 1)
    return _tried(scenario, step) if step.work.kind == "job" else _always_fails(scenario, step, "refused")


def _always_fails(scenario: Scenario, step: Step, cause: str) -> Ending:
    """Every attempt fails for good: as often as somebody has it retried, and then it is as he marks it."""
    decisions = scenario.decisions.get(step.name)
    return marked(decisions[-1], len(decisions), 0) if decisions else Ending("failed", 1, cause=cause)


def marked(word: str, attempts: int, interruptions: int) -> Ending:
    """How a step ends that somebody marks."""
    return Ending(word, attempts, interruptions, "marked", MARKED_OUTPUTS if word == "succeeded" else None)


def _tried(scenario: Scenario, step: Step) -> Ending:
    """How the attempts end, until people decide nothing else."""
    last = _round(scenario, step, 0, 0)
    for decision in scenario.decisions.get(step.name, ()):
        if last.status == "succeeded":
            break
        if decision != RETRY:
            return marked(decision, last.attempts, last.interruptions)
        last = _round(scenario, step, last.attempts, last.interruptions)
    return last


def _round(scenario: Scenario, step: Step, number: int, interrupted: int) -> Ending:
    """How a step ends after so many attempts, of which those that were not interrupted do not count any more."""
    forgiven, before = number - interrupted, interrupted
    while True:
        number += 1
        attempt = scenario.attempt(step.name, number)
        hopeful = number - interrupted - forgiven < step.retry.attempts
        match attempt.behaviour:
            case Behaviour.SUCCEEDS:
                return Ending("succeeded", number, interrupted, outputs=attempt.outputs)
            case Behaviour.IS_CANCELLED:
                return Ending("cancelled", number, interrupted)
            case Behaviour.IS_REFUSED:
                return Ending("failed", number, interrupted, "refused")
            case Behaviour.LEAVES_TOO_MUCH:
                return Ending("failed", number, interrupted, "outputs")
            case Behaviour.IS_INTERRUPTED if interrupted - before == MAX_UNASKED:
                return Ending("failed", number, interrupted, "interrupted")
            case Behaviour.IS_INTERRUPTED:
                interrupted += 1
            case Behaviour.FAILS | Behaviour.HANGS if not hopeful:
                cause = "scripted" if attempt.behaviour is Behaviour.FAILS else "timeout"
                return Ending("failed", number, interrupted, cause)


def holds(condition: Condition, params: Mapping[str, Json], known: Mapping[str, Ending]) -> bool:
    """Whether a ``when`` is true."""
    match condition:
        case Param(name, value):
            return params[name] == value
        case Ended(step, word):
            return known[step].status == word
        case Gave(step, least):
            return output(step, known) >= least
        case Raises():
            raise NoValueError(condition)


def output(step: str, known: Mapping[str, Ending]) -> int:
    """The output ``n`` of a step. Raises NoValueError if there is none."""
    left = known[step].outputs or {}
    if "n" not in left:
        raise NoValueError(step)
    value = left["n"]
    assert isinstance(value, int)
    return value


def judged(rule: str, ended: Sequence[str], needed: int = 0) -> str:
    """What a trigger rule says once every predecessor has ended: run, skipped or upstream_failed.

    A cancelled step counts as failed. A step with no predecessors runs. ``needed``: the successes of ``at_least``.
    """
    if not ended or rule in ("always", "all_done", "all_done_within"):  # however they end
        return RUN
    return _counted(ended, needed) if rule == "at_least" else _named(rule, ended)


def _counted(ended: Sequence[str], needed: int) -> str:
    """So many succeeded; if they could not, the failures are to blame where there are any."""
    if ended.count("succeeded") >= needed:
        return RUN
    return "skipped" if set(ended) <= {"succeeded", "skipped"} else "upstream_failed"


def _named(rule: str, ended: Sequence[str]) -> str:
    """What Airflow's rules say of those that look at how the steps before have ended."""
    words = ["failed" if word == "cancelled" else word for word in ended]
    bad = [word for word in words if word in ("failed", "upstream_failed")]
    good, idle = words.count("succeeded"), words.count("skipped")
    match rule:
        case "all_success":  # every one succeeded
            answer = "upstream_failed" if bad else "skipped" if idle else RUN
        case "all_failed":  # every one failed or never ran because of a failure
            answer = RUN if len(bad) == len(words) else "skipped"
        case "all_done_min_one_success":  # none was skipped, and one at least succeeded
            answer = "skipped" if idle else RUN if good else "upstream_failed"
        case "one_success":  # one at least succeeded; if none could, the failures are to blame where there are any
            answer = RUN if good else "upstream_failed" if bad else "skipped"
        case "one_failed":  # one at least failed, or never ran because of a failure
            answer = RUN if bad else "skipped"
        case "one_done":  # one at least ran: it succeeded or failed
            answer = RUN if good or "failed" in words else "skipped"
        case "none_failed":  # each one succeeded or was skipped
            answer = "upstream_failed" if bad else RUN
        case "none_skipped":  # each one succeeded, failed, or never ran because of a failure
            answer = "skipped" if idle else RUN
        case "none_failed_min_one_success":  # as none_failed, and not all of them skipped
            answer = "upstream_failed" if bad else RUN if good else "skipped"
        case "all_skipped":  # every one was skipped
            answer = RUN if idle == len(words) else "skipped"
        case _:
            raise ValueError(f"no trigger rule is called {rule!r}")
    return answer
