"""The project itself: its APIs, its quota of jobs, and graphs.lock."""

from dataclasses import asdict

from orchestrator.client.google_apis import AskError
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.findings import Finding, Found, Level, fail, note, warn
from orchestrator.deployment.doctor.fixes import APPLY
from orchestrator.deployment.doctor.signals import by_eventarc
from orchestrator.deployment.doctor.world import World
from orchestrator.deployment.given import GIVEN
from orchestrator.deployment.lockfile.file import Lock
from orchestrator.errors import UsageError

#: The APIs that every deployment, or a job that it launches, needs.
APIS = (
    "artifactregistry",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "cloudtasks",
    "compute",
    "dataflow",
    "firestore",
    "iam",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "storage",
)

#: "You may run up to 25 concurrent Dataflow jobs per Google Cloud project" unless Google was asked for more ("Request
#: quotas", Dataflow's documentation, 2026).
JOBS_AT_ONCE = 25


def check_project(world: World) -> None:
    """Raises UsageError if Google says that there is no such project; usually it answers 403, as for a hidden one."""
    name = world.deployment.project
    try:
        found = world.get(calls.PROJECT, name)
    except AskError as error:
        if error.status == 400:
            raise UsageError(f"--project: expected a project's id, got {name!r}: {error.said}") from error
        return
    if found is None:
        raise UsageError(f"--project: there is no project {name!r}")


def project(world: World) -> Found:
    """A project that is being deleted still answers, for 30 days."""
    found = world.get(calls.PROJECT, world.deployment.project) or {}
    if found.get("lifecycleState", "ACTIVE") != "ACTIVE":
        name = world.deployment.project
        yield fail(f"it is being deleted ({found['lifecycleState']})", f"gcloud projects undelete {name}")
    yield note(f"number {found.get('projectNumber', '?')}")


def apis(world: World) -> Found:
    more = [*(["eventarc"] if by_eventarc(world) else []), *(["secretmanager"] if world.secrets else [])]
    wanted = [f"{api}.googleapis.com" for api in (*APIS, *more)]
    parent = f"projects/{world.deployment.project}"
    answer = world.get(calls.SERVICES, parent, names=[f"{parent}/services/{api}" for api in wanted]) or {}
    states = {service["name"].split("/")[-1]: service.get("state") for service in answer.get("services", ())}
    for api in wanted:
        if states.get(api) != "ENABLED":
            yield fail(f"{api} is not enabled", world.fixes.enable(api))
    yield note(f"{len(wanted)} are enabled")


def locked(world: World) -> Found:
    """The graphs and files are still as they were when they were locked."""
    lock = world.here.lock
    if lock is None:
        fix = "run this beside the folder graphs, or name another one with --graphs FOLDER"
        text = f"cannot check schedules, templates and the source: {world.here.no_lock}"
        yield Finding(Level.UNKNOWN, text, f"orchestrator lock; {fix}")
        return
    fix = f"orchestrator lock {lock.folder} && {APPLY}"
    for name, graph in sorted(lock.graphs.items()):
        for problem in graph.problems:
            yield fail(
                f"graph '{name}' cannot be deployed: {problem}", "fix the graph, and run orchestrator lock again"
            )
    for file in lock.stale():
        yield warn(f"{file} has changed since it was locked", fix)
    yield note("1 graph" if len(lock.graphs) == 1 else f"{len(lock.graphs)} graphs")


def given(world: World) -> Found:
    """What Terraform's variables named, which the checks of grants need."""
    found = world.given()
    if found is None:
        text = f"gs://{world.deployment.source_bucket} has no {GIVEN}: what these variables name is unknown"
        more = "template_buckets, data_buckets, image_repositories, notify"
        yield warn(f"{text}: starters, operators, viewers, {more}", APPLY)
        return
    said = [f"{variable}: {', '.join(names)}" for variable, names in asdict(found).items() if names]
    yield note("; ".join(said) or "they name nothing")


def quota(world: World) -> Found:
    """Whether the largest run fits into the quota: launches above it are retried until there is room."""
    pages = world.pages(calls.JOBS, world.deployment.project)
    running = sum(len(page.get("jobs", ())) for page in pages)
    unheard = sorted({place["name"] for page in pages for place in page.get("failedLocation", ())})
    name, wanted = _largest(world.here.lock)
    see = f"https://console.cloud.google.com/apis/api/dataflow.googleapis.com/quotas?project={world.deployment.project}"
    if running + wanted > JOBS_AT_ONCE:
        run = f", and a run of graph '{name}' may need {wanted} at the same time" if wanted else ""
        text = f"{running} Dataflow jobs are running{run}: the quota is {JOBS_AT_ONCE}, unless it was raised"
        yield warn(text, f"see the quota, and request a higher one, at {see}")
    if unheard:
        yield warn(f"jobs in {', '.join(unheard)} could not be counted", "try again in a minute")
    needed = f"at most {wanted} in a run" if world.here.lock else "how many a run needs is unknown without graphs.lock"
    yield note(f"{running} running, {needed}; the default quota is {JOBS_AT_ONCE}")


def _largest(lock: Lock | None) -> tuple[str, int]:
    """The graph whose runs may have the most jobs at the same time, and that number."""
    graphs = lock.graphs if lock else {}
    return max(((name, graph.jobs_at_once) for name, graph in graphs.items()), key=lambda it: it[1], default=("", 0))
