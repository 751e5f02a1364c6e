"""What people requested for a step of a running run, other than its cancellation: holds and releases. Frozen data."""

from dataclasses import dataclass, replace

#: How many acts a step's state keeps: the newest ones.
MAX_ACTS = 20

#: How many attempts of a step may have failed when somebody has it retried.
MAX_FORGIVEN = 100


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold of a step: since when, by whom, and why. ``until``: when it is released automatically."""

    at: float
    by: str = ""
    why: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One act on a step: what (``held``, ``released``, ``retried``, ``marked failed``…), when, by whom, and why.

    ``by`` is empty if it happened automatically, at the end of a hold.
    """

    what: str
    at: float
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a map, or of a run, that were set while it ran; None: as its graph says.

    ``version``: how many times they were set. ``max_parallel``: how many items, or attempts of the run, may be active
    at once. ``tolerate``: how many items may fail, or which share of them, such as ``5%``.
    """

    version: int = 0
    max_parallel: int | None = None
    tolerate: int | str | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """What people requested for a step. A step without any request has no ``Control``.

    That of the node at the end of the plan is what they requested for the run: its ``limits``.

    ``hold``: while there is one, no attempt can be claimed. ``releases``: how many times the step was released. A
    launch that is owed after a release needs a new name: the one before may have been refused, and its name is taken.
    ``released_at``: when it was last released, in seconds since the epoch. ``forgiven``: how many attempts had
    failed when somebody last retried the step; they no longer count. ``acts``: the newest acts, oldest first.
    """

    hold: Hold | None = None
    releases: int = 0
    released_at: float = 0.0
    forgiven: int = 0
    acts: tuple[Act, ...] = ()
    limits: Limits | None = None

    def noted(self, act: Act) -> "Control":
        """The same, with ``act`` added."""
        return replace(self, acts=(*self.acts, act)[-MAX_ACTS:])


NO_CONTROL = Control()
