"""Graph files and their folders, from which the tests make locks."""

from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.deployment.lockfile import Lock

Make = Callable[[Mapping[str, str | bytes]], Path]
SALES = """\
name: sales
params: {date: {type: date}, where: us-central1}
defaults: {dataflow: {region: europe-west4}}
steps:
  orders: {dataflow: {template: gs://b/orders.json}}
  customers: {dataflow: {template: gs://b/customers.json, region: "{{ params.where }}"}}
  again: {after: [orders, customers], dataflow: {template: gs://b/orders.json, region: us-east1}}
  other: {after: again, dataflow: {template: "gs://b/{{ params.date }}.json"}}
  pause: {after: other, wait: 1m}
schedule: {cron: "0 6 * * *", time_zone: Europe/Berlin, params: {date: today}}
"""
JOB = "{dataflow: {template: gs://b/t.json}}"
PLAIN = f"name: plain\nsteps: {{a: {JOB}}}\n"
UNSAID = "name: here\nsteps: {a: {command: echo}, b: {wait: 1s}, c: {python: m:f}}\n"
LOCAL = f"{UNSAID}deploy: false\n"
PYTHON = """\
import helper
from orchestrator import Graph, step
print("not to be seen")
with Graph("py") as graph:
    step("a", dataflow={"template": helper.TEMPLATE})
"""


def problems_of(made: Lock) -> dict[str, tuple[str, ...]]:
    return {name: entry.problems for name, entry in made.graphs.items()}


NOISE = dict.fromkeys(("x.png", ".hidden.py", ".venv/a.py", "__pycache__/a.py", "graphs.lock", "Makefile"), "")
HELPERS = {f"{name}.{name}": "" for name in ("json", "yml", "toml", "txt", "sql", "csv")}
FROM = "name: g\nsteps: {a: {dataflow: {template: gs://b/t}, parameters_from: lib.params:make}}"
LIB = {"lib/params.py": "def make(): return {}\n", "lib/deep/rows.csv": "a;b\n"}
