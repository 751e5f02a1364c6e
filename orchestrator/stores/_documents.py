"""What the documents in Firestore look like, and back. Calls nothing.

States and runs are JSON texts: Firestore knows no list in a list, and would index every key of a step's outputs.
Beside the text stand the few fields that a person or a query looks for.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.core import codec
from orchestrator.core.model import Counter, Run, StepState
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Tally
from orchestrator.errors import UnstorableError

#: The bytes of a run's text as it starts. What Firestore takes in a field is 1,048,487, and a run's end adds to it.
MOST_RUN = 1_000_000

Fields = Mapping[str, Any]

#: The fields of a counter in the order of their names, in which the answer of a commit gives their new values.
COUNTED = ("arrived", "failed", "skipped", "succeeded", "upstream_failed")

#: The bytes of a plan in one document. Firestore takes 1,048,487 in a field; a commit stays far below 3 MiB.
_PART = 1_000_000


def of_state(state: StepState) -> dict[str, str]:
    """The document of a step."""
    return {"status": str(state.status), "state": _text(codec.state_to_json(state))}


def to_state(fields: Fields) -> StepState:
    """The state in a step's document."""
    return codec.state_from_json(json.loads(fields["state"]))


def check_run(run: Run) -> None:
    """Raises UnstorableError if a run that is to start is larger than a document can be. Its params may make it so."""
    if (size := len(_text(codec.run_to_json(run)))) > MOST_RUN:
        raise UnstorableError(
            f"run '{run.id}' takes {size:,} bytes of JSON with its params, and Firestore keeps at most {MOST_RUN:,}: "
            "put large data into Cloud Storage, and give its path as a param"
        )


def of_run(run: Run) -> dict[str, Any]:
    """The document of a run."""
    return {
        "id": run.id,
        "graph": run.graph,
        "status": str(run.status),
        "started_at": run.started_at,
        "run": _text(codec.run_to_json(run)),
    }


def to_run(fields: Fields) -> Run:
    """The run in its document."""
    return codec.run_from_json(json.loads(fields["run"]))


def of_arrival(adds: Tally) -> dict[str, int]:
    """What an arrival adds to each field of a counter. The zeros are sent too, so that the answer tells all fields."""
    return {
        "arrived": 1,
        "failed": adds.failed,
        "skipped": adds.skipped,
        "succeeded": adds.succeeded,
        "upstream_failed": adds.upstream_failed,
    }


def to_counter(values: Mapping[str, int]) -> Counter:
    """The counter in its document."""
    ended = Tally(values["succeeded"], values["failed"], values["upstream_failed"], values["skipped"])
    return Counter(values["arrived"], ended)


def of_plan(plan: Plan) -> Sequence[bytes]:
    """A plan, packed, in parts that fit a document each. 13,000 steps are 0.5 MB: one part."""
    packed = zlib.compress(_text(codec.plan_to_json(plan)).encode())
    return [packed[start : start + _PART] for start in range(0, len(packed), _PART)]


def to_plan(parts: Iterable[bytes]) -> Plan:
    """The plan in its parts."""
    return codec.plan_from_json(json.loads(zlib.decompress(b"".join(parts))))


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))
