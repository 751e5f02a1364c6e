"""The findings of ``doctor`` as lines, one check at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from orchestrator.deployment import Deployment
from orchestrator.deployment.doctor.checks import CHECKS
from orchestrator.deployment.doctor.findings import Level, Result
from orchestrator.reporting.summary import Line

#: What is printed before a check, and its style.
_SIGNS = {
    Level.OK: ("ok", "green"),
    Level.WARN: ("warn", "yellow"),
    Level.UNKNOWN: ("?", "magenta"),
    Level.FAIL: ("FAIL", "bold red"),
}

_NAME = max(len(check.name) for check in CHECKS)

_INDENT = " " * 8


def lines(deployment: Deployment, results: Iterable[Result], width: int | None) -> Iterator[Line]:
    """A line for each check, grouped, as results arrive; below it its findings, each with its fix.

    ``width``: where findings are wrapped; None: nowhere. A fix is never wrapped, since users copy it.
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
    """Wrapped between words only: a longer word is a name that users copy."""
    if width is None:
        return [text]
    return wrap(text, max(width - len(_INDENT), 20), break_long_words=False, break_on_hyphens=False)


def summary(deployment: Deployment, results: Sequence[Result]) -> Iterator[Line]:
    """``31 ok, 1 warn, 2 FAIL``, and what that means."""
    counts = Counter(result.level for result in results)
    told = ", ".join(f"{counts[level]} {_SIGNS[level][0]}" for level in Level if counts[level])
    yield Line("")
    if counts[Level.FAIL]:
        yield Line(f"problems found: {told}", "bold red")
    elif all(result.level is Level.UNKNOWN for result in results if result.check != "graphs.lock"):
        is_there = f"does project '{deployment.project}' exist, and may you see it?"
        yield Line(f"nothing could be checked ({told}): {is_there}", "bold red")
    elif counts[Level.UNKNOWN]:
        yield Line(f"not everything could be checked: {told}", "bold magenta")
    else:
        yield Line(f"no problems found: {told} of {len(results)} checks", "bold green")
