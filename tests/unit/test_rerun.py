"""What a rerun runs again and why, with which params, under which id."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.graph import Graph, Param
from orchestrator.core.model import Run, RunStatus, Status, StepState, View
from orchestrator.core.rerun import Changes, Choice, Earlier, Rerun, choose
from orchestrator.core.rerun_idle import idle
from orchestrator.core.rerun_inside import Selection
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Step, Work
from orchestrator.definition.reads import reads
from orchestrator.definition.rerun_inside import EarlierRun
from orchestrator.definition.rerun_request import RerunRequest
from orchestrator.definition.reruns import as_json, check_token, kept_states, numbered, request
from orchestrator.errors import UsageError
from orchestrator.home.store_url import StoreUrl
from orchestrator.reporting.found import Found
from orchestrator.reporting.rerun_plan import plan_lines
from tests.doubles.memory_store import MemoryStore

OK, FAILED, UPSTREAM, SKIPPED = Status.SUCCEEDED, Status.FAILED, Status.UPSTREAM_FAILED, Status.SKIPPED
FLEX = Work("dataflow", {"template": "gs://t", "parameters": {"date": "{{ params.date }}"}})
STEPS = (
    Step("extract", FLEX),
    Step("uk", Work("dataflow", {"template": "gs://uk"}), after=("extract",)),
    Step("de", Work("dataflow", {"template": "gs://de"}), after=("extract",)),
    Step("report", Work("dataflow", {"template": "gs://r"}), after=("de", "uk")),
    Step("other", Work("dataflow", {"template": "gs://o"})),
)
GRAPH = Graph("sales", STEPS, (Param("date", "date", "today"), Param("n", "int", 1)))
ENDED = (OK, FAILED, OK, UPSTREAM, OK)
RUN = Run(
    "s1",
    "oldkeyaaaa",
    "sales",
    GRAPH.version,
    {"date": "2026-01-31", "n": 1},
    1_770_000_000.0,
    RunStatus.FAILED,
    1_770_000_100.0,
    "/graphs",
)
NOW = 1_780_000_000.0


def asked(
    wanted: Selection = Selection(),  # noqa: B008 - frozen
    ended: Sequence[Status] = ENDED,
    graph: Graph | None = GRAPH,
    given: Mapping[str, object] | None = None,
    earlier: Run = RUN,
) -> RerunRequest:
    plan = GRAPH.compile()
    statuses = dict(enumerate(ended))
    return RerunRequest(
        EarlierRun(earlier, plan, statuses), graph, Path("/graphs"), given or {}, RUN.started_at, wanted
    )


def why(rerun: Rerun) -> dict[str, str]:
    return {choice.step: choice.why for choice in rerun.choices if choice.again}


def test_what_did_not_succeed_runs_again_and_all_downstream():
    assert why(asked().rerun("s1.2", NOW)) == {"uk": "failed", "report": "upstream failed"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Selection(start=["de"]), {"uk": "failed", "de": "named", "report": "upstream failed"}),
        (Selection(only=["de"]), {"de": "named", "report": "downstream of de"}),
        (Selection(only=["other"]), {"other": "named"}),
        (
            Selection(start=["extract"]),
            {"extract": "named", "uk": "failed", "de": "downstream of extract", "report": "upstream failed"},
        ),
        (Selection(everything=True), dict.fromkeys(["extract", "uk", "de", "report", "other"], "all steps")),
    ],
)  # fmt: skip
def test_what_is_named_runs_again_and_all_downstream(wanted: Selection, found: dict[str, str]):
    assert why(asked(wanted).rerun("s1.2", NOW)) == found


def test_a_step_that_reads_a_changed_param_runs_again():
    rerun = asked(given={"date": "2026-02-01", "n": "1"}).rerun("s1.2", NOW)
    assert why(rerun)["extract"] == "reads the changed param date"
    assert why(rerun)["de"] == "downstream of extract"
    assert "other" not in why(rerun)
    assert rerun.changed == {"date": ("2026-01-31", "2026-02-01")}
    assert rerun.run.params == {"date": "2026-02-01", "n": 1}


def test_a_param_that_is_not_given_keeps_its_value_whatever_day_it_is():
    assert asked().rerun("s1.2", NOW).run.params == RUN.params


def test_a_new_param_gets_its_default_as_of_the_day_of_the_first_run():
    graph = replace(GRAPH, params=(*GRAPH.params, Param("day", "date", "yesterday")))
    assert asked(graph=graph).rerun("s1.2", NOW).run.params["day"] == "2026-02-01"


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (FLEX, "reads the changed param date"),
        (Work("dataflow", {"template": "t", "parameters": {"all": "{{ params }}"}}), "reads the changed param date"),
        (Work("dataflow", {"template": "t", "parameters_from": "m:f"}), "may read the changed param date"),
        (Work("dataflow", {"template": "t"}), ""),
        (Work("dataflow", {"template": "{{ params.n }}"}), ""),
        (Work("command", {"command": "echo"}), "may read the changed param date"),
        (Work("python", {"function": "m:f"}), "may read the changed param date"),
        (Work("call", {"function": "m:f"}), "may read the changed param date"),
        (Work("wait", {"seconds": 3}), ""),
        (Work(), ""),
    ],
)
def test_what_a_step_reads(work: Work, reason: str):
    assert reads(stand_ins=True)(Step("s", work), {"date"}) == reason
    assert reads(stand_ins=True)(Step("s", work), ()) == ""


def test_a_condition_reads_too_and_a_local_block_counts_where_it_runs():
    assert reads(stand_ins=False)(Step("s", when="{{ params.date > 'x' }}"), {"date"}) == "reads the changed param date"
    both = Step("s", Work("dataflow", {"template": "t"}), local=Work("command", {"command": "echo"}))
    assert reads(stand_ins=True)(both, {"a", "b"}) == "may read the changed params a and b"
    assert reads(stand_ins=False)(both, {"a", "b"}) == ""


def test_a_step_whose_definition_has_changed_runs_again_and_a_new_one_does():
    changed = replace(STEPS[4], work=Work("dataflow", {"template": "gs://o2"}))
    graph = replace(GRAPH, steps=(Step("new"), *STEPS[:4], changed))
    rerun = asked(graph=graph).rerun("s1.2", NOW)
    assert why(rerun) == {
        "new": "it is new",
        "uk": "failed",
        "report": "upstream failed",
        "other": "its definition has changed",
    }
    assert rerun.kept == {1: 0, 3: 2}
    assert rerun.run.kept == ".s.s.."
    assert rerun.run.version == graph.version


def test_how_often_a_step_is_tried_is_no_part_of_what_it_does():
    graph = replace(GRAPH, steps=tuple(replace(step, timeout=9.0, description="x") for step in STEPS))
    assert why(asked(graph=graph).rerun("s1.2", NOW)) == {"uk": "failed", "report": "upstream failed"}


def test_the_same_version_knows_no_params_to_change():
    rerun = asked(graph=None).rerun("s1.2", NOW)
    assert (rerun.run.version, rerun.run.params) == (RUN.version, RUN.params)
    with pytest.raises(UsageError, match="give it with --graph"):
        asked(graph=None, given={"n": 2}).rerun("s1.2", NOW)


def test_a_changed_param_that_is_kept_by_only_is_told():
    rerun = asked(Selection(only=["uk"]), given={"date": "2026-02-01"}).rerun("s1.2", NOW)
    told = {choice.step: choice.why for choice in rerun.choices if not choice.again and choice.why}
    assert told == {"extract": "reads the changed param date"}


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(UsageError) as error:
        asked(Selection(["extrct"], ["nope"], everything=True)).rerun("s1.2", NOW)
    assert str(error.value).splitlines() == [
        "--from: graph 'sales' has no step 'extrct' (did you mean 'extract'?)",
        "--only: graph 'sales' has no step 'nope'",
        "use only one of --from, --only, --all: each of them says what runs again",
    ]


def test_where_all_is_well_nothing_runs_again():
    with pytest.raises(UsageError, match="every step of run 's1' succeeded or was skipped"):
        asked(ended=(OK, SKIPPED, OK, OK, OK)).rerun("s1.2", NOW)


def test_who_asks_for_the_same_gets_the_same_run_and_any_difference_makes_another():
    first = asked().rerun("s1.2", NOW)
    assert first.run.key == asked().rerun("s1.2", NOW + 99).run.key == first.token
    others = [
        asked().rerun("s1.3", NOW),
        asked(Selection(start=["de"])).rerun("s1.2", NOW),
        asked(given={"n": 2}).rerun("s1.2", NOW),
        asked(graph=replace(GRAPH, steps=STEPS[:4])).rerun("s1.2", NOW),
        asked(earlier=replace(RUN, key="otherkeyaa")).rerun("s1.2", NOW),
    ]
    assert len({first.run.key, *(other.run.key for other in others)}) == 6
    with pytest.raises(UsageError, match="have changed since it was shown"):
        check_token(others[0], first.token)
    check_token(first, first.token)


def test_a_rerun_of_a_rerun_belongs_to_the_family_of_the_first():
    second = replace(RUN, id="s1.2", key="second2222", rerun_of="s1", family="s1")
    run = asked(earlier=second).rerun("s1.3", NOW).run
    assert (run.rerun_of, run.family, run.first) == ("s1.2", "s1", "s1")
    assert (RUN.first, run.time_zone, run.folder) == ("s1", RUN.time_zone, "/graphs")


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.open_run(replace(RUN, status=RunStatus.RUNNING, ended_at=None), GRAPH.compile())
    return store


def test_the_next_round_has_the_next_number_and_the_same_round_is_started_once(store: MemoryStore):
    first = numbered(store, asked(), None, NOW)
    assert first.run.id == "s1.2"
    store.open_run(first.run, first.plan)
    assert numbered(store, asked(), None, NOW).run.key == first.run.key
    with pytest.raises(UsageError, match=r"was rerun as 's1\.2', which is running: follow it with"):
        numbered(store, asked(Selection(start=["de"])), None, NOW)
    store.end_run(first.run.key, RunStatus.FAILED, NOW)
    with pytest.raises(UsageError, match=r"was rerun as 's1\.2', which has failed"):
        numbered(store, asked(), None, NOW)
    assert numbered(store, asked(), "mine", NOW).run.id == "mine"
    again = asked(earlier=replace(RUN, id="s1.2", key=first.run.key, rerun_of="s1", family="s1"))
    assert numbered(store, again, None, NOW).run.id == "s1.3"


def test_a_run_that_has_not_ended_or_is_not_whole_is_not_rerun(store: MemoryStore):
    plan = GRAPH.compile()
    view = View({node: StepState(status) for node, status in enumerate(ENDED)})
    running = replace(RUN, status=RunStatus.RUNNING)
    with pytest.raises(UsageError, match="has not ended"):
        request(store, running, plan, view, None, {}, Selection(), stand_ins=True)
    expired = View({node: state for node, state in view.states.items() if node != 2})
    with pytest.raises(UsageError, match=r"ended on 20.*parts of it have been deleted since"):
        request(store, RUN, plan, expired, None, {}, Selection(), stand_ins=True)
    assert request(store, RUN, plan, view, None, {}, Selection(), stand_ins=True).began == RUN.started_at


def test_states_are_read_as_they_are_written_and_one_that_is_gone_is_told(store: MemoryStore):
    rerun = asked().rerun("s1.2", NOW)
    done = StepState(OK, 1, job="j", outputs={"n": 1})
    store._states[RUN.key] = {0: done, 2: done}
    states = kept_states(store, rerun)
    assert next(states) == (0, done)
    assert next(states) == (2, done)
    with pytest.raises(UsageError, match="step 'other' of run 's1' has been deleted meanwhile"):
        next(states)


@pytest.mark.parametrize(
    ("database", "environment"),
    [("orchestrator-prod", ""), ("orchestrator-dev", " --environment dev"), ("(default)", "")],
)
def test_the_command_that_mends_a_run_in_the_cloud_names_its_deployment(database: str, environment: str):
    url = StoreUrl(f"firestore://p1/{database}", project="p1", database=database)
    found = Found(None, RUN, GRAPH.compile(), View(), url)
    assert found.rerun == f"orchestrator rerun s1 --project p1 --region REGION{environment}"


def test_a_step_that_is_to_run_behind_a_failure_that_is_kept_is_warned_of():
    rerun = asked(Selection(only=["report"])).rerun("s1.2", NOW)
    told = as_json(rerun, params=False)
    assert told["steps"]["report"] == {
        "again": True,
        "was": "upstream_failed",
        "why": "named",
        "will_end": "upstream_failed",
        "because_of": "uk",
    }
    assert list(plan_lines(told))[-1] == (
        "  warning: report will not run and will end as upstream failed, because uk (failed) is kept: to run uk again, "
        "name it too"
    )


@pytest.mark.parametrize(
    ("trigger", "ended", "expected"),
    [
        (TriggerRule.ALL_SUCCESS, Status.SUCCEEDED, {}),
        (TriggerRule.ALL_SUCCESS, Status.CANCELLED, {"b": Status.UPSTREAM_FAILED, "c": Status.UPSTREAM_FAILED}),
        (TriggerRule.ALL_SUCCESS, Status.SKIPPED, {"b": Status.SKIPPED}),
        (TriggerRule.ALL_DONE, Status.FAILED, {}),
        (TriggerRule.ONE_FAILED, Status.SUCCEEDED, {"b": Status.SKIPPED}),
    ],
)
def test_what_will_not_run_is_what_the_trigger_rules_say(
    trigger: TriggerRule, ended: Status, expected: Mapping[str, Status]
):
    plan = compile_plan("g", "v1", (Step("a"), Step("b", after=("a",), trigger=trigger), Step("c", after=("b",))))
    choices = [Choice("a", False, ended), Choice("b", True, None, "named"), Choice("c", True, None, "downstream of b")]
    found = idle(plan, choices)
    assert {name: one.status for name, one in found.items()} == expected
    assert {one.because_of for one in found.values()} <= {"a"}


@pytest.mark.parametrize(("second", "expected"), [(Status.FAILED, {"c": Status.UPSTREAM_FAILED}), (None, {})])
def test_a_step_that_needs_some_successes_will_not_run_once_they_are_impossible(
    second: Status | None, expected: Mapping[str, Status]
):
    step = Step("c", after=("a", "b"), trigger=TriggerRule.AT_LEAST, at_least=1)
    plan = compile_plan("g", "v1", (Step("a"), Step("b"), step))
    kept = Choice("b", second is None, second)
    found = idle(plan, [Choice("a", False, Status.FAILED), kept, Choice("c", True, None, "named")])
    assert {name: one.status for name, one in found.items()} == expected


REGIONS = (Step("a"), Step("b"), Step("c"))
IMPATIENT = {
    TriggerRule.AT_LEAST: (OK, OK, FAILED),
    TriggerRule.ONE_SUCCESS: (OK, SKIPPED, FAILED),
    TriggerRule.ONE_DONE: (OK, SKIPPED, FAILED),
    TriggerRule.ALWAYS: (FAILED, FAILED, FAILED),
}


def chosen(rule: TriggerRule, ended: Sequence[Status], z: Status = OK, wanted: Selection | None = None) -> list[Choice]:
    """The choices for three steps, for z after all of them, and for y after z."""
    joins = Step("z", after=("a", "b", "c"), trigger=rule, at_least=2 if rule is TriggerRule.AT_LEAST else None)
    plan = compile_plan("g", "v1", (*REGIONS, joins, Step("y", after=("z",))))
    return choose(plan, Earlier(plan, dict(enumerate([*ended, z, OK]))), wanted or Selection(), Changes())


@pytest.mark.parametrize("rule", IMPATIENT)
def test_a_step_that_need_not_wait_for_what_runs_again_is_kept_and_so_is_what_is_behind_it(rule: TriggerRule):
    *_, z, y = chosen(rule, IMPATIENT[rule])
    name = "at_least: 2" if rule is TriggerRule.AT_LEAST else str(rule)
    first = "a" if rule is TriggerRule.ALWAYS else "c"
    assert (z.again, z.why) == (False, f"{first} runs again, for which its trigger {name} need not wait")
    assert (y.again, y.why) == (False, "")


@pytest.mark.parametrize(
    ("rule", "ended"),
    [
        (TriggerRule.ALL_SUCCESS, (OK, OK, FAILED)),
        (TriggerRule.ALL_DONE, (OK, OK, FAILED)),
        (TriggerRule.NONE_FAILED, (OK, OK, FAILED)),
        (TriggerRule.AT_LEAST, (OK, SKIPPED, FAILED)),
        (TriggerRule.ONE_SUCCESS, (SKIPPED, SKIPPED, FAILED)),
        (TriggerRule.ONE_DONE, (SKIPPED, SKIPPED, FAILED)),
        (TriggerRule.ONE_FAILED, (OK, OK, FAILED)),
        (TriggerRule.ALL_DONE_WITHIN, (OK, OK, FAILED)),
    ],
)
def test_a_step_that_waits_for_what_runs_again_runs_again(rule: TriggerRule, ended: Sequence[Status]):
    *_, z, y = chosen(rule, ended)
    assert [(one.again, one.why) for one in (z, y)] == [(True, "downstream of c")] * 2


def test_a_step_that_did_not_succeed_is_not_kept_because_it_need_not_wait():
    *_, z, _ = chosen(TriggerRule.AT_LEAST, (OK, OK, FAILED), FAILED, Selection(only=["c"]))
    assert (z.again, z.why) == (True, "downstream of c")


def test_the_plan_says_that_a_step_begins_without_what_runs_again():
    joins = Step("z", after=("uk", "de"), trigger=TriggerRule.ONE_SUCCESS)
    graph = replace(GRAPH, steps=(*STEPS[:3], joins, STEPS[4]))
    plan = graph.compile()
    ended = dict(enumerate((OK, FAILED, OK, FAILED, OK)))
    request = RerunRequest(EarlierRun(RUN, plan, ended), graph, Path("/graphs"), {}, RUN.started_at)
    told = as_json(request.rerun("s1.2", NOW), params=False)
    assert told["steps"]["z"] == {"again": True, "was": "failed", "why": "failed", "does_not_wait_for": ["uk"]}
    assert list(plan_lines(told))[-1] == (
        "  note: z begins at once and does not wait for uk: what is kept before it is enough"
    )
