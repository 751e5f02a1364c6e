"""A requested rerun: what it keeps of an earlier run, what it runs again and why, and the run that it would be."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.core.kept_steps import letters
from orchestrator.core.model import Run, Status
from orchestrator.core.names import new_key
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import Changes, Earlier, Rerun, Selection, choose
from orchestrator.core.steps import Json
from orchestrator.definition import params
from orchestrator.definition.reads import reads
from orchestrator.errors import UsageError
from orchestrator.expressions import zones
from orchestrator.text import did_you_mean, quoted

_NOTHING = (
    "every step of run '{}' succeeded or was skipped, and nothing has changed: name the steps to run again with "
    "--from, or give --all"
)


@dataclass(frozen=True, slots=True)
class RerunRequest:
    """What somebody asks for. ``graph``: as it is now; None: as it was in the earlier run, of which ``plan`` and
    ``statuses`` tell. ``folder``: where the graph's file lies, and ``file`` its name there, if it has one. ``given``:
    params with other values than before.

    ``began``: when the first of these runs started; ``today`` and ``now`` mean that moment. ``stand_ins``: steps run
    their ``local`` block where they have one.
    """

    earlier: Run
    plan: Plan
    statuses: Mapping[int, Status]
    graph: Graph | None
    folder: Path | None
    given: Mapping[str, object]
    began: float
    wanted: Selection = field(default_factory=Selection)
    stand_ins: bool = False
    file: str | None = None

    def rerun(self, run_id: str, now: float) -> Rerun:
        """The rerun, if it started ``now`` under ``run_id``. Raises UsageError, with everything that is wrong."""
        plan = self.plan if self.graph is None else self.graph.compile()
        self._check(plan)
        values = self._params()
        before = self.earlier.params
        changed = {
            name: (before.get(name), values.get(name))
            for name in (*values, *(name for name in before if name not in values))
            if _written(before, name) != _written(values, name)
        }
        changes = Changes(changed.keys(), reads(self.stand_ins, plan.inners))
        choices = choose(plan, Earlier(self.plan, self.statuses), self.wanted, changes)
        kept = {plan.numbers[choice.step]: self.plan.numbers[choice.step] for choice in choices if not choice.again}
        if len(kept) == len(plan.steps):
            raise UsageError(_NOTHING.format(self.earlier.id))
        run = self._run(
            run_id, plan, letters(plan, {node: self.statuses[was] for node, was in kept.items()}), values, now
        )
        file = None if self.folder is None or self.file is None else str(self.folder / self.file)
        removed = tuple(step.name for step in self.plan.steps if step.name not in plan.numbers)
        return Rerun(self.earlier, run, plan, tuple(choices), kept, changed, file, removed)

    def _check(self, plan: Plan) -> None:
        """Raises UsageError for every step that is named and not there, and for options that exclude each other."""
        named = {"--from": self.wanted.start, "--only": self.wanted.only}
        wrong = [
            f"{option}: graph '{plan.graph}' has no step {quoted(name)}{did_you_mean(name, plan.numbers)}"
            for option, names in named.items()
            for name in names
            if name not in plan.numbers
        ]
        given = [option for option, names in named.items() if names] + ["--all"] * self.wanted.everything
        if len(given) > 1:
            wrong.append(f"use only one of {', '.join(given)}: each of them says what runs again")
        if wrong:
            raise UsageError("\n".join(wrong))

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

    def _run(self, run_id: str, plan: Plan, kept: str, values: Mapping[str, Json], now: float) -> Run:
        """Its key is made of all that it does: two who ask for the same start one run."""
        before = self.earlier
        does = json.dumps([before.key, run_id, plan.version, kept, values], sort_keys=True)
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
            kept=kept if kept.strip(".") else "",
            rerun_of=before.id,
            family=before.family or before.id,
            file=before.file if self.folder is None else self.file,
            notify=self.graph.notify if self.graph is not None else {},
        )


def _written(values: Mapping[str, Json], name: str) -> str:
    """A param's value as a step may see it: 1 and 1.0 are two. Empty if there is no such param."""
    return json.dumps(values[name], sort_keys=True) if name in values else ""
