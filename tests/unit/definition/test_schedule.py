"""When a graph is started by itself: what may be written, what it means, and what is said of the rest."""

from pathlib import Path

import networkx as nx
import pytest

from orchestrator import Graph, load_graph
from orchestrator.core import graph as core
from orchestrator.core.graph import Param, Schedule
from orchestrator.core.steps import Step
from orchestrator.definition import cron
from orchestrator.definition.build import build
from orchestrator.definition.document import document
from orchestrator.errors import InvalidGraphError
from orchestrator.expressions import zones
from tests.unit.definition.conftest import Load, Refusal

GRAPH = "name: g\nparams: {date: {type: date}, rows: 3}\nsteps: {a: {wait: 1s}}\n"
FULL = """\
schedule:
  cron: 0 6 * * 1-5
  time_zone: Europe/Berlin
  params: {date: today, rows: 5}
  paused: true
"""
WRONG = """\
schedule:
  cron: 60 6 * * 8
  time_zone: Europe/Berln
  tz: CET
  params: {dat: today, rows: many}
  paused: yes
"""
NEEDED = "expected a date such as 2025-01-31, today or yesterday, got none, and it has no default"
EXAMPLE = '{cron: "0 6 * * 1-5", time_zone: Europe/Berlin}, or the cron alone'


def test_a_schedule_in_short_is_its_cron(load: Load) -> None:
    assert load('name: g\nsteps: {a: }\nschedule: "0 6 * * *"').schedule == Schedule("0 6 * * *", "Etc/UTC", {}, False)


def test_a_schedule_in_full_says_where_and_with_what(load: Load) -> None:
    expected = Schedule("0 6 * * 1-5", "Europe/Berlin", {"date": "today", "rows": 5}, paused=True)
    assert load(GRAPH + FULL).schedule == expected


def test_a_cron_may_be_folded(load: Load) -> None:
    assert load("name: g\nsteps: {a: }\nschedule:\n  cron: |\n    0  6 *\n    * 1\n").schedule == Schedule("0 6 * * 1")


def test_a_schedule_can_be_written_down_again(load: Load) -> None:
    graph = load(GRAPH + FULL)
    assert build(document(graph)) == (graph, [])


def test_a_schedule_in_python_means_the_same(load: Load) -> None:
    given = {
        "cron": "0 6 * * 1-5",
        "time_zone": "Europe/Berlin",
        "params": {"date": "today", "rows": 5},
        "paused": True,
    }
    graph = Graph("g", params={"date": {"type": "date"}, "rows": 3}, schedule=given)
    graph.step("a", wait="1s")
    assert graph.model == load(GRAPH + FULL)
    short = Graph("g", schedule="0 6 * * *")
    short.step("a")
    assert short.model.schedule == Schedule("0 6 * * *")


def test_a_schedule_goes_to_networkx_and_back(load: Load) -> None:
    graph = load(GRAPH + FULL)
    assert Graph.from_networkx(graph.to_networkx()).model == graph
    digraph: nx.DiGraph[str] = nx.DiGraph(schedule="0 6 * * *")
    digraph.add_node("a")
    assert Graph.from_networkx(digraph).model.schedule == Schedule("0 6 * * *")


