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
        known = self._named(request.name)
        if not known or self._clock() >= self.jobs[known[-1]].over:
            return super().launch(replace(request, name=f"{request.name}/{len(known) + 1}"))
        if found := self.find(request):
            return found
        raise AmbiguousLaunchError(f"{request.name} is taken, and no list has it yet")

    def find(self, request: JobRequest) -> Launched | None:
        """The oldest that a list shows, or the one that is recorded; beside it, those that go on."""
        listed = [name for name in self._named(request.name) if self._listed(name)]
        if not listed:
            return None
        stays = request.recorded or listed[0]
        beside = [name for name in listed if name != stays and self._clock() < self.jobs[name].over]
        over = self._clock() >= self.jobs[stays].over
        return replace(self._launched(self.jobs[stays]), over=over, beside=tuple(beside))

    def discard(self, job: str) -> None:
        """End a job that nobody wants."""
        if self._clock() < self.jobs[job].over:
            self.jobs[job].cancelled_at = self._clock()

    def _listed(self, name: str) -> bool:
        return self._clock() >= self.jobs[name].launched_at + self._unlisted

    def _named(self, name: str) -> list[str]:
        """All jobs of that name, the oldest first."""
        found: list[str] = []
        while (name_ := f"{name}/{len(found) + 1}") in self.jobs:
            found.append(name_)
        return found
