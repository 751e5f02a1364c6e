"""The receivers of a world: they are down at times, and every notification that reaches them is kept and judged."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.model import MARKED, Status, StepState
from orchestrator.core.occasions import OCCASIONS
from orchestrator.errors import NotNotifiedError
from orchestrator.ports import Notification
from tests.simulation.life import Life

if TYPE_CHECKING:
    from tests.simulation.world import World

#: In how many worlds receivers are notified, and who they are.
ASKS, NAMES = 0.25, ("desk", "ops")

#: Seconds for which a receiver is down, from a moment near the start of its world.
DOWN = (0.0, 0.0, 60.0, 3600.0, 40_000.0)

#: Seconds within which receivers hear of a step, in a world without faults, if they are not down; its check may wait.
SOON = 30.0


def asked(random: Random | None) -> dict[str, tuple[str, ...]]:
    """By receiver, on which occasions a run notifies it; mostly nobody."""
    if random is None or random.random() >= ASKS:
        return {}
    return {name: tuple(random.sample(OCCASIONS, random.randint(1, len(OCCASIONS)))) for name in NAMES}


class Receiver:
    """Two receivers. ``random``: when they are down depends on nothing else."""

    def __init__(self, world: "World", random: Random | None) -> None:
        self.world = world
        self.random = random or Random(0)
        self.heard: Counter[tuple[str, str]] = Counter()
        self.late: dict[str, list[str]] = {name: [] for name in NAMES}
        self._down = {name: self.random.choice(DOWN) for name in NAMES}
        self._from = world.loop.now + self.random.uniform(0.0, 600.0)

    def asked(self, graph: str, own: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return own

    def notify(self, to: str, notification: Notification) -> None:
        """A machine calls. It may be told that it was in vain though it was not."""
        self.world.call("notify", lambda: self._notify(to, notification), NotNotifiedError)

    def _notify(self, to: str, notification: Notification) -> None:
        if self._from <= self.world.now < self._from + self._down[to]:
            self.world.count("receiver: down")
            raise NotNotifiedError(f"{to}: down")
        self.heard[to, notification.id] += 1
        if self.heard[to, notification.id] > 1:
            self.world.count("receiver: told again")
        life = self.world.life(notification.id.partition("-")[0])
        if "step" in notification.data and self.world.now > self._from + self._down[to] + SOON:
            step = life.plan.steps[life.plan.numbers[str(notification.data["step"])]]
            if self.world.now > notification.at + SOON + (step.check.delay or 0.0):
                self.late[to].append(f"{to} was told late, at {self.world.now}: {notification}")
        if not _true(life, notification):
            self.world.failures.append(f"{to} was told what is not so: {notification}")

    def judge(self, life: Life, calm: bool) -> None:
        """Nothing will happen any more: was every receiver told what its run owed it, and nothing else?"""
        for to, occasions in life.notify.items():
            heard = {what for (who, what) in self.heard if who == to and what.startswith(f"{life.key}-")}
            owed = {what for occasion, what in _owed(life) if occasion in occasions}
            lost = {
                _id(life, what, node, life.watch.view().state(node).attempt)
                for node in life.watch.lost
                for what in OCCASIONS
            }
            if missing := owed - heard - lost:  # whose record somebody has deleted, nobody can tell of
                self.world.failures.append(f"{to} was not told of {sorted(missing)}")
            known = owed | {_id(life, "needs_attention", *one) for one in life.watch.needed}
            for occasion, node, attempt in life.watch.announced:  # whoever forges a task can have earlier ones told
                known |= {_id(life, occasion, node, earlier) for earlier in range(1, attempt)}
            if strange := heard - known:
                self.world.failures.append(f"{to} was told of {sorted(strange)}, which nobody owed")
            self.world.failures += self.late[to] if calm and not self._down[to] else []  # else the queue backs off
            if calm and (twice := [what for what in heard if self.heard[to, what] > 1]):
                self.world.failures.append(f"{to} was told again of {twice}, and nothing went wrong")
            self.world.count("receiver: asks")


def _true(life: Life, notification: Notification) -> bool:
    """Whether the run has ended as it says, unless it is about a step."""
    occasion = notification.occasion
    return not occasion.startswith("run_") or occasion == f"run_{life.watch.status}"


def _owed(life: Life) -> list[tuple[str, str]]:
    """What receivers must have been told of: the run's end, steps that failed by themselves."""
    ends = f"run_{life.watch.status}"
    states = life.watch.view().states.items()
    failed = [(node, state.attempt) for node, state in states if _failed(state) and node not in life.kept]
    told = {("step_failed", *one) for one in failed} | life.watch.announced
    steps = ((occasion, _id(life, occasion, *one)) for occasion, *one in sorted(told))
    return [(ends, _id(life, ends)), *steps, *_late(life)]


def _late(life: Life) -> list[tuple[str, str]]:
    """What was noted of deadlines, each to be told once."""
    found = []
    for node in life.plan.deadlines:
        state, of = life.watch.view().state(node), f"-{node:x}-0" if node != life.plan.end else ""
        found += [("late", f"{life.key}-late-ahead{of}")] if state.endangered_at is not None else []
        found += [("late", f"{life.key}-late{of}")] if state.missed_at is not None else []
    return found


def _failed(state: StepState) -> bool:
    return state.status is Status.FAILED and state.cause != MARKED


def _id(life: Life, occasion: str, node: int = -1, attempt: int = 0) -> str:
    step = f"-{node:x}-{attempt}" if node >= 0 else ""
    return f"{life.key}-{occasion.replace('_', '-')}{step}"
