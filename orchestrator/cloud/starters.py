"""Who may start what: of those whom the platform lets in, some may start a few graphs only, and the schedule its own.

Who calls is told by the token that the platform has checked (``claimed`` in auth.py says what that rests on).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.cloud.auth import ForbiddenError, UnauthenticatedError, claimed
from orchestrator.cloud.logs import Headers

#: Cloud Scheduler's header: the moment that a call was due, the same each time that it is tried again.
SCHEDULED = "X-CloudScheduler-ScheduleTime"


@dataclass(frozen=True, slots=True)
class Starters:
    """``limited``: e-mail -> the graphs that those may start, and no others. ``scheduler``: the account of schedules.

    Whoever is in neither may start every graph. Where both are empty, nobody is asked who they are.
    """

    limited: Mapping[str, Sequence[str]]
    scheduler: str | None

    def check(self, headers: Headers, graph: str, scheduled: bool | None) -> None:
        """Raises UnauthenticatedError or ForbiddenError if who calls may not start ``graph``.

        ``scheduled``: whether that graph has a schedule; None: there is none of that name.
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
            raise ForbiddenError(f"{who} may start {' and '.join(sorted(may)) or 'nothing'}, and not {graph!r:.80}")
        if who == self.scheduler:
            if scheduled is False:
                raise ForbiddenError(f"{who} starts graphs that have a schedule, and '{graph}' has none")
        elif self.scheduler is not None and headers.get(SCHEDULED, ""):
            raise ForbiddenError(f"{SCHEDULED} is for {self.scheduler} alone, and this is {who}")
