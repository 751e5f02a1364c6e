"""Reads the settings in environment variables. Those of the command line are also options, which take precedence."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cloud.variables import Variables
from orchestrator.core.steps import Json
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.receivers.receiver import Receiver

#: The variables of a deployment: all that ``read_cloud_settings`` reads, except the addresses of fakes. Their meanings
#: are in functions/README.md.
DEPLOYED_VARIABLES = (
    "ORCHESTRATOR_PROJECT",
    "ORCHESTRATOR_REGION",
    "ORCHESTRATOR_DATABASE",
    "ORCHESTRATOR_LAUNCHES_QUEUE",
    "ORCHESTRATOR_CHECKS_QUEUE",
    "ORCHESTRATOR_SIGNALS_QUEUE",
    "ORCHESTRATOR_NOTICES_QUEUE",
    "ORCHESTRATOR_TASK_URL",
    "ORCHESTRATOR_TASK_ACCOUNT",
    "ORCHESTRATOR_SIGNALS_ACCOUNT",
    "ORCHESTRATOR_TASK_AUDIENCE",
    "ORCHESTRATOR_FOLDER",
    "ORCHESTRATOR_SIGNAL_DELAY",
    "ORCHESTRATOR_LAUNCH_LEASE",
    "ORCHESTRATOR_LAUNCH_MARGIN",
    "ORCHESTRATOR_JOB_PREFIX",
    "ORCHESTRATOR_JOB_OPTIONS",
    "ORCHESTRATOR_VALUES",
    "ORCHESTRATOR_POOLS",
    "ORCHESTRATOR_NOTIFY",
    "ORCHESTRATOR_SCHEDULES",
    "ORCHESTRATOR_STARTERS",
    "ORCHESTRATOR_SCHEDULER_ACCOUNT",
    "ORCHESTRATOR_RETENTION_DAYS",
    "ORCHESTRATOR_STUCK_AFTER",
    "ORCHESTRATOR_SWEEP_FOR",
    "ORCHESTRATOR_VERIFY_AUDIENCE",
    "ORCHESTRATOR_VERIFY_ACCOUNT",
)


class SettingsError(OrchestratorError):
    """The deployment is misconfigured. Requests are not lost: they can be retried once it is fixed."""

    retryable = True
    http_status = 503
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """``home``: ORCHESTRATOR_HOME. ``parallel``: ORCHESTRATOR_PARALLEL, concurrent jobs; default: the cores."""

    home: Path | None
    parallel: int


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the embedded form. Raises UsageError for an invalid value."""
    parallel = environment.get("ORCHESTRATOR_PARALLEL") or str(max(2, os.cpu_count() or 2))
    if not parallel.isdecimal() or int(parallel) < 1:
        raise UsageError(f"ORCHESTRATOR_PARALLEL: expected a whole number from 1, got {parallel!r}")
    home = environment.get("ORCHESTRATOR_HOME")
    return Settings(Path(home) if home else None, int(parallel))


@dataclass(frozen=True, slots=True)
class ReachSettings:
    """How the command line reaches a deployment. (ORCHESTRATOR_PROJECT and _REGION are defaults of its options.)

    ``apis_url``: GOOGLE_APIS_EMULATOR_URL, a fake of Google. ``id_token``: ORCHESTRATOR_ID_TOKEN, the caller's token.
    """

    apis_url: str | None
    id_token: str | None


def read_reach_settings(environment: Mapping[str, str] = os.environ) -> ReachSettings:
    """The settings of ``doctor`` and ``start``."""
    return ReachSettings(
        environment.get("GOOGLE_APIS_EMULATOR_URL") or None, environment.get("ORCHESTRATOR_ID_TOKEN") or None
    )


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """The settings of a deployed function. Times are in seconds.

    ``launches``, ``checks``, ``signals`` and ``notices``: the ids of the queues; without one for signals or for
    notifications, these go on the queue ``checks``. ``task_url``: where tasks are delivered; ``task_account``: the
    service account whose token they carry, or ``signals_account`` those of signals, and ``task_audience`` what that
    token is for. ``folder``: where ``graphs/`` lies. ``verify_audience``: check that callers have a token for it (None:
    the platform does), of one of ``verify_accounts``. ``tasks_endpoint``, ``dataflow_endpoint`` and
    ``pubsub_endpoint``: fakes on this machine instead of Google (Firestore's client reads its own variable).
    ``job_prefix``: what the names of jobs begin with, to tell several orchestrators in one project apart; may be empty.
    ``job_options``: options of every Dataflow job whose step does not say otherwise. ``values``: what
    ``{{ run.deployment.… }}`` gives. ``pools``: how many places each pool has. ``notify``:
    the receivers by name. ``schedules``: by graph that Cloud Scheduler starts, the cron expression and the time zone.
    ``starters``: who may start a few
    graphs only, by e-mail; ``scheduler_account``: who starts those with a schedule. ``retention``: how long runs are
    kept after their end; None: forever. ``stuck_after``: how long a run may take before a sweep logs it as stuck.
    ``sweep_for``: how long a sweep begins with further runs.
    """

    project: str
    region: str
    database: str
    launches: str
    checks: str
    signals: str
    notices: str
    task_url: str
    task_account: str
    signals_account: str
    task_audience: str
    folder: Path
    signal_delay: float
    launch_lease: float
    launch_margin: float
    verify_audience: str | None
    verify_accounts: tuple[str, ...]
    tasks_endpoint: str | None
    dataflow_endpoint: str | None
    pubsub_endpoint: str | None
    job_prefix: str
    job_options: Mapping[str, Json]
    values: Mapping[str, Json]
    pools: Mapping[str, int]
    notify: Mapping[str, Receiver]
    schedules: Mapping[str, tuple[str, str]]
    starters: Mapping[str, tuple[str, ...]]
    scheduler_account: str | None
    retention: float | None
    stuck_after: float
    sweep_for: float


