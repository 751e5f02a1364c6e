""" "Did you mean …?" for names that nobody knows. Compares names, and knows nothing about what they name."""

from collections.abc import Iterable
from difflib import get_close_matches

#: A suggestion for every one of thousands of wrong names would take minutes: the first ones are enough to see why.
_COMPARISONS = 200_000


class Suggestions:
    """Says ``(did you mean 'x'?)``, until too many names were compared for that to stay quick.

    It never suggests the very word that was written.
    """

    def __init__(self) -> None:
        self._left = _COMPARISONS

    def __call__(self, name: object, known: Iterable[str]) -> str:
        names = list(known)
        if not isinstance(name, str) or len(name) > 100 or self._left < len(names):
            return ""
        self._left -= len(names)
        others = [other for other in names if other != name]
        close = get_close_matches(name, others, n=1) or [other for other in others if other.lower() == name.lower()]
        return f" (did you mean '{close[0]}'?)" if close else ""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing where no known name is close."""
    return Suggestions()(name, known)
