"""How what doctor found is told, a check at a time. It makes lines, and decides nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from orchestrator.deployment import Deployment
from orchestrator.deployment.doctor.checks import CHECKS
from orchestrator.deployment.doctor.findings import Level, Result
from orchestrator.reporting.summary import Line

#: What stands before a check, and how it looks.
_SIGNS = {
    Level.OK: ("ok", "green"),
    Level.WARN: ("warn", "yellow"),
    Level.UNKNOWN: ("?", "magenta"),
    Level.FAIL: ("FAIL", "bold red"),
}

_NAME = max(len(check.name) for check in CHECKS)

_INDENT = " " * 8


def lines(deployment: Deployment, results: Iterable[Result], width: int | None) -> Iterator[Line]:
    """A line a check as it comes, in their groups; below it what was found, each with its fix.

    ``width``: where a finding is broken into lines; None: nowhere. A fix is never, since it is to be copied.
    """
    yield Line(f"{deployment.base} in {deployment.project}, {deployment.region}", "bold")
    for group, found in groupby(results, lambda result: result.group):
        yield Line("")
        yield Line(group, "bold")
        for result in found:
            yield from _check(result, width)


def _check(result: Result, width: int | None) -> Iterator[Line]:
    sign, style = _SIGNS[result.level]
    notes = "; ".join(finding.text for finding in result.findings if finding.level is Level.OK)
    shown = notes if result.level is Level.OK else ""
    yield Line(f"  {sign:4}  {result.check:{_NAME}}  {shown}".rstrip(), style)
    for finding in result.findings:
        if finding.level is not Level.OK:
            yield from (Line(f"{_INDENT}{text}") for text in _broken(finding.text, width))
            if finding.fix:
                yield Line(f"{_INDENT}fix: {finding.fix}", "cyan", whole=True)


def _broken(text: str, width: int | None) -> list[str]:
    """Between words only: what is longer than a line is a name, to be copied."""
    if width is None:
        return [text]
    return wrap(text, max(width - len(_INDENT), 20), break_long_words=False, break_on_hyphens=False)


def summary(deployment: Deployment, results: Sequence[Result]) -> Iterator[Line]:
    """``31 ok, 1 warn, 2 FAIL``, and what that comes to."""
    counts = Counter(result.level for result in results)
    told = ", ".join(f"{counts[level]} {_SIGNS[level][0]}" for level in Level if counts[level])
    yield Line("")
    if counts[Level.FAIL]:
        yield Line(f"not well: {told}", "bold red")
    elif all(result.level is Level.UNKNOWN for result in results if result.check != "graphs.lock"):
        is_there = f"is there a project '{deployment.project}', and may you see it?"
        yield Line(f"nothing could be looked at ({told}): {is_there}", "bold red")
    elif counts[Level.UNKNOWN]:
        yield Line(f"not all could be looked at: {told}", "bold magenta")
    else:
        yield Line(f"well: {told} of {len(results)} checks", "bold green")
