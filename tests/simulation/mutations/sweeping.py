"""Hand-made mutants of the sweep."""

from tests.simulation.mutations.mutant import MACHINE, OVERDUE, SWEEPING, Mutant

MUTANTS = (
    Mutant("a sweep's tasks carry no epoch", SWEEPING, '-{SWEEP}{epoch}", ledger', '-{SWEEP}", ledger'),
    Mutant(
        "a sweep's checks carry no epoch",
        SWEEPING,
        'chain=f"{SWEEP}{epoch}{',
        'chain=f"{SWEEP}{',
        test="tests/unit/test_overdue.py::test_a_sweep_looks_at_a_job_whose_watchdog_is_late_once_an_hour",
    ),
    Mutant(
        "each sweep puts again what is lost",
        SWEEPING,
        'epoch = f"{int(now // EPOCHS[queue]):x}"',
        'epoch = f"{int(now)}"',
        test="tests/unit/test_overdue.py::test_a_sweep_puts_a_launch_that_may_still_wait_under_the_name_that_it_has_if_it_waits",
    ),
    Mutant(
        "a sweep takes what waits in a slow queue for lost",
        SWEEPING,
        " or pace.lost(since, now)",
        " or True",
        test="tests/unit/test_overdue.py",
    ),
    Mutant(
        "a queue that stands still is waited for",
        OVERDUE,
        " or max(since, self.moved) + STILL < now",
        "",
        test="tests/unit/test_overdue.py::test_a_launch_is_lost_where_it_was_overtaken_or_nothing_moves",
    ),
    Mutant(
        "what the queue let through lately does not count",
        OVERDUE,
        "max(since, self.moved) + STILL",
        "since + LATE",
        test="tests/unit/test_overdue.py",
    ),
    Mutant(
        "a sweep overlooks launches that were claimed",
        MACHINE,
        "            case Status.LAUNCHING if node < len(plan.steps):\n"
        "                yield Launch(run, node, state.attempt)\n",
        "",
    ),
    Mutant(
        "a sweep overlooks retries",
        MACHINE,
        "            case Status.UP_FOR_RETRY:\n",
        "            case Status.UP_FOR_RETRY if state.attempt > 99:\n",
    ),
)
