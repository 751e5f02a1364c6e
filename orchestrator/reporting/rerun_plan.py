"""What a rerun would do, as lines. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.reporting.phrases import column, counted, listed

#: How many steps that run again are listed one by one.
LISTED = 40


def plan_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The plan ``told`` (definition/reruns.py): the steps that run again and why, the changed params, what is kept."""
    steps: Mapping[str, Mapping[str, Any]] = told["steps"]
    again = [name for name, step in steps.items() if step["again"]]
    yield (
        f"run {told['run']} will rerun {told['rerun_of']} ({told['status']}): "
        f"{counted(len(again), 'step')} again, {len(steps) - len(again):,} kept"
    )
    if told["graph_changed"]:
        yield f"  the graph has changed since, and the new version runs: {told['graph_file'] or 'as it is given'}"
    elif told["graph_file"] is None:
        yield f"  the graph is the version that ran in {told['rerun_of']}"
    if told["removed"]:
        yield f"  no longer in the graph: {listed(told['removed'], 8)}"
    if told["changed_params"]:
        yield f"  changed params: {listed(told['changed_params'], 8)}"
    width = column(again[:LISTED], 60)
    for name in again[:LISTED]:
        yield f"  again  {name:{width}}  {steps[name]['why']}{_inside(steps[name])}".rstrip()
    if len(again) > LISTED:
        yield f"  again  {counted(len(again) - LISTED, 'more step')}: --json lists all"
    plain = []
    for name, step in steps.items():
        if step["why"] and not step["again"]:
            yield f"  keep   {name:{width}}  although: {step['why']}"
        elif not step["again"]:
            was = _words(step["was"])
            plain.append(name if was == "succeeded" else f"{name} ({was})")
    if plain:
        yield f"  keep   {listed(plain, 8)}"
    yield from _warnings(steps)


def _inside(step: Mapping[str, Any]) -> str:
    """What becomes of the steps inside a step that runs again."""
    if "inside" not in step:
        return ""
    again, kept = step["inside"]["again"], step["inside"]["kept"]
    return f"; inside it, {listed(again, 4)} again, {kept:,} kept" if again else f"; inside it, {kept:,} kept"


def _warnings(steps: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Which steps are to run again, and will not. A deployed function of an older version does not tell."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, step in steps.items():
        if "will_end" in step:
            reasons.setdefault((step["will_end"], step["because_of"]), []).append(name)
    for name, step in steps.items():
        if "does_not_wait_for" in step:
            others = listed(step["does_not_wait_for"], 8)
            yield f"  note: {name} begins at once and does not wait for {others}: what is kept before it is enough"
    for (status, kept), names in reasons.items():
        yield (
            f"  warning: {listed(names, 8)} will not run and will end as {_words(status)}, because {kept} "
            f"({_words(steps[kept]['was'])}) is kept: to run {kept} again, name it too"
        )


def _words(status: object) -> str:
    return str(status).replace("_", " ")
