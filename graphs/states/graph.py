"""The night of eighteen states: a branch of jobs for each, and one state that fails or hangs does not block the others.

See README.md.
"""

from orchestrator import Graph, step

#: What is computed for a state, from what its ingest has loaded. Small states have only the first of these.
METRICS = ("stock", "movements", "quality", "capacity", "billing", "forecast")

#: How many of them each state has.
STATES = {
    "ardenia": 4, "belmora": 4, "corvana": 3, "dunelm": 3, "elvaria": 4, "fenmark": 0, "galdoria": 6, "harrowen": 0,
    "ilmaria": 4, "jasperia": 5, "kestria": 1, "lornia": 6, "marenna": 4, "nordal": 1, "orvane": 5, "pellan": 4,
    "quillon": 3, "rowena": 4,
}  # fmt: skip

#: The workers of jobs that need more memory than the others.
MACHINES = {"lornia.forecast": "n2-highmem-8"}


def flex(what, state="all", **keys):
    """A step that is a Flex job in the cloud, and a short function on one machine."""
    parameters = {"state": state, "date": "{{ params.date }}", **keys.pop("parameters", {})}
    name = what if state == "all" else f"{state}.{what}"
    workers = {"machine_type": MACHINES[name]} if name in MACHINES else {}
    job = {"template": f"gs://states-pipelines/{what}.json", "parameters": parameters, **workers}
    arguments = {"what": what, "folder": "{{ run.dir }}", **parameters}
    return step(name, dataflow=job, local={"python": "work:job", "args": arguments}, **keys)


with Graph(
    "states",
    description="Eighteen states: what each has sent is loaded and computed, then exported if all of it went well.",
    params={"date": "today", "file_type": {"type": "enum", "values": ["csv", "parquet"], "default": "csv"}},
    defaults={"retry": {"attempts": 2, "delay": "2s"}, "timeout": "4h", "dataflow": {"region": "europe-west4"}},
    deploy=False,  # a demo: delete this line to have it in the cloud
) as graph:
    branches = {}
    for state, count in STATES.items():
        ingest = flex("ingest", state)
        branches[state] = [ingest, *(flex(metric, state, after=ingest) for metric in METRICS[:count])]
    jobs = [job for branch in branches.values() for job in branch]
    views = flex("views", after=jobs, trigger={"all_done_within": "3h"})  # with what has come by then
    written = {"parameters": {"file_type": "{{ params.file_type }}"}}
    exports = [flex("export", state, after=[views, *branch], **written) for state, branch in branches.items()]
    step("clean-up", call="work:clean_up", after=exports, teardown=True)
