"""What each queue may ask for."""

import pytest

from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.engine.queue_permissions import misplaced
from orchestrator.ports import CHECKS, LAUNCHES, SIGNALS

OTHERS: list[Effect] = [
    Skip("k", 1), Pass("k", 1), Finish("k"), Check("k", 1, 1), Check("k", 1, 1, "stop"), Check("k", 1, 1, "sweep7stop"),
    Check("k", 1, 1, "sweep7"), Check("k", 1, 1, "signal", 1), Check("k", 1, 1, "event", 9),
]  # fmt: skip


@pytest.mark.parametrize("effect", [*OTHERS, Launch("k", 1, 1)], ids=lambda effect: effect.name)
def test_the_queue_of_signals_may_ask_for_the_first_look_after_a_signal_alone(effect: Effect):
    assert misplaced(CHECKS, effect) is None
    said = f"{effect.name} is not a first check after a signal, and the queue 'signals' takes nothing else"
    assert misplaced(SIGNALS, effect) == said
    assert misplaced(SIGNALS, Check("k", 1, 1, "signal")) is None
    assert misplaced(SIGNALS, Check("k", 1, 1, "event")) is None


@pytest.mark.parametrize("effect", OTHERS, ids=lambda effect: effect.name)
def test_the_lane_of_launches_may_ask_for_launches_alone(effect: Effect):
    assert misplaced(LAUNCHES, Launch("k", 1, 1)) is None
    assert misplaced(LAUNCHES, effect) == f"{effect.name} is not a launch, and the queue 'launches' takes nothing else"
