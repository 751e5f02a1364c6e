"""The graph: steps and their edges. Only this file imports networkx, because handling an event needs only the plan.

It does so where it is needed, which is for a cycle, a longest path and a picture: a run of a right graph is spared the
seventh of a second that the import takes.
"""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from orchestrator.core.active_runs import ActiveRuns
from orchestrator.core.compiler import compile_plan
from orchestrator.core.inner_graphs import flat, needed
from orchestrator.core.kinds import kind_of
from orchestrator.core.param import Param
from orchestrator.core.plan import FailsOn, Inner, Plan
from orchestrator.core.plan_codec import step_to_json
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Json, Step
from orchestrator.errors import InvalidGraphError, Problem
from orchestrator.text import Suggestions

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a deployed graph starts by itself: five fields of unix-cron, in an IANA time zone.

    ``params``: the params of such a run, as written in the file (``today`` is the day on which it starts).
    """

    cron: str
    time_zone: str = "Etc/UTC"
    params: Mapping[str, Json] = field(default_factory=dict)
    paused: bool = False


def _said(param: Param) -> dict[str, object]:
    """A param as part of a graph's version. An empty pattern is left out, as older versions had none."""
    said = dataclasses.asdict(param)
    return said if param.pattern else {key: value for key, value in said.items() if key != "pattern"}


#: A cycle of more steps than this is not listed step by step.
_TOLD = 12


def _steps(count: int) -> str:
    return "steps " if count <= _TOLD else f"{count:,} steps "


def _way(names: Sequence[str]) -> str:
    """``a -> b -> a``; if it is long, only its beginning and its end."""
    left_out = len(names) - _TOLD
    told = names if left_out <= 1 else [*names[: _TOLD - 4], f"… {left_out + 1:,} more …", *names[-3:]]
    return " -> ".join(told)


