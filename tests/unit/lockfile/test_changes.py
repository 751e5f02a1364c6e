"""What has changed since the graphs were locked is said, with the fix."""

import json

import pytest

from orchestrator.deployment.lockfile import lock
from orchestrator.deployment.lockfile.compare import differences
from tests.unit.lockfile.graphs import FROM, LIB, LOCAL, PLAIN, Make

NEW = PLAIN.replace("plain", "new")
CHANGES: dict[str, tuple[str, str | None, list[str]]] = {
    "a new graph": ("new.yaml", NEW, ["new.yaml: graph 'new' was added since the graphs were locked: FIX"]),
    "a graph that is gone": (
        "plain.yaml",
        None,
        ["plain.yaml: graph 'plain' was removed since the graphs were locked: FIX"],
    ),
    "another step": (
        "plain.yaml",
        PLAIN + "#",
        ["plain.yaml: this file was changed since the graphs were locked: FIX"],
    ),
    "another schedule": (
        "plain.yaml",
        PLAIN + "schedule: 0 6 * * *",
        ["plain.yaml: graph 'plain' was changed since the graphs were locked: FIX"],
    ),
    "another file": (
        "lib/params.py",
        "make = dict",
        ["lib/params.py: this file was changed since the graphs were locked: FIX"],
    ),
    "a new file": ("lib/x.csv", "", ["lib/x.csv: this file was added since the graphs were locked: FIX"]),
    "a file that is gone": (
        "lib/deep/rows.csv",
        None,
        ["lib/deep/rows.csv: this file was removed since the graphs were locked: FIX"],
    ),
    "a graph that is deployed now": (
        "here.yaml",
        NEW,
        ["here.yaml: graph 'here' was changed since the graphs were locked: FIX"],
    ),
    "what is not deployed": ("here.yaml", LOCAL + "#", []),
    "no lock": ("graphs.lock", None, ["graphs.lock: there is no such file: FIX"]),
    "a lock of another format": (
        "graphs.lock",
        '{"format": 2, "graphs": {}, "local": {}, "files": {}}',
        ["graphs.lock: expected a file that 'orchestrator lock' wrote, got something else: FIX"],
    ),
    "half a merge": (
        "graphs.lock",
        "<<<<<<<",
        ["graphs.lock: expected a file that 'orchestrator lock' wrote, got something else: FIX"],
    ),
    "a lock of nothing": (
        "graphs.lock",
        "[]",
        ["graphs.lock: expected a file that 'orchestrator lock' wrote, got something else: FIX"],
    ),
}


@pytest.mark.parametrize(("file", "text", "sentences"), CHANGES.values(), ids=CHANGES)
def test_what_has_changed_since_is_told(make: Make, file: str, text: str | None, sentences: list[str]) -> None:
    folder = make({"g.yaml": FROM, "plain.yaml": PLAIN, "here.yaml": LOCAL, **LIB})
    make({"graphs.lock": lock(folder).text()})
    assert differences(folder / "graphs.lock", lock(folder), "FIX") == []
    if text is None:
        (folder / file).unlink()
    else:
        make({file: text})
    told = differences(folder / "graphs.lock", lock(folder), "FIX")
    assert told == [f"{folder}/{sentence}" for sentence in sentences]


def test_a_lock_that_says_the_same_in_another_way_is_out_of_date(make: Make) -> None:
    folder = make({"plain.yaml": PLAIN})
    make({"graphs.lock": json.dumps(json.loads(lock(folder).text()))})
    told = differences(folder / "graphs.lock", lock(folder), "FIX")
    assert told == [f"{folder}/graphs.lock: it was edited or written by another version of 'orchestrator lock': FIX"]
