"""What people order for a step while its run goes on, besides cancelling it, and have ordered. Frozen data."""

from dataclasses import dataclass, replace

#: How many acts of people a step remembers: the newest.
MAX_ACTS = 20


@dataclass(frozen=True, slots=True)
class Hold:
    """That somebody holds a step: when, who, and why. ``until``: when it is released by itself."""

    at: float
    by: str = ""
    why: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done to a step: what (``held``, ``released``), when, by whom, and why.

    Nobody did what happened by itself, as when the time of a hold is up.
    """

    what: str
    at: float
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """What people ordered for a step. A step that nobody touched has none.

    ``hold``: no attempt can be claimed while there is one. ``releases``: how many holds were released; a launch that is
    owed after one has a name of its own, because the one that was put before was refused, and its name is taken.
    ``released_at``: when the last of them was, since the epoch. ``acts``: the newest acts, the oldest of them first.
    """

    hold: Hold | None = None
    releases: int = 0
    released_at: float = 0.0
    acts: tuple[Act, ...] = ()

    def noted(self, act: Act) -> "Orders":
        """The same, and that ``act`` was done."""
        return replace(self, acts=(*self.acts, act)[-MAX_ACTS:])


NO_ORDERS = Orders()
