"""How long it takes to validate the graph of 13,028 steps, imports included, as YAML and as JSON. One JSON line."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.real_graphs import LARGEST, graph_document

PROGRAM = "import sys; from orchestrator import load_graph; print(len(load_graph(sys.argv[1]).steps))"
TRIES = 5


def seconds(file: Path) -> float:
    """The shortest time of several processes that load ``file``, in seconds."""
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", PROGRAM, str(file)], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return round(min(times), 3)


def main() -> None:
    document = graph_document(LARGEST, command=["true"])
    with tempfile.TemporaryDirectory() as folder:
        as_yaml, as_json = Path(folder, "g.yaml"), Path(folder, "g.json")
        as_yaml.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False))
        as_json.write_text(json.dumps(document))
        result = {"yaml_s": seconds(as_yaml), "json_s": seconds(as_json)}
    print(json.dumps({"case": "validate", "steps": len(document["steps"]), "best_of": TRIES, **result}))


if __name__ == "__main__":
    main()
