"""Names that carry what a signal must know: the run's key, the step's number and the attempt are in the job's name."""

import base64
import hashlib
import re
from dataclasses import dataclass

KEY_LENGTH = 10

#: Dataflow takes 1,024 characters, Compute Engine, which gets the name too, 63.
JOB_NAME_LENGTH = 63

_JOB = re.compile(rf"^[a-z][-a-z0-9]*--([a-z2-7]{{{KEY_LENGTH}}})-([0-9a-f]+)-([1-9][0-9]*)$")


@dataclass(frozen=True, slots=True)
class JobRef:
    """Which attempt a job is: the run's key, the node's number, the attempt."""

    run: str
    node: int
    attempt: int


def run_key(run_id: str) -> str:
    """A run's key: ten letters and digits (50 bits) hashed from its id, so anyone can compute it."""
    digest = hashlib.sha256(run_id.encode()).digest()
    return base64.b32encode(digest[:7]).decode().lower()[:KEY_LENGTH]


def job_name(label: str, ref: JobRef) -> str:
    """``orders--k3v9x2qaw7-1f-2``: valid for Dataflow, at most 63 characters, never ambiguous.

    ``label`` is for people: a step's name or a ``job_name``, cut and cleaned as far as needed.
    """
    tail = f"--{ref.run}-{ref.node:x}-{ref.attempt}"
    clean = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    if not clean[:1].isalpha():
        clean = f"step-{clean}".rstrip("-")
    return clean[: JOB_NAME_LENGTH - len(tail)].rstrip("-") + tail


def parse_job_name(name: str) -> JobRef | None:
    """The attempt that ``name`` belongs to; None if the job is none of ours."""
    match = _JOB.match(name)
    return JobRef(match[1], int(match[2], 16), int(match[3])) if match else None
