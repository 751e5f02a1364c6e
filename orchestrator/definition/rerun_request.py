"""A requested rerun: what it keeps of an earlier run, what it runs again and why, and the run that it would be."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.core.inner_graphs import times_of_day
from orchestrator.core.kept_steps import AGAIN, letters
from orchestrator.core.model import Run
from orchestrator.core.names import new_key
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import Changes, Earlier, Rerun, choose
from orchestrator.core.rerun_inside import Selection, paths
from orchestrator.core.steps import Json
from orchestrator.definition import params
from orchestrator.definition.deadline_keys import moments
from orchestrator.definition.reads import reads
from orchestrator.definition.rerun_inside import EarlierRun, whole_names, with_inside
from orchestrator.engine.runs_inside import nesting
from orchestrator.errors import UsageError
from orchestrator.expressions import zones

_NOTHING = (
    "every step of run '{}' succeeded or was skipped, and nothing has changed: name the steps to run again with "
    "--from, or give --all"
)


@dataclass(frozen=True, slots=True)
class RerunRequest:
    """What somebody asks for, of the run ``before``. ``graph``: as it is now; None: as it was then. ``folder``: where
    the graph's file lies, and ``file`` its name there, if it has one. ``given``: params with other values than before.

    ``began``: when the first of these runs started; ``today`` and ``now`` mean that moment. ``stand_ins``: steps run
    their ``local`` block where they have one.
    """

    before: EarlierRun
    graph: Graph | None
    folder: Path | None
    given: Mapping[str, object]
    began: float
    wanted: Selection = field(default_factory=Selection)
    stand_ins: bool = False
    file: str | None = None

    def rerun(self, run_id: str, now: float) -> Rerun:
        """The rerun, if it started ``now`` under ``run_id``. Raises UsageError, with everything that is wrong."""
        was = self.before
        plan = was.plan if self.graph is None else self.graph.compile()
        wanted = self._wanted(plan)
        values = self._params()
        before = self.earlier.params
        changed = {
            name: (before.get(name), values.get(name))
            for name in (*values, *(name for name in before if name not in values))
            if _written(before, name) != _written(values, name)
        }
        changes = Changes(changed.keys(), reads(self.stand_ins, plan.inners))
        choices = choose(plan, Earlier(was.plan, was.statuses), wanted, changes)
        choices = with_inside(choices, plan, was, wanted, changed)
        kept = {plan.numbers[choice.step]: was.plan.numbers[choice.step] for choice in choices if not choice.again}
        if len(kept) == len(plan.steps):
            raise UsageError(_NOTHING.format(self.earlier.id))
        states = letters(plan, {node: was.statuses[number] for node, number in kept.items()})
        run = self._run(run_id, plan, states, values, now, wanted)
        file = None if self.folder is None or self.file is None else str(self.folder / self.file)
        removed = tuple(step.name for step in was.plan.steps if step.name not in plan.numbers)
        return Rerun(self.earlier, run, plan, tuple(choices), kept, changed, file, removed)

    @property
    def earlier(self) -> Run:
        """The run that is rerun."""
        return self.before.run

    def _wanted(self, plan: Plan) -> Selection:
        """What is wanted, with the steps' whole names. Raises UsageError for every step that is named and not there,
        and for options that exclude each other.
        """
        start, wrong = whole_names(self.wanted.start, "--from", self.before, plan)
        only, more = whole_names(self.wanted.only, "--only", self.before, plan)
        wrong += more
        given = ["--from"] * bool(self.wanted.start) + ["--only"] * bool(self.wanted.only)
        given += ["--all"] * self.wanted.everything
        if len(given) > 1:
            wrong.append(f"use only one of {', '.join(given)}: each of them says what runs again")
        if wrong:
            raise UsageError("\n".join(wrong))
        return replace(self.wanted, start=start, only=only)

    def _params(self) -> Mapping[str, Json]:
        """Those of the earlier run, but for those given, and for what the graph has been changed to."""
        if self.graph is None:
            if self.given:
                raise UsageError(
                    "params are checked against the file of the graph, and none of this version is known: give it with "
                    "--graph, or omit --param"
                )
            return self.earlier.params
        known = {param.name for param in self.graph.params}
        carried = {name: value for name, value in self.earlier.params.items() if name in known}
        moment = datetime.fromtimestamp(self.began, zones.zone(self.earlier.time_zone))
        return params.resolve(self.graph.params, {**carried, **self.given}, moment)

    def _run(
        self, run_id: str, plan: Plan, kept: str, values: Mapping[str, Json], now: float, wanted: Selection
    ) -> Run:
        """Its key is made of all that it does: two who ask for the same start one run."""
        before, inside = self.earlier, paths(wanted.names)
        named = [[*inside, bool(wanted.only)]] if inside else []
        does = json.dumps([before.key, run_id, plan.version, kept, values, *named], sort_keys=True)
        began = datetime.fromtimestamp(now, UTC)
        goes_on = bool(kept.strip(AGAIN)) or (bool(nesting(plan)) and not wanted.everything)
        return Run(
            run_id,
            new_key(hashlib.sha256(does.encode()).digest()),
            plan.graph,
            plan.version,
            values,
            now,
            folder=before.folder if self.folder is None else str(self.folder.resolve()),
            time_zone=before.time_zone,
            deployment=before.deployment,
            kept=kept if goes_on else "",
            rerun_of=before.id,
            family=before.family or before.id,
            file=before.file if self.folder is None else self.file,
            notify=self.graph.notify if self.graph is not None else {},
            inside=inside,
            inside_only=bool(inside and wanted.only),
            moments=moments(times_of_day(plan.steps, plan.deadline, plan.inners), began, before.time_zone),
        )


def _written(values: Mapping[str, Json], name: str) -> str:
    """A param's value as a step may see it: 1 and 1.0 are two. Empty if there is no such param."""
    return json.dumps(values[name], sort_keys=True) if name in values else ""
