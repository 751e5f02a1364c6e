"""Shows runs. Nothing here changes anything."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.console.checking import moment
from orchestrator.console.exchange import Call
from orchestrator.console.finding import found_of
from orchestrator.core.kinds import kind_of
from orchestrator.core.model import PENDING, Run, View
from orchestrator.core.run_filter import RunFilter
from orchestrator.errors import UnreadableRecordError
from orchestrator.jobs.dataflow.handle import read_handle
from orchestrator.operations import tokens
from orchestrator.operations.conditions import conditions
from orchestrator.operations.find_step import find_step
from orchestrator.operations.places_in_line import with_standings
from orchestrator.reporting.condition import listed_run
from orchestrator.reporting.deadlines import deadline_data, deadline_said
from orchestrator.reporting.explain import explain
from orchestrator.reporting.found import Found
from orchestrator.reporting.job_page import job_page
from orchestrator.reporting.limits import limits_data
from orchestrator.reporting.report import report, step_report
from orchestrator.reporting.story import story, story_json

Answer = tuple[int, Mapping[str, Any]]


def list_runs(call: Call) -> Answer:
    """A page of runs."""
    page, unreadable, following = page_of(call)
    ledger = call.deployed.engine.ledger
    known = conditions(None, ledger.store, page, lambda run: ledger.with_plan(run).plan)
    return 200, {
        "runs": [listed_run(run, str(run.status), known) for run in page],
        "unreadable": [{"path": one.path, "why": one.why} for one in unreadable],
        "next": following,
    }


def page_of(call: Call) -> tuple[list[Run], list[UnreadableRecordError], str | None]:
    """A page of runs, the records that cannot be read, and the next page, if there is one.

    The next one begins at the start of the last run of this one, and leaves out those that were shown.
    """
    asked = call.query
    at, *shown = (asked.page or "").split("~")
    until = float(at) if at else None
    wanted = RunFilter(asked.graph, frozenset(asked.status), moment("since", asked.since), until)
    unreadable: list[UnreadableRecordError] = []
    found = call.deployed.engine.ledger.store.list_runs(asked.limit + len(shown) + 1, unreadable.append, wanted)
    fresh = [run for run in found if run.key not in shown]
    page = fresh[: asked.limit]
    return page, unreadable, _next(page, until, shown) if len(fresh) > len(page) else None


def _next(page: list[Run], until: float | None, shown: list[str]) -> str:
    last = page[-1].started_at
    same = [run.key for run in page if run.started_at == last]
    return "~".join([f"{last:.9f}", *(shown if last == until else []), *same])


def get_run(call: Call) -> Answer:
    found = found_of(call, outputs=call.query.outputs)
    found = replace(found, view=with_standings(None, call.deployed.engine.ledger.store, found.view))
    told = report(found.run, found.plan, found.view.states, found.word, found.view.unreadable)
    for name, step in told["steps"].items():
        step["token"] = tokens.of_step(found, found.plan.numbers[name])
    more = {"doubts": list(found.doubts), "unreadable": list(found.unreadable)}
    return 200, {**told, **more, "token": tokens.of_run(found)}


def get_step(call: Call) -> Answer:
    found = found_of(call, outputs=True)
    node = find_step(found.plan, call.path["step"])
    state, now = found.view.states.get(node, PENDING), time.time()
    said = deadline_said(found.run, found.plan, state, node, now)
    states = found.view.states
    alone = View({one: states[one] for one in (node, found.plan.end) if one in states})  # the run may wait itself
    stands = with_standings(None, call.deployed.engine.ledger.store, alone)
    view = replace(found.view, states={**states, **stands.states})
    return 200, {
        **step_report(found.plan.nodes[node], state),
        **deadline_data(found.run, found.plan, state, node),
        **limits_data(found.plan, node, state),
        "run": found.run.id,
        "step": found.plan.steps[node].name,
        "token": tokens.of_step(found, node),
        "explained": [*explain(found.plan, view, node, now), *([said] if said else [])],
        "log": _log(found, node, call.deployed.settings.project),
    }


def _log(found: Found, node: int, project: str) -> dict[str, str] | None:
    """Where the log of a step's newest job is; None if it has no Dataflow job."""
    step, job = found.plan.steps[node], found.view.state(node).job
    if job is None or not kind_of(step.work).cloud_only:
        return None
    handle = read_handle(job)
    return {"job": handle.id, "region": handle.region, "url": job_page(handle, project)}


def get_story(call: Call) -> Answer:
    found, step = found_of(call), call.query.step
    nodes = found.steps if step is None else [find_step(found.plan, step)]
    told = story(found.run, found.plan, found.view, nodes)
    return 200, {"run": found.run.id, "story": [story_json(one) for one in told]}
