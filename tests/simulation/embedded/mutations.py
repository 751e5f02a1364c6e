"""Hand-made mutants of the embedded world: what each breaks, and where. Each must be noticed by its worlds."""

from tests.simulation.mutations.mutant import Mutant

_WORLDS = "tests.simulation.embedded"
_TOGETHER = ("together",)
_PLACES = "orchestrator/local/places.py"

MUTANTS = (
    Mutant(
        "what another process has committed is not read",
        "orchestrator/home/database.py",
        "        self.foreign += 1\n        self._drop()\n",
        "        self.foreign += 1\n",
        _WORLDS,
    ),
    Mutant(
        "of many ends at once those that a turn does not look at are dropped",
        "orchestrator/local/loop.py",
        "        return heard\n\n    def _hear",
        "        self._world.ended.names.clear()\n        return heard\n\n    def _hear",
        _WORLDS,
    ),
    Mutant(
        "the ends that a turn had heard of are lost with its transaction",
        "orchestrator/local/loop.py",
        "self._heard, self._open, self._broken_off = heard, unfinished, True",
        "self._open, self._broken_off = unfinished, True",
        _WORLDS,
    ),
    Mutant(
        "the end of a run that was lost with its transaction counts",
        "orchestrator/local/loop.py",
        "self._heard, self._open, self._broken_off = heard, unfinished, True",
        "self._heard, self._broken_off = heard, True",
        _WORLDS,
    ),
    Mutant(
        "what a lost turn had taken stays taken",
        "orchestrator/local/loop.py",
        "self._heard, self._open, self._broken_off = heard, unfinished, True",
        "self._heard, self._open = heard, unfinished",
        _WORLDS,
    ),
    Mutant(
        "a clock that is set is asked again",
        "orchestrator/local/clock.py",
        "        self._begin = wall() - passed()",
        "        self._begin, self._passed = 0.0, wall",
        _WORLDS,
    ),
    Mutant(
        "a process begins before what led to it is on disk",
        "orchestrator/jobs/settled.py",
        "        self._database.settle()\n        return self._backend.launch",
        "        return self._backend.launch",
        _WORLDS,
    ),
    Mutant(
        "a process is stopped before the reason is on disk",
        "orchestrator/jobs/settled.py",
        "        self._database.settle()\n        return self._backend.cancel",
        "        return self._backend.cancel",
        _WORLDS,
    ),
    Mutant(
        "what a lost transaction would have written is remembered",
        "orchestrator/home/database.py",
        "        self._owner = 0\n        self._drop()\n",
        "        self._owner = 0\n",
        _WORLDS,
    ),
    Mutant(
        "a shortage while something is recorded ends the driver",
        "orchestrator/local/loop.py",
        "            except StoreShortError as error:\n                if pause == TICK:",
        "            except ZeroDivisionError as error:\n                if pause == TICK:",
        _WORLDS,
    ),
    Mutant(
        "an audit finds jobs for which a run waits",
        "orchestrator/operations/audit/why_left.py",
        "(state.status.active or state.live)",
        "state.live",
        _WORLDS,
    ),
    Mutant(
        "what others interrupted costs a retry",
        "orchestrator/core/retries.py",
        '{"interruptions": state.interruptions + 1, "unasked"',
        '{"interruptions": state.interruptions, "unasked"',
        _WORLDS,
    ),
    Mutant(
        "of what is over without anybody to see to it, the place is kept",
        _PLACES,
        "                if state.status.active and not self._goes_on(",
        "                if False and not self._goes_on(",
        _WORLDS,
        _TOGETHER,
    ),
    Mutant(
        "the place of a job that still runs is given to another",
        _PLACES,
        "        if self._world.processes.is_left(self._folder(run, node, state)):\n            return True\n",
        "        if self._world.processes.is_left(self._folder(run, node, state)):\n"
        "            self._world.store.free(Occupant(state.places[0], run.key, node)) if state.places else None\n"
        "            return True\n",
        _WORLDS,
        _TOGETHER,
    ),
    Mutant(
        "a run that gives its turn back keeps the places of its steps",
        _PLACES,
        "        for key, node, state in active:\n            self._record(known(key).run, node, state)\n"
        "        if any(found for key in {key for key, *_ in active} for found in self._active(key)):\n",
        "        if False:\n",
        test="tests/unit/test_places.py",
    ),
    Mutant(
        "who waits for its turn looks for what was lost all the time",
        "orchestrator/local/loop.py",
        "REST = 60.0",
        "REST = 0.0",
        test="tests/unit/test_places.py",
    ),
    Mutant(
        "nobody looks who waits for a place on this machine",
        "orchestrator/local/loop.py",
        "                    self._places.look()",
        "                    pass",
        _WORLDS,
        _TOGETHER,
    ),
    Mutant(
        "a place that is taken is taken again on this machine",
        "orchestrator/stores/sqlite/pools.py",
        "    return there and any(",
        "    for one in moves.takes if there else ():\n"
        '        connection.execute("DELETE FROM places WHERE pool = ?", [one.pool])\n'
        "    return False and any(",
        _WORLDS,
        _TOGETHER,
    ),
)
