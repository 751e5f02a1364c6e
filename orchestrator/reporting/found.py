"""A run as it was found in a store, and what a user can do with it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.core.graph import Graph
from orchestrator.core.inner_graphs import whole
from orchestrator.core.kinds import only_in_cloud
from orchestrator.core.model import Run, View
from orchestrator.core.plan import Plan
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.home.store_url import StoreUrl

#: The status of a run that has not ended and that no process drives.
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a kept step was run: in the run of that id, as the step of that number."""

    run_id: str
    node: int


@dataclass(frozen=True, slots=True)
class Found:
    """A run as it was in the store. ``home``: None for a run in the cloud. ``url``: the store, if it was named.
    ``flag``: what to add to a command that is run here so that it finds the run.

    ``doubts``: contradictions in a run that has not ended. ``unreadable``: which of its records cannot be read.
    ``abandoned``: it has not ended, and no process drives it; a run in the cloud never is.
    ``logs``: the paths of the logs of steps that did not succeed, by step.
    ``origins``: of the steps that a rerun keeps, those that were run.
    ``newest_rerun``: the newest run that goes on where this one ended, and its status or ``interrupted``.
    ``inside``: of the steps that are runs and did not succeed, or not yet, or tolerated failures, these runs, by step.
    ``way``: of a run inside another, if it is known, the steps on the way to it: ``load/per-file``.
    ``again``: of a run inside a step that tolerated failures, what to add to the command that reruns the whole.
    """

    home: Home | None
    run: Run
    plan: Plan
    view: View
    url: StoreUrl | None = None
    flag: str = ""
    doubts: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    abandoned: bool = False
    logs: Mapping[int, str] = field(default_factory=dict)
    origins: Mapping[int, Origin] = field(default_factory=dict)
    newest_rerun: tuple[Run, str] | None = None
    inside: Mapping[int, "Found"] = field(default_factory=dict)
    way: str = ""
    again: str = ""

    @property
    def steps(self) -> list[int]:
        """The steps whose records can be read."""
        return [node for node in range(len(self.plan.steps)) if node not in self.view.unreadable]

    @property
    def graph(self) -> Graph:
        """The graph that the run was started with."""
        return Graph(self.plan.graph, self.plan.steps, fails_on=self.plan.fails_on)

    @property
    def word(self) -> str:
        """The run's status, or ``interrupted``."""
        return INTERRUPTED if self.abandoned else str(self.run.status)

    @property
    def called(self) -> str:
        """The run as commands name it: its id, or ``RUN/STEP``."""
        return f"{self.run.top}/{self.way}" if self.way else self.run.id

    @property
    def resume(self) -> str:
        """The command that continues the run."""
        return self.resume_of(self.run.top)

    def resume_of(self, run_id: str) -> str:
        """The same for another run of its family. Dataflow steps without a ``local`` block were faked."""
        cloud_only = any(step.local is None for step in only_in_cloud(whole(self.plan)))
        return f"orchestrator resume {run_id}{' --fake-dataflow' if cloud_only else ''}{self.flag}"

    @property
    def rerun(self) -> str:
        """The command that runs again what did not succeed, once the run has ended."""
        return self.rerun_of(self.run.top) + self.again

    def rerun_of(self, run_id: str) -> str:
        """The same for another run of its family."""
        if self.url is not None and self.url.flag:
            return f"orchestrator rerun {run_id}{self.url.flag}"
        if self.home is None and self.url is not None:
            return f"orchestrator rerun {run_id} --project {self.url.project} --region REGION{self._environment}"
        cloud_only = any(step.local is None for step in only_in_cloud(whole(self.plan)))
        return f"orchestrator rerun {run_id}{' --fake-dataflow' if cloud_only else ''}{self.flag}"

    @property
    def _environment(self) -> str:
        """The option that names the environment of a run in the cloud, as far as the name of its database tells."""
        named = self.url.database.removeprefix("orchestrator-") if self.url is not None else "prod"
        return f" --environment {named}" if named not in ("prod", "(default)") else ""

    def place(self, node: int) -> Origin:
        """The run whose files those of a step are."""
        return self.origins.get(node, Origin(self.run.id, node))

    @property
    def here(self) -> Home:
        """The home of a run on this machine. Raises UsageError for one in the cloud."""
        if self.home is None:
            raise UsageError(f"run '{self.run.id}' is in the cloud: it cannot be driven from here")
        return self.home
