"""What the store keeps in memory: changes for the next commit, and what it has read and written since the last drop.

It is a ``Buffer`` of the database, which decides when to flush and when to drop it.
"""

import sqlite3
from dataclasses import dataclass, field

from orchestrator.core import codec
from orchestrator.core.model import Counter, StepState
from orchestrator.core.plan import Plan
from orchestrator.stores.sqlite.rows import counter_row, to_text

#: How many states are remembered between transactions, of all runs together, and of how many characters of JSON: in
#: memory a value may take thirty times as much.
_REMEMBERED, _REMEMBERED_TEXT = 100_000, 16_000_000


@dataclass(slots=True)
class Known:
    """What is known of a run: as it is in the file, but for the nodes and joins whose ``changes`` go there with the
    commit. ``whole``: what is not here is not there."""

    whole: bool = False
    states: dict[int, StepState] = field(default_factory=dict)
    counters: dict[int, Counter] = field(default_factory=dict)
    changed_states: dict[int, StepState] = field(default_factory=dict)
    changed_counters: dict[int, Counter] = field(default_factory=dict)


class Memory:
    """What is known of each run, by its key."""

    def __init__(self) -> None:
        self.runs: dict[str, Known] = {}
        self.held = 0  # how many characters of JSON have been remembered, at most
        self.plan: tuple[str, Plan] | None = None  # the plan that was written last; it would be read as it is

    def flush(self, connection: sqlite3.Connection) -> None:
        for run, known in self.runs.items():
            if known.changed_states:
                states = [
                    (run, node, to_text(codec.state_to_json(state))) for node, state in known.changed_states.items()
                ]
                connection.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", states)
                for _, _, text in states:
                    self.held += len(text)
                known.changed_states.clear()
            if known.changed_counters:
                counters = [(run, join, *counter_row(counter)) for join, counter in known.changed_counters.items()]
                connection.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ?, ?, ?, ?)", counters)
                known.changed_counters.clear()
        number = sum(len(known.states) for known in self.runs.values())
        if number > _REMEMBERED or self.held > _REMEMBERED_TEXT:
            self.drop()

    def drop(self) -> None:
        self.runs.clear()
        self.held = 0
        self.plan = None
