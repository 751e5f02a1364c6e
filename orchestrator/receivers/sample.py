"""The notification with which receivers are tested. Pure."""

from orchestrator.core.occasions import Occasion
from orchestrator.core.steps import Json
from orchestrator.ports import Notification
from orchestrator.text import iso


def sample(at: float) -> Notification:
    """A notification like that of a failed run, which says that it is a test."""
    text = "This is a test of orchestrator's notifications: no run has failed."
    data: dict[str, Json] = {
        "test": True,
        "graph": "test",
        "run": "test",
        "started_at": iso(at),
        "ended_at": iso(at),
        "status": "failed",
        "failed": [{"step": "test", "attempt": 1, "cause": "test", "error": text}],
        "text": text,
    }
    return Notification(f"test-{round(at * 1000):x}", Occasion.RUN_FAILED, "test", "test", at, text, data)
