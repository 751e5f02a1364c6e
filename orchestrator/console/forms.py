"""What requests to the console contain. The OpenAPI description is made from these models."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, StringConstraints, WithJsonSchema

from orchestrator.core.mapped import MAX_ITEMS
from orchestrator.core.model import RunStatus
from orchestrator.core.names import KEY_LENGTH, RUN_ID, STEP_NAME, STEP_PATH
from orchestrator.core.pools import MAX_PLACES
from orchestrator.definition.fields import TOLERANCE
from orchestrator.operations.control.arguments import AHEAD

#: RFC 3339. A day or a time that does not exist is refused when it is read.
TIME = {"type": "string", "format": "date-time"}

#: Where a list goes on: when the last run of a page started, and the keys of those that started just then.
PAGE = rf"^[0-9]{{1,11}}(\.[0-9]{{1,9}})?(~[a-z2-7]{{{KEY_LENGTH}}}){{0,200}}$"

#: A text that is not empty.
REASON = r"\S"

#: A Dataflow job: its region and its id.
JOB = r"^[a-z][a-z0-9-]{0,62}/[A-Za-z0-9_-]{1,100}$"

#: How many runs a page has at most, and if nothing is said.
MAX_PAGE = 200
_USUAL = 50

#: How many ids the command line searches.
MAX_IDS = 10_000

#: Numbers of nodes, or of joins: so many fit into a URL.
MAX_NUMBERS = 500
Numbers = Annotated[str, StringConstraints(pattern=rf"^[0-9]{{1,5}}(,[0-9]{{1,5}}){{0,{MAX_NUMBERS - 1}}}$")]

Moment = Annotated[str, WithJsonSchema(TIME)]
RunId = Annotated[str, StringConstraints(pattern=RUN_ID)]
StepPath = Annotated[str, StringConstraints(pattern=STEP_PATH)]
StepName = Annotated[str, StringConstraints(pattern=STEP_NAME)]
Steps = Annotated[tuple[StepName, ...], Field(description="The names of steps; none: the whole run.")]
Token = Annotated[
    str,
    Field(
        description="A token that an earlier answer gave for the run, or for the only step that is named. If that has "
        "changed since then, nothing is done, and the answer is 409."
    ),
]
Why = Annotated[str, Field(description="The reason. It is recorded; of a longer one, the first 1,000 characters.")]
Reason = Annotated[Why, StringConstraints(pattern=REASON)]
Values = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Value"}}),
]

_ATTEMPT = "The failed attempt after which to try again. With it, a repeated request changes nothing."

#: Any value that can be stored.
VALUE: Mapping[str, Any] = {
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        {"type": "number", "minimum": -(2**63) + 1, "maximum": 2**63 - 1},
        {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
        {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Value"}},
    ]
}


class Form(BaseModel):
    """A request's body or query; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HoldForm(Form):
    why: Reason
    steps: Steps = ()
    until: Annotated[Moment | None, Field(description=f"When the steps are released by themselves, {AHEAD}.")] = None
    if_match: Token | None = None


class ReleaseForm(Form):
    why: Why = ""
    steps: Annotated[Steps, Field(description="The names of steps; none: all that are held.")] = ()
    if_match: Token | None = None


class CancelForm(Form):
    why: Why = ""
    steps: Steps = ()
    if_match: Token | None = None


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 2.0 is a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Attempt = Annotated[int, Field(ge=1, le=2**31, description=_ATTEMPT), BeforeValidator(_whole)]


class RetryForm(Form):
    why: Why = ""
    attempt: Attempt | None = None
    if_match: Token | None = None


class MarkSucceededForm(Form):
    status: Literal["succeeded"]
    why: Reason
    outputs: Annotated[Values, Field(description="The outputs of the step.")] | None = None
    if_match: Token | None = None


class MarkForm(Form):
    status: Literal["failed", "skipped"]
    why: Reason
    if_match: Token | None = None


class AnyMarkForm(RootModel[Annotated[MarkSucceededForm | MarkForm, Field(discriminator="status")]]):
    """As what a step is to end."""


MaxParallel = Annotated[int, Field(ge=1, le=MAX_PLACES), BeforeValidator(_whole)]
Tolerate = (
    Annotated[int, Field(ge=0, le=MAX_ITEMS), BeforeValidator(_whole)]
    | Annotated[str, StringConstraints(pattern=TOLERANCE)]
)


class SetForm(Form):
    """The limits to set. At least one has to be given."""

    why: Why = ""
    step: Annotated[StepName | None, Field(description="The map; none: the run, which has only max_parallel.")] = None
    max_parallel: (
        Annotated[MaxParallel, Field(description="How many items, or attempts of the run, may be active at once.")]
        | None
    ) = None
    tolerate: (
        Annotated[Tolerate, Field(description="How many items may fail, or which share of them, such as 5%.")] | None
    ) = None
    if_match: Token | None = None


class StopForm(Form):
    job: Annotated[
        str, StringConstraints(pattern=JOB), Field(description="The job, as the audit says where it is: REGION/ID.")
    ]


class RunsQuery(Form):
    graph: Annotated[str, Field(description="Only runs of the graph with this name.")] | None = None
    status: Annotated[tuple[RunStatus, ...], Field(description="Only runs with one of these statuses.")] = ()
    since: Annotated[Moment, Field(description="Only runs that started then or later.")] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="How many runs a page has at most.")] = _USUAL
    page: (
        Annotated[str, StringConstraints(pattern=PAGE), Field(description="What 'next' of the page before says.")]
        | None
    ) = None


class StartForm(Form):
    graph: Annotated[str, Field(min_length=1, description="The name of a deployed graph's file or folder.")]
    run_id: (
        Annotated[RunId, Field(description="The id of the run. With it, a repeated request starts nothing.")] | None
    ) = None
    params: Values = {}


class RerunForm(Form):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)

    from_: Annotated[
        tuple[StepPath, ...],
        Field(
            alias="from",
            description="Steps to run again too, and all downstream. STEP/STEP is a step inside, STEP/17 an item.",
        ),
    ] = ()
    only: Annotated[tuple[StepPath, ...], Field(description="The only steps to run again, and all downstream.")] = ()
    all: Annotated[bool, Field(description="Run every step again.")] = False
    same_version: Annotated[bool, Field(description="Use the graph as it was, although it has changed.")] = False
    params: Annotated[Values, Field(description="Params with other values.")] = {}
    run_id: RunId | None = None
    token: Annotated[str, Field(description="The token of a plan: start just that, or nothing.")] | None = None


class IdsQuery(Form):
    limit: Annotated[int, Field(ge=1, le=MAX_IDS, description="How many ids are listed at most.")] = _USUAL


class ViewQuery(Form):
    outputs: Annotated[bool, Field(description="Whether to include the outputs of the steps.")] = False
    nodes: Annotated[Numbers, Field(description="Only these nodes of the plan.")] | None = None
    joins: Annotated[Numbers, Field(description="Only these joins of the plan.")] | None = None


class RunQuery(Form):
    outputs: Annotated[bool, Field(description="Whether to include the outputs of the steps.")] = False


class StoryQuery(Form):
    step: Annotated[StepName, Field(description="Only what happened to this step.")] | None = None


class NoQuery(Form):
    """Nothing."""
