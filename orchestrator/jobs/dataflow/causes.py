"""Why a job failed, in one word, from what Dataflow said about it. Pure: a table and two functions.

The texts are not promised by Google; each row is made from recorded messages (tests/unit/test_dataflow_causes.py). What
no row knows is ``unknown``, which may be tried again.
"""

import re
from collections.abc import Sequence
from enum import StrEnum


class Cause(StrEnum):
    """The class of a failure."""

    LAUNCHER = "launcher"
    PARAMETERS = "parameters"
    PERMISSION = "permission"
    QUOTA = "quota"
    STOCKOUT = "stockout"
    MEMORY = "memory"
    USER_CODE = "user_code"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


#: Another attempt of these fails the same way: somebody has to mend something first.
HOPELESS = frozenset({Cause.PERMISSION, Cause.PARAMETERS})

#: What is scarce does not come back in a minute: at least so many seconds until the next attempt, whatever the step's
#: own delay. The others are tried again as the step says.
PATIENCE = {Cause.QUOTA: 300.0, Cause.STOCKOUT: 600.0}

#: The first row that finds its pattern in any message is the cause. The order is from the certain to the vague: a quota
#: text may carry "HTTP Code: 403", a stock-out speaks of quotas nowhere, a launcher fails of everything above it.
_ROWS: tuple[tuple[Cause, str], ...] = (
    (Cause.STOCKOUT, r"ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available|stock-?out"),
    (Cause.QUOTA, r"QUOTA_FOR_|QUOTA_EXCEEDED|[Qq]uota '?\w*'? ?exceeded|quota error|[Qq]uota exceeded|Exceeded limit"),
    (Cause.QUOTA, r"RESOURCE_EXHAUSTED|rateLimitExceeded|RATE_LIMIT_EXCEEDED"),
    (Cause.STOCKOUT, r"Failed to start the VM,.*(UNAVAILABLE|HTTP_503)|failed to bring up any of the desired"),
    (Cause.PERMISSION, r"PERMISSION_DENIED|[Pp]ermission '?[\w.]*'? ?denied|does not have \S+ (access|permission)"),
    (Cause.PERMISSION, r"[Aa]ccess [Dd]enied|Required '[\w.]+' permission|Unable to open template file|Missing.*IAM"),
    (Cause.PERMISSION, r"has not been used in project .* or it is disabled|\b403 Forbidden\b|lacks? .*permission"),
    (Cause.PARAMETERS, r"[Tt]emplate parameters are invalid|InvalidTemplateParameters|[Rr]untime parameter \w+ should"),
    (Cause.PARAMETERS, r"unrecognized arguments:|the following arguments are required:|Missing required value for"),
    (Cause.PARAMETERS, r"JobName invalid|[Uu]nknown (pipeline option|parameter)|missing a property named"),
    (Cause.MEMORY, r"OutOfMemoryError|MemoryError|\b[Oo]ut of memory\b|\bOOM\b|memory thrashing|GC thrashing"),
    (Cause.LAUNCHER, r"launcher container|Template launch failed|Timeout in polling result file|launcher VM"),
    (Cause.LAUNCHER, r"Failed to start the VM, launcher|Failed to read the (job|result) file|template_launches/"),
    (Cause.USER_CODE, r"Traceback \(most recent call last\)|UserCodeException|a work item (has )?failed \d+ times"),
    (Cause.USER_CODE, r"\b[\w.]+(Error|Exception): |Root cause: |exit status \d+"),
    (Cause.CANCELLED, r"[Cc]ancell?ed by|[Cc]ancel request"),
)
_TABLE = tuple((cause, re.compile(pattern, re.DOTALL)) for cause, pattern in _ROWS)

#: How many messages are shown, and how much of each.
_MOST, _LONGEST = 3, 500


def classify(messages: Sequence[str]) -> Cause:
    """The class of a failure that was explained with ``messages``."""
    for cause, pattern in _TABLE:
        if any(pattern.search(message) for message in messages):
            return cause
    return Cause.UNKNOWN


def explain(messages: Sequence[str]) -> str:
    """``messages`` in one line: each once, the first of them, cut to what a person reads."""
    lines = dict.fromkeys(" ".join(message.split()) for message in messages)
    shown = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in lines if line]
    more = f" (and {len(shown) - _MOST} more messages)" if len(shown) > _MOST else ""
    return "; ".join(shown[:_MOST]) + more
