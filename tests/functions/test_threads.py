"""One instance serves several requests at once, on threads that share what it is connected to."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from orchestrator.cloud.settings import read_cloud_settings
from orchestrator.cloud.wiring import Deployed
from tests.functions.cloud import Cloud


class Meeting:
    """Where all threads of a test meet that are let in at once: what is made by one alone lets in only one."""

    def __init__(self, made: Any) -> None:
        self.made = made
        self.entered: list[Any] = []
        self._all = Barrier(4)

    def __call__(self, *given: Any) -> Any:
        self.entered.append(given)
        with suppress(BrokenBarrierError):  # the others were not let in
            self._all.wait(0.2)
        return self.made(*given)


def at_once(call: Any) -> set[int]:
    """What four threads get, told apart."""
    with ThreadPoolExecutor(4) as threads:
        found = [future.result() for future in [threads.submit(call) for _ in range(4)]]
    return set(map(id, found))


def test_all_who_come_first_are_connected_to_one_world(signals_only: Cloud, monkeypatch: pytest.MonkeyPatch):
    signals_only.app("on_task")
    module = signals_only.modules["on_task"]
    meeting = Meeting(read_cloud_settings)
    monkeypatch.setattr(module, "read_cloud_settings", meeting)
    assert len(at_once(module.world)) == 1
    assert len(meeting.entered) == 1


@pytest.mark.parametrize("part", ["engine", "queue", "verifier"])
def test_all_who_come_first_share_one(part: str, signals_only: Cloud, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ORCHESTRATOR_VERIFY_AUDIENCE", "https://on-task.example")
    monkeypatch.setenv("ORCHESTRATOR_VERIFY_ACCOUNT", "tasks@demo.iam.gserviceaccount.com")
    signals_only.app("on_task")
    deployed = Deployed(read_cloud_settings())
    inner = vars(Deployed)[f"_{part}"]
    meeting = Meeting(inner.func)
    monkeypatch.setattr(inner, "func", meeting)
    assert len(at_once(lambda: getattr(deployed, part))) == 1
    assert len(meeting.entered) == 1
    deployed.close()
