"""The classes of failures, and what each means for another attempt."""

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


#: For these, another attempt would fail the same way until the cause is fixed.
PERMANENT = frozenset({Cause.PERMISSION, Cause.PARAMETERS})

#: What is scarce does not come back in a minute: at least so many seconds until the next attempt, whatever the step's
#: own delay. The others are tried again as the step says.
RETRY_AFTER = {Cause.QUOTA: 300.0, Cause.STOCKOUT: 600.0}
