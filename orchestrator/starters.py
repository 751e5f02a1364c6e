"""Who may start what: of those whom the platform lets in, some may start a few graphs only, and the schedule its own.

It believes the token that came with a request, and so rests on the platform: Cloud Run lets a request through only with
a token that it has checked, of somebody who has ``roles/run.invoker``, and then takes the signature out of the token
("SIGNATURE_REMOVED_BY_GOOGLE"), so that nobody can check it again. If there is an ``X-Serverless-Authorization``, that
is the one which was checked, and ``Authorization`` may say anything ("Service-to-service authentication" in Cloud Run's
documentation, 2026). Where ``allUsers`` may call the function, nothing of this holds: doctor warns of that.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.auth import ForbiddenError, UnauthenticatedError
from orchestrator.logs import Headers

#: Cloud Scheduler's header: the moment that a call was due, the same each time that it is tried again.
SCHEDULED = "X-CloudScheduler-ScheduleTime"

#: Three parts of base64url. What two headers of one name come to, ``Bearer a.b.c, Bearer d.e.f``, is none.
_BEARER = re.compile(r"(?i:bearer) +[A-Za-z0-9_=-]+\.(?P<claims>[A-Za-z0-9_=-]+)\.[A-Za-z0-9_=-]*")


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
        who = caller(headers)
        if who is None:
            raise UnauthenticatedError("expected a token that tells an e-mail address, which says who may start what")
        may = self.limited.get(who)
        if may is not None and graph not in may:
            raise ForbiddenError(f"{who} may start {' and '.join(sorted(may)) or 'nothing'}, and not {graph!r:.80}")
        if who == self.scheduler:
            if scheduled is False:
                raise ForbiddenError(f"{who} starts graphs that have a schedule, and '{graph}' has none")
        elif self.scheduler is not None and headers.get(SCHEDULED, ""):
            raise ForbiddenError(f"{SCHEDULED} is for {self.scheduler} alone, and this is {who}")


def caller(headers: Headers) -> str | None:
    """The e-mail address, in lower case, of whose token the platform has checked; None if it tells none."""
    said = headers.get("X-Serverless-Authorization", "") or headers.get("Authorization", "")
    match = _BEARER.fullmatch(said.strip())
    if match is None:
        return None
    try:
        text = match["claims"].rstrip("=")
        claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
    email = claims.get("email") if isinstance(claims, dict) and claims.get("email_verified") is True else None
    return email.lower() if isinstance(email, str) and email else None
