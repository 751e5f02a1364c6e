"""Who may start which graphs: some callers only certain ones, and Cloud Scheduler only those with a schedule.

Callers are identified by the token that the platform has checked (see ``claimed`` in auth.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.cloud.auth import ForbiddenError, UnauthenticatedError, claimed
from orchestrator.cloud.logs import Headers

#: Cloud Scheduler's header: the time when a call was due, the same for all its retries.
SCHEDULED = "X-CloudScheduler-ScheduleTime"


@dataclass(frozen=True, slots=True)
class Starters:
    """``limited``: e-mail -> the only graphs that this caller may start. ``scheduler``: the account of schedules.

    All other callers may start every graph. If both are empty, callers are not identified.
    """

    limited: Mapping[str, Sequence[str]]
    scheduler: str | None

    def check(self, headers: Headers, graph: str, scheduled: bool | None) -> None:
        """Raises UnauthenticatedError or ForbiddenError if the caller may not start ``graph``.

        ``scheduled``: whether that graph has a schedule; None: unknown, or there is no such graph.
        """
        if not self.limited and self.scheduler is None:
            return
        who = claimed(headers)
        if who is None:
            raise UnauthenticatedError(
                "expected a token with a verified e-mail address: it decides which graphs the caller may start"
            )
        may = self.limited.get(who)
        if may is not None and graph not in may:
            raise ForbiddenError(f"{who} may start only {' and '.join(sorted(may)) or 'nothing'}, not {graph!r:.80}")
        if who == self.scheduler:
            if scheduled is False:
                raise ForbiddenError(f"{who} starts graphs that have a schedule, and '{graph}' has none")
        elif self.scheduler is not None and headers.get(SCHEDULED, ""):
            raise ForbiddenError(f"{SCHEDULED} is for {self.scheduler} alone, and this is {who}")
