"""The kinds of jobs that a step can run, and what the rest of the program has to know about each.

No code compares the name of a kind to decide what to do; it uses the fields here. How a kind is written in a graph
file is in ``definition/kinds.py``; its backend is in ``jobs/``.
"""

from dataclasses import dataclass

from orchestrator.core.steps import NO_JOB, Step, Work


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job. ``key``: its name in plans and, except for the kind without a job, its key in the graph file."""

    key: str
    #: The deployed functions can run it.
    in_cloud: bool = True
    #: One machine can run it. If not, its step needs a ``local`` block there, or ``--fake-dataflow``.
    on_machine: bool = True
    #: It can be the ``local`` block of a step that one machine cannot run.
    stand_in: bool = False
    #: Its launches wait for a slot. If not, it uses no resource, and no limit on launches holds it back.
    launch_slot: bool = True
    #: The graph's default timeout applies to it. If not, it takes as long as its step says.
    default_timeout: bool = True
    #: It is a function that is called in a thread, which nothing can stop, of the process that launches it.
    in_thread: bool = False
    #: Every attempt on one machine has a log file, even an empty one.
    always_logs: bool = False
    #: The pool of its steps that name no other, where there is one of this name.
    pool: str | None = None
    #: The key of its spec that names a user's function, if one may be called in the cloud.
    cloud_function: str | None = None
    #: Its job is a run of its own, in the same store.
    runs: bool = False
    #: That run has a step for each item of a list.
    maps: bool = False

    @property
    def cloud_only(self) -> bool:
        """Whether it runs as a job of a Google service, and nowhere else."""
        return self.in_cloud and not self.on_machine


DATAFLOW = Kind("dataflow", on_machine=False, pool="dataflow", cloud_function="parameters_from")
COMMAND = Kind("command", in_cloud=False, stand_in=True, always_logs=True)
PYTHON = Kind("python", in_cloud=False, stand_in=True, in_thread=True)
WAIT = Kind("wait", stand_in=True, launch_slot=False, default_timeout=False)
CALL = Kind("call", in_thread=True, cloud_function="function")
GRAPH = Kind("graph", launch_slot=False, default_timeout=False, runs=True)

#: A step that does something for each item of a list. It is not written as a kind, but as the key ``map`` of a step.
MAP = Kind("map", launch_slot=False, default_timeout=False, runs=True, maps=True)

#: All kinds that a step can name, in the order in which messages list them.
KINDS = (DATAFLOW, COMMAND, PYTHON, WAIT, CALL, GRAPH)

#: A step without a kind: it has no job and ends at once.
NONE = Kind(NO_JOB, launch_slot=False)

_BY_KEY = {kind.key: kind for kind in (*KINDS, MAP, NONE)}


def kind_of(work: Work) -> Kind:
    """The kind of ``work``. A kind that this version does not know has the default properties, and no backend."""
    return _BY_KEY.get(work.kind) or Kind(work.kind)


def in_thread(work: Work) -> bool:
    """Whether nothing can stop it, and it ends with its process: a function that has no process of its own."""
    return kind_of(work).in_thread and not work.spec.get("isolated")


def only_on_machine(steps: tuple[Step, ...]) -> list[Step]:
    """The steps whose work cannot run in the cloud. Their ``local`` blocks do not count."""
    return [step for step in steps if not kind_of(step.work).in_cloud]


def only_in_cloud(steps: tuple[Step, ...]) -> list[Step]:
    """The steps that are jobs of a Google service."""
    return [step for step in steps if kind_of(step.work).cloud_only]