REFUSED = {
    "nothing": ("schedule:", "schedule: expected a value, got nothing: fill it in, or leave the key out"),
    "a number": ("schedule: 6", f"schedule: expected a mapping such as {EXAMPLE}, got the number 6"),
    "no cron": ("schedule: {paused: true}", "schedule.cron: expected a value, got none"),
    "a cron of one number": (
        "schedule: {cron: 5}",
        "schedule.cron: expected text, got the number 5: write it in quotes",
    ),
    "a zone left empty": (
        'schedule: {cron: "0 6 * * *", time_zone: }',
        "schedule.time_zone: expected text, got nothing",
    ),
    "an unknown key": (
        'schedule: {cron: "0 6 * * *", timezone: UTC}',
        "schedule.timezone: unknown key (did you mean 'time_zone'?)",
    ),
    "params in a list": (
        'schedule: {cron: "0 6 * * *", params: [date]}',
        "schedule.params: expected a mapping of names to values, got a list",
    ),
    "a word of Airflow's": ('schedule_interval: "@daily"', "schedule_interval: unknown key (did you mean 'schedule'?)"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_in_these_words(refusal: Refusal, text: str, words: str) -> None:
    assert refusal(f"name: g\nsteps: {{a: }}\n{text}") == [f"g.yaml:3: {words}"]


def test_everything_wrong_with_a_schedule_is_said_at_once(refusal: Refusal) -> None:
    assert refusal(GRAPH + WRONG) == [
        "g.yaml:5: schedule.cron: the minute: expected 0 to 59, got '60'",
        "g.yaml:5: schedule.cron: the day of the week: expected 0 to 7 or SUN to SAT, got '8'",
        "g.yaml:6: schedule.time_zone: expected a time zone such as Europe/Berlin or Etc/UTC, got 'Europe/Berln' "
        "(did you mean 'Europe/Berlin'?)",
        "g.yaml:7: schedule.tz: unknown key (did you mean 'time_zone'?)",
        "g.yaml:8: schedule.params.dat: this graph has no such param (did you mean 'date'?)",
        f"g.yaml:8: schedule.params.date: {NEEDED}",
        "g.yaml:8: schedule.params.rows: expected a whole number, got 'many'",
        "g.yaml:9: schedule.paused: expected true or false, got 'yes': write true or false, without quotes",
    ]


def test_a_schedule_must_give_the_params_that_have_no_default(refusal: Refusal) -> None:
    assert refusal(GRAPH + 'schedule: "0 6 * * *"') == [f"g.yaml:4: schedule.params.date: {NEEDED}"]


def test_a_param_that_is_wrong_itself_is_wrong_once(refusal: Refusal) -> None:
    text = 'name: g\nparams:\n  n: {type: integer}\nsteps: {a: }\nschedule: {cron: "0 6 * * *", params: {n: 3}}'
    assert refusal(text) == [
        "g.yaml:3: param 'n': type: expected string, int, float, bool, date, datetime, enum or list, got 'integer'"
    ]


def test_a_core_graph_in_a_python_file_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "g.py").write_text(
        "from orchestrator.core.graph import Graph, Schedule\nfrom orchestrator.core.steps import Step\n"
        "graph = Graph('g', (Step('a'),), schedule=Schedule('daily'))\n"
    )
    with pytest.raises(InvalidGraphError, match=r"schedule.cron: expected minute, hour, day of the month"):
        load_graph(tmp_path / "g.py")


RIGHT = [
    "* * * * *",
    "0 6 * * *",
    "*/15 8-18 1,15 JAN-MAR,dec mon-Fri",
    "0-59/7 0 31 12 7",
    "05 00 01 01 SUN",
    "0 0 * * FRI-7",
    "0 0 29 2 *",
    "0 0 30,1 FEB *",
    "0 0 */30 2 *",
    "0 0 31 2,4,12 *",
    "0 0 30 2 MON",
    "0 0 31 * *",
]


@pytest.mark.parametrize("text", RIGHT)
def test_cloud_scheduler_takes_this(text: str) -> None:
    assert cron.wrong(text) == []


FIELDS = "expected minute, hour, day of the month, month and day of the week, such as '0 6 * * 1-5', got"

NOT_CRON = {
    "": [f"{FIELDS} ''"],
    "@daily": [f"{FIELDS} '@daily'"],
    "every 24 hours": [f"{FIELDS} 'every 24 hours'"],
    "0 0 6 * * *": [f"{FIELDS} '0 0 6 * * *'"],
    "1,2, 3 * * *": ["the minute: expected 0 to 59, got ''"],
    "60 24 0 JANUARY 8": [
        "the minute: expected 0 to 59, got '60'",
        "the hour: expected 0 to 23, got '24'",
        "the day of the month: expected 1 to 31, got '0'",
        "the month: expected 1 to 12 or JAN to DEC, got 'JANUARY'",
        "the day of the week: expected 0 to 7 or SUN to SAT, got '8'",
    ],
    "5/15 * L * MON#2": [
        "the minute: expected '*/15' or a range such as '5-59/15', got '5/15'",
        "the day of the month: expected 1 to 31, got 'L'",
        "the day of the week: expected 0 to 7 or SUN to SAT, got 'MON#2'",
    ],
    "*/0 */24 */ 1-2-3 *": [
        "the minute: expected a step of 1 to 59 after the '/', got '0'",
        "the hour: expected a step of 1 to 23 after the '/', got '24'",
        "the day of the month: expected a step of 1 to 31 after the '/', got ''",
        "the month: expected 1 to 12 or JAN to DEC, got '2-3'",
    ],
    "0 22-6 ? * SAT-SUN": [
        "the hour: expected a range from a lower to a higher value, got '22-6'",
        "the day of the month: expected 1 to 31, got '?'",
        "the day of the week: expected a range from a lower to a higher value, got 'SAT-SUN': Sunday at its end is 7",
    ],
    "0 0 30 2 *": [
        "the day of the month: expected one that month '2' has, got '30': the schedule would never start a run"
    ],
    "0 0 30-31 feb */2": [
        "the day of the month: expected one that month 'feb' has, got '30-31': the schedule would never start a run"
    ],
    "0 0 31 4,6-9/3,11 *": [
        "the day of the month: expected one that month '4,6-9/3,11' has, got '31': the schedule would never start a run"
    ],
    "-1 0 1 1 ٣": [
        "the minute: expected 0 to 59, got ''",
        "the day of the week: expected 0 to 7 or SUN to SAT, got '٣'",
    ],
}


@pytest.mark.parametrize(("text", "sentences"), NOT_CRON.items())
def test_cloud_scheduler_would_not_take_this(text: str, sentences: list[str]) -> None:
    assert cron.wrong(text) == sentences


ZONES = ("Etc/UTC", "UTC", "Europe/Berlin", "Europe/Rome", "America/New_York", "MST", "Etc/GMT+2", "Etc/GMT-2", "GMT+0")
PLUS_TWO = "which is UTC+2: the sign in its name is inverted"
ABBREVIATION = "an abbreviation may mean several zones: give a place in the zone, such as Europe/Berlin"
EXPECTED = "expected a time zone such as Europe/Berlin or Etc/UTC, got"


@pytest.mark.parametrize(
    ("name", "sentence"),
    {
        "Europe/Berlin": None,
        "UTC": None,
        "Europe/Berln": f"{EXPECTED} 'Europe/Berln' (did you mean 'Europe/Berlin'?)",
        "berlin": f"{EXPECTED} 'berlin' (did you mean 'Europe/Berlin'?)",
        "new york": f"{EXPECTED} 'new york' (did you mean 'America/New_York'?)",
        "../etc/passwd": f"{EXPECTED} '../etc/passwd'",
        "+01:00": f"{EXPECTED} '+01:00': no zone is named after this offset: give a place that has it",
        "GMT+2": f"{EXPECTED} 'GMT+2' (did you mean 'Etc/GMT-2', {PLUS_TWO}?)",
        "UTC+02:00": f"{EXPECTED} 'UTC+02:00' (did you mean 'Etc/GMT-2', {PLUS_TWO}?)",
        "+0200": f"{EXPECTED} '+0200' (did you mean 'Etc/GMT-2', {PLUS_TWO}?)",
        "gmt -2": f"{EXPECTED} 'gmt -2' (did you mean 'Etc/GMT+2', {PLUS_TWO.replace('+', '-')}?)",
        "UTC+0": f"{EXPECTED} 'UTC+0' (did you mean 'Etc/UTC', which is UTC?)",
        "etc/gmt+2": f"{EXPECTED} 'etc/gmt+2' (did you mean 'Etc/GMT+2', which is 2 h behind UTC?)",
        "Etc/GMT+15": f"{EXPECTED} 'Etc/GMT+15': no zone is named after this offset: give a place that has it",
        "UTC+5:30": f"{EXPECTED} 'UTC+5:30': no zone is named after this offset: give a place that has it",
        "BST": f"{EXPECTED} 'BST': {ABBREVIATION}",
        "CET+1": f"{EXPECTED} 'CET+1': {ABBREVIATION}",
        "Rome": f"{EXPECTED} 'Rome' (did you mean 'Europe/Rome'?)",
    }.items(),
)
def test_a_time_zone_is_known_by_its_name(name: str, sentence: str | None) -> None:
    assert zones.wrong(name, ZONES) == sentence


def test_what_this_machine_knows_are_zones() -> None:
    assert {"Etc/UTC", "UTC", "Europe/Berlin"} <= zones.known()
    assert "localtime" not in zones.known()


def test_where_no_zone_is_known_a_right_form_is_enough() -> None:
    right = ["Etc/UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"]
    assert [zones.wrong(name, ()) for name in right] == [None] * 4
    assert zones.wrong("Europe/Berlin!", ()) == f"{EXPECTED} 'Europe/Berlin!'"


def test_a_zone_that_this_machine_does_not_know_is_its_own_fault() -> None:
    for name in ("Europe/Nowhere", "Europe", "../x", "a\0b"):
        with pytest.raises(zones.UnknownZoneError, match="install the package tzdata") as refused:
            zones.zone(name)
        assert refused.value.retryable


def test_a_schedule_is_no_part_of_a_graphs_version() -> None:
    graph = core.Graph("g", (Step("a"),), (Param("date", "date", "today"),))
    scheduled = core.Graph("g", (Step("a"),), (Param("date", "date", "today"),), schedule=Schedule("0 6 * * *"))
    assert scheduled.version == graph.version
    assert scheduled != graph
