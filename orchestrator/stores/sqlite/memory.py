"""What the store keeps in memory: changes that the next commit will write, and a cache of what is in the file."""

import sqlite3
from dataclasses import dataclass, field

from orchestrator.core import codec
from orchestrator.core.model import Counter, Status, StepState
from orchestrator.core.plan import Plan
from orchestrator.stores.sqlite.rows import counter_row, needs_schema, to_text

#: How many states are cached between transactions, for all runs together, and how many characters of JSON: in memory a
#: value may take thirty times as much.
_REMEMBERED, _REMEMBERED_TEXT = 100_000, 16_000_000


@dataclass(slots=True)
class Known:
    """States and counters of one run. Those in ``changed_…`` are not in the file yet: the commit will write them.

    ``whole``: everything that the file has of this run is here.
    """

    whole: bool = False
    states: dict[int, StepState] = field(default_factory=dict)
    counters: dict[int, Counter] = field(default_factory=dict)
    changed_states: dict[int, StepState] = field(default_factory=dict)
    changed_counters: dict[int, Counter] = field(default_factory=dict)


class Memory:
    """The cache, by the runs' keys. A ``Buffer`` of the database, which decides when to flush and when to drop it."""

    def __init__(self) -> None:
        self.runs: dict[str, Known] = {}
        self.size = 0  # characters of JSON that the cached states take; an upper bound
        self.plan: tuple[str, Plan] | None = None  # the last plan written, if reading it back would give the same

    def flush(self, connection: sqlite3.Connection) -> None:
        for run, known in self.runs.items():
            if known.changed_states:
                for state in known.changed_states.values():
                    if (
                        state.control is not None
                        or state.status is Status.NEEDS_ATTENTION
                        or state.places
                        or state.waits
                    ):
                        needs_schema(connection, codec.schema_of(state))
                states = [
                    (run, node, to_text(codec.state_to_json(state))) for node, state in known.changed_states.items()
                ]
                connection.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", states)
                for _, _, text in states:
                    self.size += len(text)
                known.changed_states.clear()
            if known.changed_counters:
                counters = [(run, join, *counter_row(counter)) for join, counter in known.changed_counters.items()]
                connection.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ?, ?, ?, ?)", counters)
                known.changed_counters.clear()
        number = sum(len(known.states) for known in self.runs.values())
        if number > _REMEMBERED or self.size > _REMEMBERED_TEXT:
            self.drop()

    def drop(self) -> None:
        self.runs.clear()
        self.size = 0
        self.plan = None
