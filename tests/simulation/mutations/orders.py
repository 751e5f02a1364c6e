"""Hand-made mutants of what people order: hold, release, retry, mark."""

from tests.simulation.mutations.mutant import (
    CONTROL,
    CONTROL_EVENTS,
    JOINS,
    LAUNCHING,
    LEDGER,
    MACHINE,
    RETRIES,
    Mutant,
)

MUTANTS = (
    Mutant(
        "a step that is held begins an attempt",
        MACHINE,
        "    free = state.control is None or state.control.hold is None\n    return",
        "    free = True\n    return",
    ),
    Mutant(
        "a step that is held is settled by its launch",
        MACHINE,
        " or state.control.hold is None or state.stop is not None or event.cause == TRIGGER",
        " or True",
    ),
    Mutant(
        "a launch after a release has the name of the one that was refused",
        CONTROL_EVENTS,
        "            yield replace(effect, releases=control.releases)\n",
        "            yield effect\n",
    ),
    Mutant(
        "the release of a hold is not owed",
        CONTROL_EVENTS,
        "        yield Release(run, node, due=hold.until, of=hold.at)\n",
        "        yield from ()\n",
    ),
    Mutant(
        "a release that comes early releases",
        CONTROL,
        "    if hold.until > now + ledger.clock_skew:",
        "    if False:",
        test="tests/unit/test_control.py",
    ),
    Mutant(
        "the second who holds a step replaces the first",
        CONTROL_EVENTS,
        " or state.stop is not None or control.hold is not None:",
        " or state.stop is not None:",
    ),
    Mutant(
        "what people requested is forgotten when an attempt is claimed",
        MACHINE,
        "            control=state.control,\n",
        "",
    ),
    Mutant(
        "the launch of a step that was released is not paid by whoever released it",
        LEDGER,
        "        launched = commit.state.control is not None or commit",
        "        launched = commit",
    ),
    Mutant(
        "a request that was made before is not paid again",
        CONTROL,
        "            ledger.follow(execution, node, commits[node], by_itself=False)\n",
        "            if commits[node].applied:\n"
        "                ledger.follow(execution, node, commits[node], by_itself=False)\n",
    ),
    Mutant(
        "a step that is to be held when it has failed fails",
        RETRIES,
        "    if plan.steps[node].on_failure is OnFailure.HOLD and state.stop is None:\n",
        "    if False:\n",
    ),
    Mutant(
        "a step that was cancelled needs attention",
        RETRIES,
        "    if plan.steps[node].on_failure is OnFailure.HOLD and state.stop is None:\n",
        "    if plan.steps[node].on_failure is OnFailure.HOLD:\n",
    ),
    Mutant(
        "the attempts before a retry still count",
        CONTROL_EVENTS,
        "    control = replace(noted, forgiven=failed)\n",
        "    control = noted\n",
    ),
    Mutant(
        "what is retried a second time by the same request is tried twice",
        CONTROL_EVENTS,
        " and state.attempt == event.attempt\n",
        "\n",
    ),
    Mutant(
        "the interruptions before a retry still count",
        CONTROL_EVENTS,
        "due=event.at, unasked=0, control=control",
        "due=event.at, control=control",
    ),
    Mutant(
        "a step that needs attention cannot be marked",
        MACHINE,
        "    if state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):\n",
        "    if state.status is Status.UP_FOR_RETRY:\n",
    ),
    Mutant(
        "a job of a step that was marked decides how it ends",
        RETRIES,
        "        settled = end.drained or state.stop.mark is not None\n",
        "        settled = end.drained\n",
    ),
    Mutant(
        "a step that was marked is cancelled",
        RETRIES,
        "    if stop is not None and stop.mark is not None:\n",
        "    if False:\n",
    ),
    Mutant(
        "a job that goes on is marked though its step has succeeded",
        MACHINE,
        "not (state.live and stop.mark is None)) or",
        "not state.live) or",
    ),
    Mutant(
        "a step that was marked before it began ends so whatever its rule says",
        MACHINE,
        "(state.stop.mark is None or event.cause != TRIGGER):",
        "True:",
    ),
    Mutant(
        "the outputs that a step is marked with are lost",
        RETRIES,
        "        outputs = left if stop.mark is Status.SUCCEEDED else None\n",
        "        outputs = None\n",
    ),
    Mutant(
        "the condition of a step that is retried is not asked again",
        LAUNCHING,
        " or step.on_failure is OnFailure.HOLD ",
        " ",
    ),
    Mutant(
        "what somebody marked is not paid again by the same order",
        CONTROL,
        "        elif isinstance(event, StopRequested):\n",
        "        elif False:\n",
    ),
    Mutant(
        "what has ended is still held",
        JOINS,
        "    if state.control is not None and state.control.hold is not None:\n",
        "    if False:\n",
    ),
    Mutant(
        "the attempts before a claim that is taken over are forgotten",
        MACHINE,
        "past=state.past if event.over is not None or not state.attempt else remembered(state)",
        "past=() if event.over is not None or not state.attempt else remembered(state)",
    ),
    Mutant(
        "an attempt is forgotten when the next one begins",
        MACHINE,
        "past=state.past if event.over is not None or not state.attempt else remembered(state)",
        "past=state.past",
    ),
    Mutant(
        "a held step is not released where a record beside it contradicts others",
        CONTROL,
        "if node in view.states or (decide(",
        "if (decide(",
    ),
)