@dataclass(frozen=True)
class Graph:
    """A definition: a directed acyclic graph of steps. Check ``problems`` before you use anything else.

    ``deploy``: whether it is meant for the cloud. ``unsafe_params``: params of free text that may choose which code
    runs. ``notify``: by receiver of the project, its occasions. Runs depend on none of these, nor on the schedule.
    ``outputs``: those of a step that runs this graph, by name: an expression over the outputs of its steps.
    ``deadline``: so many seconds after its start, or at that time of day, a run has to end, or that is told.
    ``inners``: the graphs that its steps run, and those that these run, by their versions (``Step.inner``).
    ``max_parallel``: how many attempts of a run may be active at once; None: any number. ``active``: how many runs.
    """

    name: str
    steps: tuple[Step, ...]
    params: tuple[Param, ...] = ()
    description: str = ""
    schedule: Schedule | None = None
    fails_on: FailsOn = FailsOn.ANY
    deploy: bool = True
    unsafe_params: tuple[str, ...] = ()
    outputs: Mapping[str, Json] = field(default_factory=dict)
    inners: Mapping[str, Inner] = field(default_factory=dict)
    notify: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_parallel: int | None = None
    deadline: float | str | None = None
    active: ActiveRuns | None = None

    @cached_property
    def by_name(self) -> dict[str, Step]:
        return {step.name: step for step in self.steps}

    @cached_property
    def works(self) -> tuple[Step, ...]:
        """Its steps, and what each mapped step does for each item, under the name of that step."""
        bodies = (
            replace(body, name=step.name, after=step.after, trigger=step.trigger)
            for step in self.steps
            if kind_of(step.work).maps and (inner := self.inners.get(step.inner)) is not None
            for body in inner.plan.steps
        )
        return (*self.steps, *bodies)

    def inner(self, step: Step) -> Inner | None:
        """The graph that a step runs, or that is run for each item."""
        inside = (inner.plan.inners for inner in self.inners.values())
        return next((found[step.inner] for found in (self.inners, *inside) if step.inner in found), None)

    @cached_property
    def all_steps(self) -> tuple[Step, ...]:
        """Its steps, and all steps of the graphs that they run, each with its whole name: ``load/ingest``."""
        return tuple(flat(self.steps, self.inners))

    @cached_property
    def digraph(self) -> "nx.DiGraph[str]":
        """Steps as nodes (attribute ``step``), an edge from each predecessor. Unknown predecessors are left out."""
        import networkx as nx

        digraph: nx.DiGraph[str] = nx.DiGraph(
            name=self.name,
            description=self.description,
            params=self.params,
            schedule=self.schedule,
            fails_on=str(self.fails_on),
            deploy=self.deploy,
            unsafe_params=self.unsafe_params,
            outputs=self.outputs,
            inners=self.inners,
            notify=self.notify,
            max_parallel=self.max_parallel,
            deadline=self.deadline,
            max_active_runs=self.active,
        )
        digraph.add_nodes_from((step.name, {"step": step}) for step in self.steps)
        digraph.add_edges_from(
            (before, step.name) for step in self.steps for before in step.after if before in self.by_name
        )
        return digraph

    @cached_property
    def followers(self) -> Mapping[str, Collection[str]]:
        """By step: those that come right after it, each once."""
        found: dict[str, dict[str, None]] = {step.name: {} for step in self.steps}
        for step in self.steps:
            for before in step.after:
                if before in found:
                    found[before][step.name] = None
        return found

    @cached_property
    def version(self) -> str:
        """A hash of everything that affects a run: the same content gives the same version."""
        content = {
            "name": self.name,
            "params": [_said(param) for param in self.params],
            "steps": [step_to_json(step) for step in self.steps],
            "fails_on": self.fails_on,
            **({} if self.max_parallel is None else {"max_parallel": self.max_parallel}),
            **({"deadline": self.deadline} if self.deadline is not None else {}),
            **({} if self.active is None else {"max_active_runs": [self.active.limit, self.active.policy]}),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the shape: no steps, duplicate names, unknown predecessors, cycles."""
        if not self.steps:
            return [Problem(("steps",), "expected at least one step, got none")]
        found = list(self._wrong_edges())
        seen: set[str] = set()
        for step in self.steps:
            if step.name in seen:
                found.append(Problem(("steps", step.name), "this name is used by two steps"))
            seen.add(step.name)
        return [*found, *self._teardowns(), *self._numbers(), *self._cycles()]

    def _wrong_edges(self) -> Iterator[Problem]:
        suggest = Suggestions()
        for step in self.steps:
            for before in step.after:
                where = ("steps", step.name, "after")
                if before == step.name:
                    yield Problem(where, "a step cannot come after itself")
                elif before not in self.by_name:
                    yield Problem(where, f"no step is called '{before}'{suggest(before, self.by_name)}")

    def _teardowns(self) -> Iterator[Problem]:
        """A teardown waits for the steps it cleans up after, however they end, and only teardowns may wait for it."""
        for step in self.steps:
            where = ("steps", step.name)
            if step.teardown and not step.after:
                yield Problem(
                    (*where, "teardown"), "a teardown comes after the steps it cleans up: name them in 'after'"
                )
            if step.teardown and step.trigger is not TriggerRule.ALL_DONE:
                text = f"a teardown runs when all before it have ended: leave out the trigger {step.trigger}"
                yield Problem((*where, "trigger"), text)
            for before in step.after:
                if not step.teardown and before in self.by_name and self.by_name[before].teardown:
                    text = f"only teardowns may come after the teardown '{before}': name the steps before it instead"
                    yield Problem((*where, "after"), text)

    def _numbers(self) -> Iterator[Problem]:
        """A rule with a number is about several steps, and can want no more successes than there are steps."""
        for step in self.steps:
            if step.trigger not in (TriggerRule.AT_LEAST, TriggerRule.ALL_DONE_WITHIN) or step.teardown:
                continue
            where, count = ("steps", step.name, "trigger"), len(step.after)
            if count < 2:
                fix = "write all_done" if count and step.trigger is TriggerRule.ALL_DONE_WITHIN else "leave it out"
                before = "only one" if count else "none"
                yield Problem(where, f"{step.trigger} is for a step after several others, and this has {before}: {fix}")
            elif step.at_least is not None and not 1 <= step.at_least <= count:
                text = f"expected at most {count}, the number of steps before this one, got {step.at_least}"
                yield Problem((*where, "at_least"), text)
            elif step.at_least is None and step.within is None:
                yield Problem(where, f"{step.trigger} lacks its number")

    def _cycles(self) -> list[Problem]:
        """One cycle of each strongly connected component, step by step."""
        try:
            self._sorted()
        except CycleError:
            return self._knots()
        return []

    def _knots(self) -> list[Problem]:
        import networkx as nx

        found = []
        for knot in nx.strongly_connected_components(self.digraph):
            if len(knot) > 1:
                edges = nx.find_cycle(self.digraph.subgraph(knot), source=min(knot))
                names = [edge[0] for edge in edges]
                start = names.index(min(names))
                names = [*names[start:], *names[:start], names[start]]
                message = f"these {_steps(len(names) - 1)}wait for each other in a cycle: {_way(names)}"
                found.append(Problem(("steps", names[0], "after"), message))
        return found

    def compile(self) -> Plan:
        """The plan of this graph. Raises InvalidGraphError if the graph has problems."""
        if found := self.problems():
            raise InvalidGraphError(found)
        plan = compile_plan(self.name, self.version, self.steps, self.fails_on)
        inners = needed(self.steps, self.inners) if self.inners else {}
        plan = dataclasses.replace(plan, inners=inners, max_parallel=self.max_parallel)
        return dataclasses.replace(plan, deadline=self.deadline, active=self.active)

    def generations(self) -> list[list[str]]:
        """The steps by the length of the longest path to them: each list depends only on the lists before it."""
        steps, found = self._sorted(), []
        while steps.is_active():
            ready = steps.get_ready()
            found.append(sorted(ready))
            steps.done(*ready)
        return found

    def _sorted(self) -> TopologicalSorter[str]:
        """The steps, each once all before it are done. Raises CycleError."""
        steps = TopologicalSorter[str]()
        for before, following in self.followers.items():
            steps.add(before)
            for step in following:
                steps.add(step, before)
        steps.prepare()
        return steps

    def ancestors(self, name: str) -> set[str]:
        """Every step that must end before ``name`` can run."""
        import networkx as nx

        return set(nx.ancestors(self.digraph, name))

    def descendants(self, name: str) -> set[str]:
        """Every step that waits for ``name``, directly or not."""
        import networkx as nx

        return set(nx.descendants(self.digraph, name))

    def longest_path(self) -> list[str]:
        """The steps of a longest path, from first to last."""
        import networkx as nx

        return list(nx.dag_longest_path(self.digraph))

    def drawn_edges(self) -> list[tuple[str, str]]:
        """The edges without those that a longer path implies (transitive reduction)."""
        import networkx as nx

        return list(nx.transitive_reduction(self.digraph).edges)

    def to_networkx(self) -> "nx.DiGraph[str]":
        """A copy to work with: each node has its step as the attribute ``step``."""
        return self.digraph.copy()
