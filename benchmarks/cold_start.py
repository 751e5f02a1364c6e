"""What a new instance of each function costs before and with its first request: time and memory, in fresh processes.

python -m benchmarks.cold_start [--rounds 7] [--dominates]
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

MAIN = Path(__file__).resolve().parents[1] / "functions" / "main.py"
KINDS = {"on_signal": "cloudevent", "on_task": "http", "start": "http", "sweep": "http"}

#: What the first request of each function imports, besides connections.
FIRST = {
    "on_signal": ["orchestrator.queues.cloud_tasks"],
    "on_task": [
        "orchestrator.queues.cloud_tasks",
        "orchestrator.stores.firestore.store",
        "orchestrator.jobs.dataflow.backend",
    ],
    "start": [
        "orchestrator.queues.cloud_tasks",
        "orchestrator.stores.firestore.store",
        "orchestrator.jobs.dataflow.backend",
        "orchestrator.definition.catalog",
        "orchestrator.definition.load",
        "orchestrator.definition.run_request",
    ],
    "sweep": [
        "orchestrator.queues.cloud_tasks",
        "orchestrator.stores.firestore.store",
        "orchestrator.jobs.dataflow.backend",
    ],
}

SCRIPT = """
import importlib, json, resource, sys, time
sys.path.insert(0, {root!r})
def now():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), time.process_time(), used.ru_maxrss / 1024
begun = now()
import functions_framework
functions_framework.create_app({target!r}, {main!r}, {kind!r})
up = now()
for name in {first!r}:
    importlib.import_module(name)
print(json.dumps([begun, up, now()]))
"""


def measure(target: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Measure a fresh interpreter that imports what the function needs."""
    script = SCRIPT.format(
        root=str(MAIN.parents[1]), main=str(MAIN), target=target, kind=KINDS[target], first=FIRST[target]
    )
    return subprocess.run([sys.executable, *options, "-c", script], capture_output=True, text=True, check=True)


def case(target: str, rounds: int) -> dict[str, object]:
    """Medians in milliseconds; the most memory in MiB."""
    runs = [json.loads(measure(target).stdout) for _ in range(rounds)]

    def median(after: int, clock: int) -> int:
        return round(1000 * statistics.median(run[after][clock] - run[0][clock] for run in runs))

    return {
        "function": target,
        "import ms": median(1, 0),
        "import CPU ms": median(1, 1),
        "with first request ms": median(2, 0),
        "with first request CPU ms": median(2, 1),
        "import MiB": round(max(run[1][2] for run in runs)),
        "with first request MiB": round(max(run[2][2] for run in runs)),
    }


def dominates(target: str) -> list[tuple[int, str]]:
    """The packages whose import takes the longest, in milliseconds, including what they import themselves."""
    found = re.findall(r"import time:\s+\d+ \|\s+(\d+) \| +(\S+)", measure(target, "-X", "importtime").stderr)
    slow = sorted(((int(micros) // 1000, name) for micros, name in found), reverse=True)
    return [row for row in slow if row[0] >= 10][:25]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dominates", action="store_true", help="what takes the time, by -X importtime")
    asked = parser.parse_args()
    for target in KINDS:
        print(json.dumps(dominates(target) if asked.dominates else case(target, asked.rounds)))


if __name__ == "__main__":
    main()
