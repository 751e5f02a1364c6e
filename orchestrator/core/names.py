"""Names of runs, steps and jobs. A job's name contains the run's key, the step's number and the attempt.

So a signal, which contains only the job's name, says which attempt it is about.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache

KEY_LENGTH = 10

#: Dataflow allows 1,024 characters, but also passes the name to Compute Engine, which allows 63.
JOB_NAME_LENGTH = 63

#: The prefix of a job's name, which tells several orchestrators in one project apart, and its maximum length. Prefix
#: and label are words joined by single hyphens, so ``--`` occurs only between the parts of a name.
JOB_PREFIX = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
JOB_PREFIX_LENGTH = 20

#: Characters that a label may contain but a job's name may not.
_OTHERS = re.compile(r"[^a-z0-9]+")


#: Valid run ids and step names. They are also names of folders, so they are safe as such on any system.
RUN_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
STEP_NAME = r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$"


#: A step, or one inside it: ``load/count``; of a mapped step, an item's number is enough: ``per-file/17``.
STEP_PATH = rf"{STEP_NAME[:-1]}(/[A-Za-z0-9][A-Za-z0-9_.-]{{0,99}}){{0,9}}$"

#: What the key of a run looks like.
KEY = rf"^[a-z2-7]{{{KEY_LENGTH}}}$"


@dataclass(frozen=True, slots=True)
class JobRef:
    """Which attempt a job is: the run's key, the node's number, the attempt."""

    run: str
    node: int
    attempt: int

    @property
    def text(self) -> str:
        """As a job's name ends with it: ``k3v9x2qaw7-1f-2``."""
        return f"{self.run}-{self.node:x}-{self.attempt}"


def new_key(noise: bytes) -> str:
    """The key of a new run: ten letters and digits made of the first 50 bits of ``noise``, which must be random.

    Unlike ids, keys are never used again, so nothing of an earlier run with the same id is taken for this run's.
    """
    return base64.b32encode(noise[:7]).decode().lower()[:KEY_LENGTH]


def run_key(run_id: str) -> str:
    """A key computed from a run's id, for where a key is needed. It was the key of runs of older versions (ADR 14)."""
    return new_key(hashlib.sha256(run_id.encode()).digest())


def job_name(label: str, ref: JobRef, prefix: str = "") -> str:
    """``orc-dev--orders--k3v9x2qaw7-1f-2``: valid for Dataflow, at most 63 characters, never ambiguous.

    ``label`` is for people: a step's name or its ``job_name``; it is cleaned and shortened as needed. ``prefix`` is
    empty or matches ``JOB_PREFIX``.
    """
    head = f"{prefix}--" if prefix else ""
    tail = f"--{ref.run}-{ref.node:x}-{ref.attempt}"
    return head + clean(label)[: JOB_NAME_LENGTH - len(head) - len(tail)].rstrip("-") + tail


def clean(label: str) -> str:
    """``label`` as a part of a job's name: lowercase letters and digits, joined by single hyphens, a letter first."""
    found = _OTHERS.sub("-", label.lower()).strip("-")
    return found if found[:1].isalpha() else f"step-{found}".rstrip("-")


def parse_job_name(name: str, prefix: str = "") -> JobRef | None:
    """The attempt that the job called ``name`` belongs to; None if the name was not made with this ``prefix``."""
    if len(name) > JOB_NAME_LENGTH or not _pattern(prefix).fullmatch(name):
        return None
    _, run, node, attempt = name.rsplit("-", 3)
    return JobRef(run, int(node, 16), int(attempt))


def ref_in(name: str) -> JobRef:
    """The attempt that ``JobRef.text``, which ``name`` ends with, stands for. Raises ValueError if it does not."""
    run, node, attempt = name.rsplit("-", 3)[-3:]
    return JobRef(run, int(node, 16), int(attempt))


def job_name_pattern(prefix: str = "") -> str:
    """A pattern that matches exactly the job names with this ``prefix``, valid for ``re`` and for a log sink (RE2)."""
    head = f"{prefix}--[a-z][-a-z0-9]*" if prefix else JOB_PREFIX  # no ``--`` in it, or any prefix would match
    return f"^{head}--[a-z2-7]{{{KEY_LENGTH}}}-[0-9a-f]+-[1-9][0-9]*$"


@cache
def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(job_name_pattern(prefix))
