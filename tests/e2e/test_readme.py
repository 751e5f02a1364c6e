"""The graphs of the README and of the reference do what is said of them."""

import re

import pytest

from tests.e2e.command_line import ROOT, Place
from tests.emulation import emulated

REFERENCE = (ROOT / "docs/graphs.md").read_text()


def sales(place: Place) -> None:
    (found,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    place.write("sales.yaml", found)


def test_the_first_graph_runs_on_one_machine(place: Place) -> None:
    sales(place)
    said = place.run("sales.yaml", "--param", "date=2026-11-01", "--run-id", "s1")
    assert (said.code, said.json["status"]) == (0, "succeeded")
    assert said.json["steps"]["extract-customers"]["outputs"] == {"rows": 42}
    assert place.look("logs", "s1", "extract-orders").out == "orders of 2026-11-01\n"
    assert place.look("logs", "s1", "report").out == "42 customers\n"


def test_after_a_failure_the_commands_say_why_and_a_new_run_succeeds(place: Place) -> None:
    sales(place)
    good = place.read("sales.yaml")
    place.write("sales.yaml", good.replace("attempts: 3", "attempts: 1").replace("{command: [echo", "{command: [cat"))
    assert place.run("sales.yaml", "--run-id", "s1").json["status"] == "failed"
    told = "No such file or directory"
    assert told in place.look("status", "s1").out
    assert told in place.look("explain", "s1", "report").out
    assert told in place.look("logs", "s1", "report").out
    assert "run s1 ended at" in place.look("resume", "s1").out
    assert place.look("verify", "s1").out == "run s1: no problems found\n"
    place.write("sales.yaml", good)
    assert place.run("sales.yaml").json["status"] == "succeeded"


def test_the_python_graph_of_the_reference_runs_as_it_is_written(place: Place) -> None:
    (found,) = re.findall(r"```python\n(.*?)```", REFERENCE, re.DOTALL)
    place.write("sales.py", found)
    place.write("orders.py", "import sys\nprint(sys.argv[1])\n")
    place.write("customers.py", "def extract(): return {'rows': 42}\n")
    place.write("report.py", "print('report')\n")
    assert place.look("validate", "sales.py").code == 0
    said = place.run("sales.py", "--param", "date=2026-11-01", "--run-id", "s1")
    assert (said.code, said.json["steps"]["extract-customers"]["outputs"]) == (0, {"rows": 42})
    assert place.look("logs", "s1", "extract-orders").out == "--date=2026-11-01\n"


def test_the_articles_json_of_the_reference_runs_as_it_is_written(place: Place) -> None:
    (found,) = re.findall(r"```json\n(.*?)```", REFERENCE, re.DOTALL)
    place.write("sales.json", found)
    place.write("sales.py", REFERENCE.partition(found)[2].partition("```py\n")[2].partition("```")[0])
    assert place.look("validate", "sales.json").code == 0
    said = place.run("sales.json", "--fake-dataflow", "--run-id", "s1")
    assert (said.code, said.json["status"]) == (0, "succeeded")
    assert place.look("logs", "s1", "Start").out == "the first step\n"


@pytest.mark.slow
def test_the_first_graph_can_be_rehearsed(place: Place) -> None:
    emulated()
    sales(place)
    said = place.look("rehearse", "sales.yaml", "--param", "date=2026-11-01", "--calm", "--json")
    assert (said.code, said.err) == (0, "")
    told = ("passed", "attempts", "jobs", "launched_twice", "still_active", "misfits")
    assert [said.json[key] for key in told] == [True, 3, 3, {}, [], []]
