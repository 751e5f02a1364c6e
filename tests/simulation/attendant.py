"""The people of a world who attend to its steps: they retry or mark what needs attention, and mark other steps too.

What they decide about a step that needs attention is in its scenario, so the oracle knows how it must end.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.events import RetryRequested, StopRequested
from orchestrator.core.model import MARKS, Status, Stop
from orchestrator.core.steps import OnFailure
from tests.simulation.life import Life
from tests.simulation.scenario import MARKED_AS, MARKED_OUTPUTS, RETRY, Attempt, Behaviour, Scenario
from tests.simulation.watch import DECIDES

if TYPE_CHECKING:
    from tests.simulation.world import World

#: In how many scenarios steps are held when they have failed, and in how many worlds somebody marks any step.
HOLDS, MARKS_ANY = 0.3, 0.25

#: Seconds between two looks, and after the start within which somebody marks a step.
LOOKS, MOMENTS = (1.0, 20.0, 200.0), (0.0, 1.0, 10.0, 60.0, 300.0, 1500.0)


def attended(scenario: Scenario, random: Random) -> Scenario:
    """The same, where some steps are held when they have failed, and somebody decides about each."""
    if random.random() >= HOLDS:
        return scenario
    chosen = [step.name for step in scenario.steps if random.random() < 0.6]
    decisions = {name: (*[RETRY] * random.choice([0, 0, 1, 2]), random.choice(MARKED_AS)) for name in chosen}
    steps = tuple(replace(step, on_failure=OnFailure(_word(step.name in decisions))) for step in scenario.steps)
    worn = {name: (Attempt(Behaviour.IS_INTERRUPTED),) for name in chosen if random.random() < 0.03}
    return replace(scenario, steps=steps, decisions=decisions, attempts={**scenario.attempts, **worn})


def _word(holds: bool) -> str:
    return "hold" if holds else "fail"


class Attendant:
    """Some people. ``random``: what they do depends on nothing else."""

    def __init__(self, world: "World", random: Random | None) -> None:
        self.world = world
        self.random = random or Random(0)
        self.marks = random is not None and random.random() < MARKS_ANY
        self._seen: dict[tuple[str, int], list[int]] = {}

    def begin(self) -> None:
        for life in self.world.lives:
            if life.scenario.decisions:
                self._look_at(life, life.begins)
            if self.marks and self.random.random() < 0.7:
                for _ in range(self.random.choice([1, 1, 2])):
                    when = life.begins + self.random.choice(MOMENTS) * self.random.random()
                    self._mark_at(life, when, self.random.randrange(len(life.plan.steps)))

    def _look_at(self, life: Life, when: float) -> None:
        def look() -> None:
            if life.over:
                return
            for node, state in life.watch.view().states.items() if life.stored is not None else ():
                if state.status is Status.NEEDS_ATTENTION:
                    for _ in range(self.random.choice([1, 1, 2])):
                        self._decide(life, node, state.attempt)
            self._look_at(life, self.world.now + self.random.choice(LOOKS) * self.random.random() + 1.0)

        self.world.loop.at(when, look)

    def _decide(self, life: Life, node: int, attempt: int) -> None:
        """What is decided after which attempt was decided when that was first seen; two people decide the same."""
        seen = self._seen.setdefault((life.name, node), [])
        if attempt not in seen:
            seen.append(attempt)
        decision = life.scenario.decisions[life.plan.steps[node].name][seen.index(attempt)]
        now = self.world.now
        if decision == RETRY:
            self.world.count("attendant: retries")
            self._order(life, RetryRequested(attempt, now, "attendant"), node)
        else:
            self.world.count("attendant: marks")
            self._order(life, StopRequested(self._stop(decision, DECIDES)), node)

    def _mark_at(self, life: Life, when: float, node: int) -> None:
        def mark() -> None:
            if life.stored is None and not life.over:
                self.world.loop.at(self.world.now + 5.0, mark)
                return
            self.world.count("operator: marks")
            states = life.watch.view().states.items() if not life.over else ()
            live = [number for number, state in states if state.live]  # which cannot be marked
            chosen = self.random.choice(live) if live and self.random.random() < 0.5 else node
            event = StopRequested(self._stop(self.random.choice(MARKED_AS), "somebody"))
            self._order(life, event, chosen, lambda: life.watch.marked(chosen))

        self.world.loop.at(when, mark)

    def _stop(self, word: str, who: str) -> Stop:
        mark = next(mark for mark in MARKS if mark == word)
        outputs = MARKED_OUTPUTS if mark is Status.SUCCEEDED else None
        return Stop(self.world.now, who, "so be it", mark, outputs)

    def _order(
        self, life: Life, event: RetryRequested | StopRequested, node: int, judge: Callable[[], None] = lambda: None
    ) -> None:
        """Make a request until a call returns; where sweeps come, perhaps not even then."""
        if life.over:
            return

        def done(error: BaseException | None) -> None:
            if error is None:
                judge()
            elif self.world.weather.period is None or self.random.random() < 0.7:
                self.world.loop.at(self.world.now + 5.0, lambda: self._order(life, event, node, judge))

        name = type(event).__name__
        when = self.world.now + self.random.choice([0.0, 0.0, 10.0, 60.0]) * self.random.random()
        self.world.traffic.spawn(name, lambda engine: engine.control(life.key, event, [node]), done, when)
