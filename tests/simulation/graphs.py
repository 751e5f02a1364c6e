"""Random scenarios: graphs of 1 to 60 steps, in shapes that pipelines have and in some that they should not have."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from orchestrator.core.compiler import SPREAD, WIDE
from orchestrator.core.job_end import Outcome
from orchestrator.core.plan import FailsOn
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, Json, Retry, Step, Work
from tests.simulation.punctual import NUMBERED
from tests.simulation.scenario import DEAF, Attempt, Behaviour, Condition, Ended, Gave, Param, Raises, Scenario
from tests.simulation.weather import MAX_SKEW

#: Which steps come before each step, by number; only lower numbers may.
Edges = list[set[int]]

RULES = tuple(TriggerRule)
IMPATIENT = frozenset({"one_success", "one_failed", "one_done", "always", "at_least", "all_done_within"})

#: Seconds for which a step with ``all_done_within`` waits.
WITHIN = (1.0, 30.0, 200.0, 900.0)


def random_scenario(random: Random, most: int | None = None) -> Scenario:
    """Any scenario; a small one if ``most`` is given, which only wide joins exceed."""
    size = _size(random) if most is None else random.randint(1, most)
    edges = random.choice(SHAPES)(random, size)
    return scenario("simulated", [f"s{number}" for number in range(len(edges))], edges, random)


def _size(random: Random) -> int:
    roll = random.random()
    if roll < 0.55:
        return random.randint(1, 10)
    return random.randint(11, 24) if roll < 0.87 else random.randint(25, 60)


# Shapes.


def scattered(random: Random, size: int) -> Edges:
    """Each step after any of the earlier ones: several roots and leaves, cross edges, isolated steps."""
    density = random.choice([0.05, 0.15, 0.4, 0.8])
    return [{before for before in range(number) if random.random() < density} for number in range(size)]


def chained(_: Random, size: int) -> Edges:
    return [{number - 1} if number else set() for number in range(size)]


def forked(random: Random, size: int) -> Edges:
    """One, many, one; again and again."""
    edges: Edges = [set()]
    while len(edges) < size:
        fork, width = len(edges) - 1, random.randint(1, max(1, size // 2))
        edges += [{fork} for _ in range(width)]
        edges.append(set(range(fork + 1, fork + 1 + width)))
    return edges[:size]


def layered(random: Random, size: int) -> Edges:
    """Layers, each step after up to three of the layer before it, and now and then of any before."""
    edges: Edges = []
    layer: list[int] = []
    while len(edges) < size:
        start, width = len(edges), random.randint(1, max(1, size // 3))
        for _ in range(min(width, size - start)):
            before = set(random.sample(layer, min(len(layer), random.randint(1, 3))))
            if start and random.random() < 0.1:
                before.add(random.randrange(start))
            edges.append(before)
        layer = list(range(start, len(edges)))
    return edges


def bipartite(random: Random, size: int) -> Edges:
    """Layers, each step after all of the layer before it, so that joins are shared."""
    edges: Edges = []
    layer: set[int] = set()
    while len(edges) < size:
        start, width = len(edges), random.randint(1, max(1, size // 2))
        edges += [set(layer) for _ in range(min(width, size - start))]
        layer = set(range(start, len(edges)))
    return edges


def wide(random: Random, size: int) -> Edges:
    """One join or two above 32 in four cases of ten, so that it becomes a tree; else as many as there are."""
    width = random.randint(33, 57) if random.random() < 0.4 else size
    edges: Edges = [set() for _ in range(width)]
    edges += [set(range(width)) for _ in range(random.randint(1, 2))]
    if random.random() < 0.5:
        edges.append({random.randrange(len(edges)) for _ in range(2)})
    return edges


SHAPES: tuple[Callable[[Random, int], Edges], ...] = (
    scattered, scattered, layered, layered, forked, bipartite, chained, wide,
)  # fmt: skip


# What the steps are.


def scenario(
    name: str, names: list[str], edges: Edges, random: Random, rules: Mapping[int, TriggerRule] | None = None
) -> Scenario:
    """Dress the bare graph: rules (but for those given), retries, whens, time-outs, and what will happen outside."""
    plain = random.choice([0.2, 0.6, 0.9])  # how many keep the default rule
    trouble = random.choice([0.0, 0.15, 0.3, 0.6])  # how many attempts do not succeed
    spice = random.choice([0.0, 0.1, 0.3])  # how many have a when, an input, another kind
    params: dict[str, Json] = {"p": random.randint(0, 1)}
    steps: list[Step] = []
    attempts: dict[str, tuple[Attempt, ...]] = {}
    conditions: dict[str, Condition] = {}
    reads: dict[str, str] = {}
    settled: list[set[int]] = []
    followed = set().union(*edges)
    for number, before in enumerate(edges):
        trigger = TriggerRule.ALL_SUCCESS if random.random() < plain else random.choice(RULES)
        if len(before) > 3 and random.random() < 0.2:  # of which trees are made
            trigger = random.choice([TriggerRule.AT_LEAST, TriggerRule.ALL_DONE_WITHIN])
        if trigger in NUMBERED and len(before) < 2:
            trigger = TriggerRule.ONE_SUCCESS
        trigger = (rules or {}).get(number, trigger)
        teardown = bool(before) and number not in followed and random.random() < spice
        if teardown:
            trigger = TriggerRule.ALL_DONE
        settled.append(set() if trigger in IMPATIENT else before.union(*(settled[one] for one in before)))
        certain = [names[one] for one in sorted(settled[number])]
        own = names[number]
        if random.random() < spice:
            conditions[own] = _condition(random, certain)
        work = _work(random, spice)
        if work.kind == "job" and certain and random.random() < spice:
            reads[own] = random.choice(certain)
            work = Work("job", {"n": f"{{{{ steps.{reads[own]}.outputs.n }}}}"})
        step = _step(random, own, work, tuple(sorted(names[one] for one in before)), trigger, conditions.get(own))
        step = replace(step, teardown=teardown, allow_failure=not teardown and random.random() < spice)
        if trigger is TriggerRule.AT_LEAST:
            step = replace(step, at_least=random.randint(1, len(before)))
        if trigger is TriggerRule.ALL_DONE_WITHIN:
            step = replace(step, within=random.choice(WITHIN))
        steps.append(step)
        attempts[own] = attempts_of(random, step, trouble)
    wide, spread = random.choice([(WIDE, SPREAD), (WIDE, SPREAD), (2, 1), (3, 2), (5, SPREAD)])
    fails_on = random.choice([FailsOn.ANY, FailsOn.ANY, FailsOn.LEAVES])
    return Scenario(name, tuple(steps), params, attempts, conditions, reads, wide, spread, fails_on)


def _step(
    random: Random, name: str, work: Work, after: tuple[str, ...], trigger: TriggerRule, when: Condition | None
) -> Step:
    return Step(
        name,
        work,
        after,
        trigger,
        str(when) if when else None,
        Retry(random.choice([1, 1, 2, 3, 4]), random.choice([0.0, 5.0, 60.0, 300.0]), random.choice([1.0, 2.0]), 400.0),
        random.choice([200.0, 900.0]) if work.kind == "job" and random.random() < 0.5 else None,
        CheckPolicy(random.choice([None, 5.0, 30.0]), random.choice([60.0, 600.0])),
    )


def _work(random: Random, spice: float) -> Work:
    roll = random.random()
    if roll < spice * 0.4:
        return Work()
    if roll < spice * 0.8:
        return Work("wait", {"seconds": random.choice([0, 1.5, 90, 700])})
    if roll < spice * 0.85:
        return random.choice([Work("wait", {}), Work("unheard-of", {})])
    return Work("job", {})


def _condition(random: Random, certain: list[str]) -> Condition:
    """Only what is settled before the step's rule can say run: of others, the answer would be a matter of luck."""
    roll = random.random()
    if roll < 0.03:
        return Raises()
    if not certain or roll < 0.4:
        return Param("p", random.randint(0, 1))
    if roll < 0.8:
        return Gave(random.choice(certain), random.choice([0, 5]))
    return Ended(random.choice(certain), random.choice(["succeeded", "failed", "skipped"]))


