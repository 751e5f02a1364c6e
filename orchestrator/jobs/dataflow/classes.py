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

#: The least seconds until the next attempt, whatever the step's own delay: a shortage does not end within a minute.
#: After other failures, the step's own delay applies.
RETRY_AFTER = {Cause.QUOTA: 300.0, Cause.STOCKOUT: 600.0}
