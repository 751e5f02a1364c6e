"""``python -m tests.terraform.variables``: write docs/variables.md, the tables of Terraform's variables.

It relies on the format that ``terraform fmt`` keeps: a block ends with the first ``}`` at the beginning of a line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "variables.md"
FILES = sorted(ROOT.glob("terraform/variables*.tf"), key=lambda path: path.stem)

_BLOCK = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.DOTALL | re.MULTILINE)

_HEAD = """# Terraform variables

Only `project` and `region` are required. [deploy.md](deploy.md) explains how to set variables, and
[`terraform/examples`](../terraform/examples) has a file for each common case. `make variables`
writes this page, and a test compares it with the Terraform.
"""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable, as in its block. ``default`` is None if the variable is required."""

    name: str
    type: str
    default: str | None
    description: str

    @property
    def row(self) -> str:
        default = "required" if self.default is None else f"`{self.default}`"
        return f"| `{self.name}` | `{self.type}` | {default} | {self.description} |"


def variables(text: str) -> Iterator[Variable]:
    """The variables of a file, in its order."""
    for name, block in _BLOCK.findall(text):
        said = {key: _value(block, key) for key in ("type", "default", "description")}
        description = (said["description"] or "")[1:-1].replace('\\"', '"')
        yield Variable(name, said["type"] or "any", said["default"], description)


def _value(block: str, key: str) -> str | None:
    """The value of ``key``, joined to one line; None if the block has no such key."""
    found = re.search(rf"^  {key} += (.*?(?:\n  [}}\])]+)?)$(?=\n  \w|\n\n|\n\Z)", block, re.DOTALL | re.MULTILINE)
    if found is None:
        return None
    joined = re.sub(r"(?<=[^({[,])\n(?= {4})", ",\n", found[1])
    return re.sub(r"\s+", " ", joined)


def page() -> str:
    """The page as it should be: a table for each file."""
    return _HEAD + "".join(map(_section, FILES))


def _section(path: Path) -> str:
    title = path.stem.removeprefix("variables").removeprefix("-").capitalize() or "Deployment"
    rows = "".join(f"{variable.row}\n" for variable in variables(path.read_text(encoding="utf-8")))
    return f"\n## {title}\n\n| variable | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
