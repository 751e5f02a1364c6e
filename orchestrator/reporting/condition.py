"""What a list says of a run that has not ended, besides its status: that it waits in line, needs attention, or is late.
Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.model import PENDING, Run, StepState
from orchestrator.reporting.deadlines import LATE, deadline_note
from orchestrator.reporting.in_line import waits_data
from orchestrator.reporting.phrases import listed, waits_for
from orchestrator.reporting.report import headline

#: By what a list can be filtered besides the statuses of runs: the run waits in line to begin, steps of it need
#: attention, it or a step of it is late.
CONDITIONS = ("waiting", "needs_attention", LATE)

#: How many steps are named.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """``end``: the state of the run's end, which knows where the run stands in line if it waits to begin.

    ``attention``: the steps that need attention. ``late``: the steps that are late or expected to be, with that word.
    Both also have steps inside: ``per-file/3``. ``deadline``: the run's own, for programs. ``unread``: why nothing is
    known.
    """

    end: StepState = PENDING
    attention: tuple[str, ...] = ()
    late: tuple[tuple[str, str], ...] = ()
    deadline: Mapping[str, Any] = field(default_factory=dict)
    unread: str = ""

    @property
    def words(self) -> frozenset[str]:
        """Those of ``CONDITIONS`` that are true of it."""
        late = LATE in (deadline_note(self.end), *(word for _, word in self.late))
        said = (self.end.waits is not None, bool(self.attention), late)
        return frozenset(word for word, true in zip(CONDITIONS, said, strict=True) if true)


def condition_note(found: Condition) -> str:
    """``late; load needs attention``; empty if there is nothing to say."""
    return "; ".join(_notes(found))


def _notes(found: Condition) -> Iterator[str]:
    if found.unread:
        yield f"not all of it can be read: {found.unread}"
    if found.end.waits is not None:
        yield waits_for(found.end.waits)
    if note := deadline_note(found.end):
        yield note
    if found.attention:
        yield f"{listed(found.attention, _NAMED)} {'needs' if len(found.attention) == 1 else 'need'} attention"
    for word in dict.fromkeys(word for _, word in found.late):
        names = [name for name, said in found.late if said == word]
        yield f"{listed(names, _NAMED)} {'is' if len(names) == 1 else 'are'} {word}"


def listed_run(run: Run, word: str, known: Mapping[str, Condition]) -> dict[str, Any]:
    """A run in a list, for programs. ``word``: its status. ``known``: conditions, by the keys of runs."""
    return headline(run, word) | (_data(known[run.key]) if run.key in known else {})


def _data(found: Condition) -> dict[str, Any]:
    """What does not apply is left out."""
    return {
        **waits_data(found.end),
        **found.deadline,
        **({"needs_attention": list(found.attention)} if found.attention else {}),
        **({"unread": found.unread} if found.unread else {}),
    }
