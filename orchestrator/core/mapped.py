"""The plan of a mapped run: one step for each item of a list. Pure.

The run of a step with ``map`` has a plan of one step, the *body*. How many items there are is in the run's record, and
its plan is made anew from the two wherever it is needed, so no plan is stored for each length of a list. Two machines
must make the same of them: whoever changes that, or how plans are compiled, raises the schema.
"""

from dataclasses import replace

from orchestrator.core import compiler, kept_steps
from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run
from orchestrator.core.plan import JoinPlan, Node, Plan, Role
from orchestrator.core.rules import TriggerRule

#: How many items a step may be mapped over.
MAX_ITEMS = 10_000


def plan_of(base: Plan, run: Run) -> Plan:
    """The plan of a run, from the stored one. Raises ValueError."""
    return kept_steps.plan_of(base if run.mapped is None else mapped(base, run.mapped), run.kept)


def mapped(base: Plan, items: int) -> Plan:
    """The plan of as many steps as there are items. Raises ValueError if ``base`` is not that of a body."""
    if len(base.steps) != 1 or not 0 < items <= MAX_ITEMS:
        raise ValueError(f"a plan of {len(base.steps)} steps cannot be mapped over {items} items")
    (body,) = base.steps
    steps = tuple(replace(body, name=f"{body.name}.{number}") for number in range(items))
    plan = compile_plan(base.graph, base.version, steps, base.fails_on)
    plan = replace(plan, inners=base.inners)
    return _opened_in_parts(plan) if items > compiler.SPREAD else plan


def _opened_in_parts(plan: Plan) -> Plan:
    """``plan``, whose steps all wait for gates that pass at once: no handler has to launch more than ``SPREAD``."""
    count, nodes, joins = len(plan.steps), list(plan.nodes), list(plan.joins)
    end = nodes.pop()
    for start in range(0, count, compiler.SPREAD):
        part = range(start, min(start + compiler.SPREAD, count))
        gate, join = len(nodes), len(joins)
        for number in part:
            nodes[number] = replace(nodes[number], join=join)
        nodes.append(Node(f"_gate.{gate}", Role.GATE, TriggerRule.ALL_DONE, None, (join,)))
        joins.append(JoinPlan(1, tuple(part), gate))
    nodes.append(end)
    last = end.join
    assert last is not None
    joins[last] = replace(joins[last], waiting=(len(nodes) - 1,))
    return replace(plan, nodes=tuple(nodes), joins=tuple(joins))
