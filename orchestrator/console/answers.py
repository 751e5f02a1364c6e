"""What the console answers. The OpenAPI description is made from these models, and tests hold the answers to them."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from orchestrator.console.forms import Values
from orchestrator.core.model import RunStatus, Status

Time = Annotated[str, Field(description="A time in UTC, as in RFC 3339.")]
AnyObject = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]


class Act(BaseModel):
    """What somebody did: who, why and when."""

    by: str
    why: str
    at: Time


class Mark(Act):
    """As what somebody marked a step."""

    as_: Annotated[str, Field(alias="as")]


class HeldNow(Act):
    """Who holds a step. ``until``: when it is released by itself."""

    until: Time | None


class DeadlineNow(BaseModel):
    """A deadline. ``late``: it has passed, and the run or step had not ended by then."""

    at: Time
    late: bool
    expected_late_at: Annotated[Time | None, Field(description="When it was first expected to be late.")]
    forecast: Annotated[Time | None, Field(description="When it was expected to end then.")]


class WaitsNow(BaseModel):
    """What a run or a step waits in line for. ``said``: the same in words; of a run, that it has not begun.

    ``pool``: null for a place among the runs of its graph, or among the steps of its run. ``before``: how many are in
    line before it, and ``taken``: how many places are taken; null: not known. ``holders``: who has them, if few.
    """

    said: str
    pool: str | None
    since: Time
    places: int
    taken: int | None
    before: int | None
    holders: list[str]


class LimitsNow(Act):
    """The limits of a map, or of a run, that count now, and who set any of them last. Null: there is none."""

    max_parallel: int | None
    tolerate: int | str | None


class Errors(BaseModel):
    """Why a request was refused: a sentence each. ``said``: what was done nevertheless."""

    errors: list[str]
    said: list[str] | None = None


class Summary(BaseModel):
    """A run without its steps. What does not apply is absent; what is not known yet is null."""

    run: str
    graph: str
    version: str
    status: RunStatus
    params: Values
    time_zone: str
    started_at: Time
    ended_at: Time | None
    rerun_of: str | None = None
    family: str | None = None
    failed: Annotated[dict[str, str], Field(description="The steps that made it fail, with causes.")] | None = None
    cancelled: Act | None = None
    waits: WaitsNow | None = None
    deadline: DeadlineNow | None = None


class Listed(Summary):
    """A run in a list. ``needs_attention``: the steps that do. ``unread``: why more is not known of it."""

    needs_attention: list[str] | None = None
    unread: str | None = None


class Unread(BaseModel):
    """A record that cannot be read."""

    path: str
    why: str


class Runs(BaseModel):
    """A page of runs, the newest first. ``next``: the ``page`` of the next request; null: there are no more."""

    runs: list[Listed]
    unreadable: list[Unread]
    next: str | None


class StepNow(BaseModel):
    """A step of a run."""

    status: Status
    attempt: int
    started_at: Time | None
    ended_at: Time | None
    job: str | None
    outputs: Values
    error: str | None
    cause: str | None
    token: str
    cancelled: Act | None = None
    marked: Mark | None = None
    held: HeldNow | None = None
    live: bool | None = None
    kept: bool | None = None
    waits: WaitsNow | None = None
    deadline: DeadlineNow | None = None
    limits: LimitsNow | None = None


class RunNow(Summary):
    """A run with its steps. ``doubts``: contradictions between its records."""

    limits: LimitsNow | None = None
    steps: dict[str, StepNow]
    token: str
    doubts: list[str]
    unreadable: list[str]


class Log(BaseModel):
    """Where the log of a Dataflow job is."""

    job: str
    region: str
    url: str


class StepExplained(StepNow):
    """A step, and why it has its status, in sentences. ``log``: null if it has no Dataflow job."""

    run: str
    step: str
    explained: list[str]
    log: Log | None


class Happened(BaseModel):
    """Something that happened to a step, or to the run (then ``step`` is null)."""

    at: Time
    step: str | None
    what: str
    by: str | None
    why: str | None
    error: str | None


class Story(BaseModel):
    """What happened in a run, in order."""

    run: str
    story: list[Happened]


class Acted(BaseModel):
    """What was done, in sentences. ``changed``: false if there was nothing to do, as when a request is repeated."""

    run: str
    said: list[str]
    changed: bool


class Started(BaseModel):
    """A run. ``created``: this request started it.

    ``skipped``: why its graph's max_active_runs does not let it run.
    """

    run: str
    graph: str
    status: RunStatus
    created: bool
    skipped: str | None = None


class Planned(BaseModel):
    """What a rerun would do: for each step whether it runs again, and why."""

    plan: AnyObject


class Left(BaseModel):
    """A job that is left. ``where``: its region and id. ``used``: what it has used so far, if that is known."""

    name: str
    where: str
    why: str
    since: Time | None
    state: str
    used: str | None


class Audited(BaseModel):
    """Jobs that no run waits for. ``unclear``: of which it cannot be told. ``running``: how many of ours run."""

    left: list[Left]
    unclear: list[str]
    running: int


class Stopped(BaseModel):
    """A job that was asked to stop, and what it does now."""

    job: str
    said: list[str]
    changed: bool


class StoredRuns(BaseModel):
    """A page of runs as they are stored."""

    runs: list[AnyObject]
    unreadable: list[Unread]
    next: str | None


class Ids(BaseModel):
    """Ids and keys of runs, the newest first."""

    ids: list[list[str]]


class StoredRun(BaseModel):
    """A run as it is stored; null: there is none."""

    run: AnyObject | None


class StoredPlan(BaseModel):
    """A plan as it is stored; null: there is none."""

    plan: AnyObject | None


class Standing(BaseModel):
    """How many places of a pool are taken, and how many steps are in line before one that waits for a place there.

    ``holders``: the steps that have the places, as RUN/STEP, if they are few.
    """

    taken: int
    before: int
    holders: list[str]


class StoredView(BaseModel):
    """States and counters of a run, by number, as they are stored. ``unreadable``: nodes whose states are not.

    ``standings``: where steps stand that wait for a place in a pool, by number; of the first 20 of them.
    """

    states: dict[str, AnyObject]
    counters: dict[str, list[int]]
    unreadable: list[int]
    left_out: list[Unread]
    standings: dict[str, Standing]
