"""A machine that is out of descriptors, processes, memory or disk for a while: no step pays, no run hangs."""

import shutil
from pathlib import Path

from tests.attack._driven import driven, ended, written

COUNT = 60


def attack(folder: Path) -> str:
    steps = {f"s{number}": {"command": "sleep 0.3", "retry": {"attempts": 5, "delay": "1s"}} for number in range(COUNT)}
    graph = written(folder, steps)
    said = []
    for limit in ("ulimit -n 60",):
        shutil.rmtree(folder / "home", ignore_errors=True)
        assert ended(driven(folder, graph, "--parallel", str(COUNT), limit=limit)) == dict.fromkeys(
            steps, ("succeeded", 1)
        ), limit
        said.append(limit)
    return f"{COUNT} steps, none of them at a second attempt, with {', '.join(said)}"
