"""The range of times in records: what Python's calendar can represent."""

#: The end of year 9998, in every time zone. Python's dates end with year 9999.
LATEST = 253_370_764_799


def is_time(value: object) -> bool:
    """Whether ``value`` is a number of seconds in that range. NaN and Infinity, which JSON may contain, are not."""
    return type(value) in (int, float) and 0 <= value <= LATEST  # type: ignore[operator]
