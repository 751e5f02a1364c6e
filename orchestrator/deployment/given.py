"""The resources and members that Terraform's variables name: ``given.json`` in the source bucket, for doctor."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: The object's name.
GIVEN = "given.json"


@dataclass(frozen=True, slots=True)
class Given:
    """The values of these variables (terraform/variables*.tf). ``data_buckets``: name -> ``read`` or ``write``."""

    starters: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    template_buckets: tuple[str, ...] = ()
    data_buckets: Mapping[str, str] = field(default_factory=dict)
    image_repositories: tuple[str, ...] = ()
    notify_topics: tuple[str, ...] = ()

    def text(self) -> str:
        """As Terraform writes it."""
        return json.dumps(asdict(self))


#: No variable names anything.
NOTHING = Given()


def read_given(text: bytes) -> Given:
    """What Terraform wrote. Raises ValueError if it is something else."""
    said: Any = json.loads(text)
    try:
        return Given(
            tuple(map(str, said["starters"])),
            tuple(map(str, said.get("operators", ()))),  # absent in what a deployment without a console has written
            tuple(map(str, said.get("viewers", ()))),
            tuple(map(str, said["template_buckets"])),
            {str(bucket): str(may) for bucket, may in said["data_buckets"].items()},
            tuple(map(str, said["image_repositories"])),
            tuple(map(str, said.get("notify_topics", ()))),  # an older version wrote none
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{GIVEN}: expected what Terraform writes, got {text[:100]!r}") from error
