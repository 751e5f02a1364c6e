"""The params of a graph. Frozen data; definition/params.py reads the values that a run is given."""

from dataclasses import dataclass

from orchestrator.core.steps import Json


@dataclass(frozen=True, slots=True)
class Param:
    """A typed parameter of a run. ``required``: it has no default.

    ``pattern``: a regular expression that must match the whole text, or each whole item of a list; may be empty.
    """

    name: str
    type: str = "string"
    default: Json = None
    required: bool = False
    values: tuple[str, ...] = ()
    description: str = ""
    pattern: str = ""
