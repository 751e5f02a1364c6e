"""What a number of a record can be, whoever wrote it: a time that every calendar knows, a length of time, a count."""

#: The last of year 9998 in every time zone: later ones have moments that no calendar here can tell.
LATEST = 253_370_764_799


def is_time(value: object) -> bool:
    """Whether it is seconds since the epoch, or a length of time. JSON, as Python reads it, has NaN and Infinity."""
    return type(value) in (int, float) and 0 <= value <= LATEST  # type: ignore[operator]
