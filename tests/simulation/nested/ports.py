"""The ports of a nested world: each call is a turn of its loop, and may fail or kill its caller."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.errors import OrchestratorError
from tests.simulation.loop import Crash

if TYPE_CHECKING:
    from tests.simulation.nested.world import World


class Shaky:
    """``inner``, any port, behind a bad connection. ``error``: what a call raises that fails."""

    def __init__(self, world: "World", inner: Any, error: type[OrchestratorError]) -> None:
        self._world, self._inner, self._error = world, inner, error

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._shaken(name, found) if callable(found) else found

    def _shaken(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        world = self._world

        def shaken(*args: Any, **kwargs: Any) -> Any:
            world.loop.pause(name, world.stands_still(name))
            fault = world.random.random() / world.force if world.force else 1.0
            if fault < 0.2:
                world.count(f"{name}: crash before")
                raise Crash
            if fault < 0.5:
                world.count(f"{name}: error before")
                raise self._error(f"{name} failed")
            result = call(*args, **kwargs)
            if fault < 0.7:
                world.count(f"{name}: crash after")
                raise Crash
            if fault < 1.0:
                world.count(f"{name}: error after")
                raise self._error(f"{name} was not answered")
            return result

        return shaken
