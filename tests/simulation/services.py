"""A job service whose names are unique among *active* jobs alone, as Dataflow's are; behind a correct adapter."""

from collections.abc import Callable
from dataclasses import replace

from orchestrator.errors import AmbiguousLaunchError
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import Clock, JobRequest, Launched


class ActiveNames(ScriptedBackend):
    """The launch of an active name is refused by the service, and the adapter finds and adopts the job that has it.

    A finished job's name may be launched again: nothing here prevents a second job of one attempt. For ``unlisted``
    seconds after its launch, a job is in no list.
    """

    def __init__(self, write: Callable[[JobRequest], Script], clock: Clock, unlisted: float) -> None:
        super().__init__(write, clock)
        self._unlisted = unlisted

    def launch(self, request: JobRequest) -> Launched:
        newest = self.jobs.get(f"{request.name}/{self._count(request.name)}")
        if newest is None or self._clock() >= newest.end:
            return super().launch(replace(request, name=f"{request.name}/{self._count(request.name) + 1}"))
        if found := self.find(request):
            return found
        raise AmbiguousLaunchError(f"{request.name} is taken, and no list has it yet")

    def find(self, request: JobRequest) -> Launched | None:
        for number in range(self._count(request.name), 0, -1):
            name = f"{request.name}/{number}"
            if self._clock() >= self.jobs[name].launched_at + self._unlisted:
                return super().find(replace(request, name=name))
        return None

    def _count(self, name: str) -> int:
        count = 0
        while f"{name}/{count + 1}" in self.jobs:
            count += 1
        return count
