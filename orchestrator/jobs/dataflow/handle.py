"""The string that identifies a job: what ``status`` must know about it. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestrator.errors import BackendError

_STREAMING, _KEEP = "?streaming", "?keep"
_FORM = re.compile(r"([a-z][-a-z0-9]*)/([-_0-9A-Za-z]+)")

#: A job's id begins with its creation, in the time of California (summer or winter), as in ``2026-02-19_21_08_53-…``.
_BORN = re.compile(r"(\d{4}-\d\d-\d\d_\d\d_\d\d_\d\d)-")
_WEST = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Handle:
    """``europe-west4/2026-02-19_21_08_53-103``, followed by ``?streaming`` if running and drained count as successes.

    ``keep``: the job belongs to no run (``?keep``): running is a success, and it is never drained.
    """

    region: str
    id: str
    streaming: bool = False
    keep: bool = False

    def __str__(self) -> str:
        return f"{self.region}/{self.id}{_KEEP if self.keep else _STREAMING if self.streaming else ''}"

    @property
    def born(self) -> float | None:
        """When the job was created, to within an hour; None if its id does not say."""
        match = _BORN.match(self.id)
        if match is None:
            return None
        try:
            moment = datetime.strptime(match[1], "%Y-%m-%d_%H_%M_%S").replace(tzinfo=UTC)
        except ValueError:
            return None
        return (moment + _WEST).timestamp()


def read_handle(job: str) -> Handle:
    """The handle with the text ``job``. Raises BackendError."""
    place = job.removesuffix(_STREAMING).removesuffix(_KEEP)
    match = _FORM.fullmatch(place)
    if match is None:
        raise BackendError(f"expected a Dataflow job as region/id, got '{job}'")
    return Handle(match[1], match[2], streaming=job == place + _STREAMING, keep=job == place + _KEEP)
