"""Draws what Terraform deployed, from its own output: ``terraform show -json | python docs/architecture.py``.

Boxes are resources. There is an arrow if, and only if, an address, a grant or an environment variable leads from one to
the other. Writes docs/architecture.png, and docs/architecture.dot, which a test compares.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pygraphviz

HERE = Path(__file__).parent

#: How each kind of resource is drawn: its shape, its colour, and its name.
LOOKS = {
    "google_cloudfunctions2_function": ("box", "#DDF0FC", "function"),
    "google_cloud_tasks_queue": ("cds", "#FFE9B8", "Cloud Tasks queue"),
    "google_cloud_scheduler_job": ("box", "#F5E3EE", "Cloud Scheduler"),
    "google_firestore_database": ("cylinder", "#E0F4EC", "Firestore database"),
    "google_logging_project_sink": ("box", "#F3F4F6", "log sink"),
    "google_pubsub_topic": ("cds", "#F3F4F6", "Pub/Sub topic"),
    "google_eventarc_trigger": ("box", "#F3F4F6", "Eventarc trigger"),
    "google_storage_bucket": ("folder", "#E0F4EC", "bucket"),
}

#: Google's own services, which nobody deploys.
DATAFLOW = "Dataflow"

Resources = Mapping[str, Mapping[str, Any]]
Arrow = tuple[str, str, str]


def of(resources: Resources, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Address and values of the resources of a type, sorted by address."""
    return ((name, resources[name]) for name in sorted(resources) if name.split(".", 1)[0] == kind)


def arrows(resources: Resources) -> Iterator[Arrow]:
    """All arrows: from where, to where, and why."""
    functions = dict(of(resources, "google_cloudfunctions2_function"))
    at = {values["service_config"][0]["uri"]: name for name, values in functions.items()}
    called = {values["name"]: name for name, values in functions.items()}
    queues = {values["name"]: name for name, values in of(resources, "google_cloud_tasks_queue")}
    topics = {values["id"]: name for name, values in of(resources, "google_pubsub_topic")}
    for name, job in of(resources, "google_cloud_scheduler_job"):
        yield name, at[job["http_target"][0]["uri"]], job["schedule"]
    for name, sink in of(resources, "google_logging_project_sink"):
        if (topic := topics.get(sink["destination"].partition("/")[2])) and "dataflow_step" in sink["filter"]:
            yield DATAFLOW, name, "log"
            yield name, topic, ""
    for _, push in of(resources, "google_pubsub_subscription"):
        if push["push_config"]:
            yield topics[push["topic"]], at[push["push_config"][0]["push_endpoint"]], "pushes"
            yield topics[push["topic"]], topics[push["dead_letter_policy"][0]["dead_letter_topic"]], "gave up"
    for name, trigger in of(resources, "google_eventarc_trigger"):
        yield DATAFLOW, name, "job status"
        yield name, called[trigger["destination"][0]["cloud_run_service"][0]["service"]], ""
    for queue in sorted(queues.values()):
        for target in sorted({told(values)["ORCHESTRATOR_TASK_URL"] for values in functions.values()}):
            yield queue, next(address for service, address in called.items() if f"//{service}-" in target), "delivers"
    yield from granted(resources, functions, queues)


def granted(resources: Resources, functions: Resources, queues: Mapping[str, str]) -> Iterator[Arrow]:
    """What each function may do, according to the account that it runs as."""
    for name, values in functions.items():
        member = f"serviceAccount:{values['service_config'][0]['service_account_email']}"
        for _, grant in of(resources, "google_cloud_tasks_queue_iam_member"):
            if grant["member"] == member:
                yield name, queues[grant["name"].rpartition("/")[2]], ""
        for _, grant in of(resources, "google_project_iam_member"):
            if grant["member"] == member and grant["role"] == "roles/datastore.user":
                yield from ((name, database, "") for database, _ in of(resources, "google_firestore_database"))
            if grant["member"] == member and grant["role"] == "roles/dataflow.developer":
                yield name, DATAFLOW, "launches, checks" if "on_task" in name else "stops what is left"
    worker = json.loads(told(next(iter(functions.values())))["ORCHESTRATOR_JOB_OPTIONS"])["service_account"]
    buckets = {values["name"]: name for name, values in of(resources, "google_storage_bucket")}
    for _, grant in of(resources, "google_storage_bucket_iam_member"):
        if grant["member"] == f"serviceAccount:{worker}" and grant["bucket"] in buckets:
            yield DATAFLOW, buckets[grant["bucket"]], "temporary files"


def told(function: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = function["service_config"][0]["environment_variables"]
    return found


def dot(resources: Resources) -> str:
    """The picture in the dot language: the same for the same resources."""
    found = sorted(set(arrows(resources)))
    shown = sorted({end for arrow in found for end in arrow[:2]} - {DATAFLOW})
    _, function = next(of(resources, "google_cloudfunctions2_function"))
    base = told(function)["ORCHESTRATOR_JOB_PREFIX"]
    text = [
        "digraph { rankdir=LR nodesep=0.45 ranksep=0.5 dpi=120 pad=0.2",
        '  node [fontname="Helvetica" fontsize=15 style="filled,rounded" color="#7A93B2" margin="0.16,0.1"]',
        '  edge [fontname="Helvetica" fontsize=12 color="#5A6878" fontcolor="#5A6878" arrowsize=0.8]',
        f'  "{DATAFLOW}" [shape=box3d fillcolor="#FCE7DA" label="Dataflow\\njobs"]',
    ]
    for address in shown:
        shape, colour, kind = LOOKS[address.split(".", 1)[0]]
        name = resources[address]["name"].partition(f"{base}-")[2] or resources[address]["name"]
        quoted = address.replace('"', '\\"')
        text.append(f'  "{quoted}" [shape={shape} fillcolor="{colour}" label="{kind}\\n{name}"]')
    for tail, head, why in found:
        ends = [end.replace('"', '\\"') for end in (tail, head)]
        text.append(f'  "{ends[0]}" -> "{ends[1]}" [label="{why}"]')
    return "\n".join([*text, "}", ""])


def main() -> None:
    """Read standard input, and write the two files."""
    shown = json.load(sys.stdin)["values"]["root_module"]["resources"]
    text = dot({item["address"]: item["values"] for item in shown if item["mode"] == "managed"})
    (HERE / "architecture.dot").write_text(text)
    drawing = pygraphviz.AGraph(string=text)
    drawing.draw(str(HERE / "architecture.png"), prog="dot")


if __name__ == "__main__":
    main()
