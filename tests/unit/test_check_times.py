"""When a job is checked of which a signal says that it may have ended, from the signal to the launch behind it."""

import pytest

from benchmarks.lags import LAGS, POLICIES, case
from orchestrator.core.messages import EVENT, SIGNAL, Check
from orchestrator.core.steps import CheckPolicy
from orchestrator.engine.check_times import SIGNAL_DELAYS, postponed, wait


def times(policy: CheckPolicy, chain: str = SIGNAL, told: float = 1000.0) -> list[float]:
    """Seconds after a signal at which a job that runs on and on is checked."""
    check = Check("k", 0, 1, chain, due=told + (SIGNAL_DELAYS[0] if chain == SIGNAL else 0.0))
    found: list[float] = []
    while True:
        later = postponed(policy, check, SIGNAL_DELAYS[0], check.due)
        if later is None:
            found.append(check.due - told)
            pause = wait(policy, check)
            if pause is None:
                return found
            later = check.due + pause
        check = check.next(later)


def test_after_a_log_entry_a_job_is_checked_soon_and_often_and_then_twice_as_late_each_time():
    assert times(CheckPolicy()) == [2.0, 6.0, 15.0, 24.0, 34.0, 45.0, 90.0, 180.0, 360.0, 720.0]


def test_after_an_event_that_has_the_state_a_job_is_checked_at_once():
    assert times(CheckPolicy(), EVENT)[:4] == [0.0, 4.0, 13.0, 22.0]
    assert times(CheckPolicy(30.0), EVENT)[:3] == [0.0, 30.0, 60.0]


def test_a_step_that_says_how_long_after_a_signal_it_is_checked_is_not_checked_before():
    assert times(CheckPolicy(30.0)) == [30.0, 60.0, 120.0, 240.0, 480.0, 960.0]
    assert times(CheckPolicy(1.0)) == [2.0, 3.0, 4.0, 6.0, 10.0, 18.0, 34.0]


def test_a_check_that_comes_late_is_not_put_off():
    first = Check("k", 0, 1, SIGNAL, due=1002.0)
    assert postponed(CheckPolicy(30.0), first, 2.0, now=1029.0) == 1030.0
    assert postponed(CheckPolicy(30.0), first, 2.0, now=1030.0) is None
    assert postponed(CheckPolicy(30.0), Check("k", 0, 1), 2.0, now=0.0) is None


@pytest.mark.parametrize("lags", LAGS)
def test_with_lags_of_up_to_45_s_a_successor_is_soon_launched_for_at_most_three_checks_more(lags: str):
    one, several = (case(policy, lags, jobs=201) for policy in POLICIES)
    assert several["late_s"]["middle"] < 5.0
    assert several["late_s"]["most"] <= 11.0
    assert several["checks_a_job"]["middle"] - one["checks_a_job"]["middle"] <= 3
