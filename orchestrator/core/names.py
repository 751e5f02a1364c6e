"""Names that carry what a signal must know: the run's key, the step's number and the attempt are in the job's name."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache

KEY_LENGTH = 10

#: Dataflow takes 1,024 characters, Compute Engine, which gets the name too, 63.
JOB_NAME_LENGTH = 63

#: What a job's name may begin with, to tell several orchestrators in one project apart; at most so many characters.
#: A label looks the same: words joined by single hyphens, so ``--`` stands between the parts of a name, nowhere else.
JOB_PREFIX = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
JOB_PREFIX_LENGTH = 20

#: What a label has that a name may not have.
_OTHERS = re.compile(r"[^a-z0-9]+")


#: What runs and steps may be called: folders are called so too, on any system, and none of these leads elsewhere.
RUN_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
STEP_NAME = r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$"


@dataclass(frozen=True, slots=True)
class JobRef:
    """Which attempt a job is: the run's key, the node's number, the attempt."""

    run: str
    node: int
    attempt: int


def new_key(noise: bytes) -> str:
    """The key of a new run: ten letters and digits, the first 50 bits of ``noise``, of which no two runs may have the
    same. Nothing that is called by it can be taken for that of another run, nor of an earlier one with its id.
    """
    return base64.b32encode(noise[:7]).decode().lower()[:KEY_LENGTH]


def run_key(run_id: str) -> str:
    """What stands for a run id where it must be a key: anyone can compute it. Runs of old had no other key (ADR 14)."""
    return new_key(hashlib.sha256(run_id.encode()).digest())


def job_name(label: str, ref: JobRef, prefix: str = "") -> str:
    """``orc-dev--orders--k3v9x2qaw7-1f-2``: valid for Dataflow, at most 63 characters, never ambiguous.

    ``label`` is for people: a step's name or a ``job_name``, cut and cleaned as far as needed. ``prefix`` is empty, or
    fits ``JOB_PREFIX``.
    """
    head = f"{prefix}--" if prefix else ""
    tail = f"--{ref.run}-{ref.node:x}-{ref.attempt}"
    return head + clean(label)[: JOB_NAME_LENGTH - len(head) - len(tail)].rstrip("-") + tail


def clean(label: str) -> str:
    """``label`` as a part of a job's name: small letters and digits, joined by single hyphens, a letter first."""
    found = _OTHERS.sub("-", label.lower()).strip("-")
    return found if found[:1].isalpha() else f"step-{found}".rstrip("-")


def parse_job_name(name: str, prefix: str = "") -> JobRef | None:
    """The attempt that ``name`` belongs to; None if the job is none of those that are named with this ``prefix``."""
    if len(name) > JOB_NAME_LENGTH or not _pattern(prefix).fullmatch(name):
        return None
    _, run, node, attempt = name.rsplit("-", 3)
    return JobRef(run, int(node, 16), int(attempt))


def job_name_pattern(prefix: str = "") -> str:
    """What names with this ``prefix`` match, and none with another: RE2, for a log sink's filter as for ``re``."""
    head = f"{prefix}--[a-z][-a-z0-9]*" if prefix else JOB_PREFIX  # without one, ``--`` would let in all prefixes
    return f"^{head}--[a-z2-7]{{{KEY_LENGTH}}}-[0-9a-f]+-[1-9][0-9]*$"


@cache
def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(job_name_pattern(prefix))
