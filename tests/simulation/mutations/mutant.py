"""A hand-made mutant: what it breaks, and where; and the files in which most of them are."""

from dataclasses import dataclass

MACHINE, JOINS, EARLY, KEPT, RETRIES, PLAN, COMPILER, RULES, OVERDUE, FITTING, MESSAGES, CODEC = (
    f"orchestrator/core/{name}.py"
    for name in (
        *("machine", "joins", "early_joins", "kept_steps", "retries", "plan"),
        *("compiler", "rules", "overdue", "validity", "messages", "task_codec"),
    )
)
ENGINE, LEDGER, LAUNCHING, CLAIMING, DUPLICATES, CHECKING, SWEEPING, PROOF, CACHE = (
    f"orchestrator/engine/{name}.py"
    for name in (
        *("__init__", "ledger", "launching", "claiming", "duplicate_jobs", "checking", "sweeping", "proof", "cache"),
    )
)
DATAFLOW, STANDING = "orchestrator/jobs/dataflow/backend.py", "orchestrator/jobs/dataflow/status.py"
CONTROL_EVENTS, CONTROL = "orchestrator/core/control_events.py", "orchestrator/engine/control.py"
LIMITING = "orchestrator/engine/wait_limits.py"
CONSISTENCY = "orchestrator/core/consistency.py"
MOVES, POOLS, LINE, MENDING = (
    "orchestrator/core/pool_moves.py",
    *(f"orchestrator/engine/{name}.py" for name in ("pools", "pool_line", "pool_mending")),
)
PLACES = "orchestrator/stores/firestore/pools.py"
MEMORY, IDS = "tests/doubles/memory_store.py", "orchestrator/stores/firestore/ids.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """In ``file``, a path from the root, ``old`` is there once and becomes ``new``. ``worlds``: where it is seen.

    ``kinds``: it is seen only in worlds of all these kinds (kinds.py), so that others need not be tried. ``test``: the
    test that sees it, where worlds see it seldom or never, because it needs two things to happen at one moment.
    """

    name: str
    file: str
    old: str
    new: str
    worlds: str = "tests.simulation"
    kinds: tuple[str, ...] = ()
    test: str = ""