def read_cloud_settings(environment: Mapping[str, str] = os.environ) -> CloudSettings:
    """The settings of a deployed function. Raises SettingsError, naming every variable that is missing or wrong."""
    found = Variables(environment)
    verify = found.get("ORCHESTRATOR_VERIFY_AUDIENCE") or None
    settings = CloudSettings(
        project=found.text("ORCHESTRATOR_PROJECT"),
        region=found.text("ORCHESTRATOR_REGION"),
        database=found.text("ORCHESTRATOR_DATABASE", "(default)"),
        launches=found.text("ORCHESTRATOR_LAUNCHES_QUEUE"),
        checks=found.text("ORCHESTRATOR_CHECKS_QUEUE"),
        signals=found.get("ORCHESTRATOR_SIGNALS_QUEUE") or found.get("ORCHESTRATOR_CHECKS_QUEUE"),
        notices=found.get("ORCHESTRATOR_NOTICES_QUEUE") or found.get("ORCHESTRATOR_CHECKS_QUEUE"),
        task_url=found.text("ORCHESTRATOR_TASK_URL"),
        task_account=found.text("ORCHESTRATOR_TASK_ACCOUNT"),
        signals_account=found.get("ORCHESTRATOR_SIGNALS_ACCOUNT") or found.get("ORCHESTRATOR_TASK_ACCOUNT"),
        task_audience=found.text("ORCHESTRATOR_TASK_AUDIENCE", found.text("ORCHESTRATOR_TASK_URL")),
        folder=Path(found.text("ORCHESTRATOR_FOLDER", ".")),
        signal_delay=found.seconds("ORCHESTRATOR_SIGNAL_DELAY", 2.0),
        launch_lease=(lease := found.seconds("ORCHESTRATOR_LAUNCH_LEASE", 330.0)),
        launch_margin=found.less("ORCHESTRATOR_LAUNCH_MARGIN", 210.0, than=("ORCHESTRATOR_LAUNCH_LEASE", lease)),
        verify_audience=verify,
        verify_accounts=tuple(found.text("ORCHESTRATOR_VERIFY_ACCOUNT").split(",")) if verify else (),
        tasks_endpoint=environment.get("CLOUD_TASKS_EMULATOR_HOST"),
        dataflow_endpoint=environment.get("DATAFLOW_EMULATOR_URL"),
        pubsub_endpoint=environment.get("PUBSUB_EMULATOR_HOST"),
        job_prefix=found.prefix("ORCHESTRATOR_JOB_PREFIX"),
        job_options=found.options("ORCHESTRATOR_JOB_OPTIONS"),
        values=found.values("ORCHESTRATOR_VALUES"),
        pools=found.pools("ORCHESTRATOR_POOLS"),
        notify=found.receivers("ORCHESTRATOR_NOTIFY"),
        schedules=found.schedules("ORCHESTRATOR_SCHEDULES"),
        starters=found.starters("ORCHESTRATOR_STARTERS"),
        scheduler_account=found.get("ORCHESTRATOR_SCHEDULER_ACCOUNT").lower() or None,
        retention=found.days("ORCHESTRATOR_RETENTION_DAYS"),
        stuck_after=found.seconds("ORCHESTRATOR_STUCK_AFTER", 86_400.0),
        sweep_for=found.seconds("ORCHESTRATOR_SWEEP_FOR", 240.0),
    )
    if found.wrong:
        raise SettingsError("\n".join(dict.fromkeys(found.wrong)))
    return settings
