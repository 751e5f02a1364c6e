"""200 starts at once of 8 graphs whose helpers have the same names, in every way in which Python imports."""

import time
from collections import Counter
from pathlib import Path

from orchestrator.fakes.dataflow.script import LaunchCall
from tests.attack._deployed import deployed

GRAPHS, STARTS, TIMEOUT = 8, 200, 120.0

#: The same in each folder, but for the name in ``common.py`` and in the files of data.
FILES = {
    "graph.py": """
import os, sys, time
sys.path.insert(0, os.path.dirname(__file__))
import common
from orchestrator import Graph
from tables import orders
time.sleep(0.001)
def late():
    import common
    return common.NAME
graph = Graph(common.NAME, params={"want": "string"})
graph.step(
    "a",
    dataflow={
        "template": f"gs://b/{common.NAME}",
        "region": "europe-west4",
        "parameters": {"want": "{{ params.want }}", "top": orders.NAME, "late": late()},
        "parameters_from": "made:parameters",
    },
)
""",
    "common.py": "print('said when it is imported')\nNAME = 'HERE'\n",
    "tables/__init__.py": "",
    "tables/orders.py": "from common import NAME\n",
    "tables/place.txt": "HERE",
    "spaces/far.py": "from tables.orders import NAME\n",
    "made.py": """
import builtins, importlib, pickle, pkgutil, pydoc, runpy, time
from importlib.resources import files
from pathlib import Path
def parameters():
    import common
    time.sleep(0.001)
    from tables import orders
    from . import spaces
    import spaces.far
    return {
        "inside": common.NAME,
        "package": orders.NAME,
        "without_a_file": spaces.far.NAME,
        "relative": relative(),
        "by_name": importlib.import_module("common").NAME,
        "resources": (files("tables") / "place.txt").read_text(),
        "data": pkgutil.get_data("tables", "place.txt").decode(),
        "builtins": builtins.__import__("common").NAME,
        "importlib": importlib.__import__("common").NAME,
        "pickle": pickle.loads(b"ctables.orders\\nNAME\\n."),
        "pydoc": pydoc.locate("tables.orders.NAME"),
        "runpy": runpy.run_module("tables.orders")["NAME"],
        "file": (Path(__file__).parent / "tables/place.txt").read_text(),
    }
def relative():
    from .tables.orders import NAME
    return NAME
""",
}


def attack(folder: Path) -> str:
    write(folder, GRAPHS)
    bodies = [{"graph": (name := f"g{n % GRAPHS}"), "run_id": f"r{n}", "params": {"want": name}} for n in range(STARTS)]
    with deployed(folder) as world:
        begun = time.monotonic()
        answers = Counter(status for status, _ in world.at_once(bodies))
        assert answers == {201: STARTS}, answers
        while len(world.launched) < STARTS and time.monotonic() < begun + TIMEOUT:
            time.sleep(0.05)
        wrong = [call for call in world.launched if foreign(call)]
        assert len(world.launched) == STARTS, f"{len(world.launched)} of {STARTS} were launched"
        assert not wrong, f"{len(wrong)} of {STARTS} had another graph's: {wrong[0]}"
    return f"{STARTS} starts of {GRAPHS} graphs with the same helpers: each had its own, in 16 ways"


def write(folder: Path, graphs: int) -> None:
    """Make ``graphs/g0`` and so on."""
    for number in range(graphs):
        for name, text in FILES.items():
            path = folder / f"graphs/g{number}/{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("HERE", f"g{number}"))


def foreign(call: LaunchCall) -> bool:
    """Whether anything of a job is of another graph than the one that was asked for."""
    return {*call.parameters.values(), call.template.removeprefix("gs://b/")} != {call.parameters["want"]}