def attempts_of(random: Random, step: Step, trouble: float) -> tuple[Attempt, ...]:
    behaviours = (
        [Behaviour.FAILS] * 6
        + [Behaviour.IS_INTERRUPTED] * 2
        + [Behaviour.IS_CANCELLED, Behaviour.IS_REFUSED, Behaviour.LEAVES_TOO_MUCH]
    )
    if step.timeout is not None:
        behaviours += [Behaviour.HANGS] * 3
    #: A job that ends by itself does so well before its time is up, whatever the clocks say.
    most = 1500.0 if step.timeout is None else step.timeout - 2 * MAX_SKEW - 10.0
    planned = []
    for _ in range(step.retry.attempts + 1):
        behaviour = random.choice(behaviours) if random.random() < trouble else Behaviour.SUCCEEDS
        seconds = min(random.choice([0.0, 1.0, 20.0, 100.0, 1500.0]) * random.random(), most)
        stopped = (
            Outcome.CANCELLED
            if behaviour is Behaviour.HANGS or random.random() < 0.7
            else random.choice(tuple(Outcome))
        )
        hanging, outputs = 1e7 if behaviour is Behaviour.HANGS else seconds, {"n": random.randint(0, 9)}
        live = behaviour is Behaviour.SUCCEEDS and step.timeout is None and random.random() < 0.1
        planned.append(Attempt(behaviour, hanging, outputs, random.choice([0, 0, 1, DEAF]), stopped, live))
    if planned[-1].behaviour is Behaviour.IS_INTERRUPTED:  # which would go on for too long
        planned.append(Attempt())
    if trouble and random.random() < 0.01:  # and here it does
        return (Attempt(Behaviour.IS_INTERRUPTED, random.choice([0.0, 20.0])),)
    return tuple(planned)
