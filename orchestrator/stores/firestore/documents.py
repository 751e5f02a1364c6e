"""Converts states, counters and runs to documents in Firestore, and back. Pure.

States and runs are JSON texts, because Firestore does not store lists of lists, and would index every key of a step's
outputs. Next to the text are the few fields that people and queries need, and the schema, which says who may read it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.core import codec
from orchestrator.core.model import Counter, Run, RunStatus, StepState, Transition
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Tally
from orchestrator.errors import UnreadableRecordError, UnstorableError
from orchestrator.stores.plans import pack, unpack
from orchestrator.stores.records import checked, made

#: The most bytes of a run's text when it starts. Firestore allows 1,048,487 in a field, and the run's end adds some.
MAX_RUN = 1_000_000

Fields = Mapping[str, Any]

#: The fields of a counter, sorted by name: the response to a commit has their new values in this order.
COUNTED = ("arrived", "failed", "skipped", "succeeded", "upstream_failed")

#: The most bytes of a plan in one document. Firestore allows 1,048,487 in a field; a commit stays far below 3 MiB.
_PART = 1_000_000


def of_state(state: StepState) -> dict[str, Any]:
    """The document of a step."""
    return {
        "schema": codec.schema_of(state),
        "status": str(state.status),
        "state": _text(codec.state_to_json(state)),
    }


def to_state(path: str, fields: Fields) -> StepState:
    """The state in a step's document. Raises UnreadableRecordError."""
    checked(path, fields.get("schema"))
    return made(path, lambda: codec.state_from_json(json.loads(fields["state"])))


def check_run(run: Run) -> None:
    """Raises UnstorableError if a new run, with its params, is too large for a document."""
    if (size := len(_text(codec.run_to_json(run)))) > MAX_RUN:
        raise UnstorableError(
            f"run '{run.id}' takes {size:,} bytes of JSON with its params, and Firestore keeps at most {MAX_RUN:,}: "
            "put large data into Cloud Storage, and give its path as a param"
        )


def of_run(run: Run) -> dict[str, Any]:
    """The document of a run. That of another run's step has none of the fields by which lists are made, but for
    ``status`` while it runs: sweeps need that.
    """
    if run.parent is not None:
        running = {"status": str(run.status)} if run.status is RunStatus.RUNNING else {"status": f"inner {run.status}"}
        return {
            "schema": codec.schema_of(run),
            "id": run.id,
            "root": run.root,
            **running,
            "run": _text(codec.run_to_json(run)),
        }
    return {
        "schema": codec.schema_of(run),
        "id": run.id,
        "graph": run.graph,
        "status": str(run.status),
        "started_at": run.started_at,
        "run": _text(codec.run_to_json(run)),
    }


def to_run(path: str, fields: Fields) -> Run:
    """The run in its document. Raises UnreadableRecordError."""
    checked(path, fields.get("schema"))
    return made(path, lambda: codec.run_from_json(json.loads(fields["run"])))


def of_arrival(transition: Transition) -> dict[str, int]:
    """What a transition adds to each field of a counter. Zeros are sent too, so that the response has all fields."""
    adds = transition.adds
    return {
        "arrived": transition.arrived,
        "failed": adds.failed,
        "skipped": adds.skipped,
        "succeeded": adds.succeeded,
        "upstream_failed": adds.upstream_failed,
    }


def to_counter(values: Mapping[str, int]) -> Counter:
    """The counter with these fields."""
    ended = Tally(values["succeeded"], values["failed"], values["upstream_failed"], values["skipped"])
    return Counter(values["arrived"], ended)


def read_counter(path: str, fields: Fields) -> Counter:
    """The counter in its document. Raises UnreadableRecordError, also if a field is missing."""
    checked(path, fields.get("schema"))
    if wrong := [name for name in COUNTED if type(fields.get(name)) is not int or fields[name] < 0]:
        raise UnreadableRecordError(path, f"expected whole numbers in {', '.join(wrong)}")
    return to_counter(fields)


def of_plan(plan: Plan) -> Sequence[bytes]:
    """A compressed plan, in parts that each fit into a document. A plan of 13,000 steps takes 0.5 MB: one part."""
    packed = pack(plan)
    return [packed[start : start + _PART] for start in range(0, len(packed), _PART)]


def to_plan(path: str, parts: Iterable[bytes]) -> Plan:
    """The plan that ``parts`` make up. Raises UnreadableRecordError."""
    return unpack(path, b"".join(parts))


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))
