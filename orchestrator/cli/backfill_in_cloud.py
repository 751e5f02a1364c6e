"""Runs a backfill in a deployment, with the user's identity, and shows how it goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.cli.deployed_console import deployed_console
from orchestrator.cli.deployed_start import complain_of
from orchestrator.cli.views.backfill import Board, View, view
from orchestrator.client.asking import Waiting
from orchestrator.client.start import Started, Wanted, plan_rerun, start, start_rerun
from orchestrator.core.steps import Json
from orchestrator.deployment import Deployment
from orchestrator.deployment.starting import Reach
from orchestrator.operations.backfill.in_cloud import LOOK, CloudBackfill
from orchestrator.operations.backfill.slots import Planned, Result, results
from orchestrator.operations.interrupt import interruptible
from orchestrator.ports import Reader


@dataclass(frozen=True, slots=True)
class Consoles:
    """A deployment. ``url`` and ``start_url``: of its console and of ``start``, if they are known."""

    deployment: Deployment
    url: str | None = None
    start_url: str | None = None

    @property
    def reader(self) -> Reader:
        return deployed_console(self.deployment, self.url).reader


@dataclass(frozen=True, slots=True)
class _Deployed:
    """The deployed ``graph``, started through the function ``start``."""

    reach: Reach
    graph: str

    def start(self, run_id: str, params: Mapping[str, Json]) -> None:
        wanted = Wanted(self.graph, run_id, params, made_up=False)

        def call(address: str, token: str | None, waiting: Waiting) -> Started:
            return start(address, wanted, token, waiting)

        self.reach.call("start", call)

    def rerun(self, run_id: str) -> str:
        """A rerun as it is planned now: if the answer is lost, the same plan is asked for, which starts once."""

        def call(address: str, token: str | None, waiting: Waiting) -> Started:
            body = {"rerun": {"of": run_id}}
            plan = plan_rerun(address, body, token, waiting)
            return start_rerun(address, {"rerun": {"of": run_id, "token": plan["token"]}}, token, waiting)

        return self.reach.call("start", call).run


class _Progress:
    def __init__(self, board: Board, shown: View) -> None:
        self._board, self._view = board, shown

    def say(self, text: str) -> None:
        self._view.say(text)
        self._view.tick()

    def ended(self, result: Result) -> None:
        self._board.results.append(result)
        self._view.ended(result)
        self._view.tick()


def go(
    consoles: Consoles, graph: tuple[str, str], plan: Sequence[Planned], at_once: int, silent: bool, look: float = LOOK
) -> tuple[Sequence[Result], bool]:
    """Start and follow the runs. ``graph``: its name, and what it is called where it is deployed.

    Returns the results, and whether it was interrupted. Then the runs that are open go on in the cloud.
    """
    board = Board(graph[0], len(plan), results(plan))
    reach = Reach(consoles.deployment, consoles.start_url, complain_of)
    with view(board, silent) as shown:
        working = CloudBackfill(
            consoles.reader, _Deployed(reach, graph[1]), plan, at_once, _Progress(board, shown), look
        )
        with interruptible(working.stop):
            working.go()
    return board.results, not working.done
