"""``python -m tests.terraform WHAT``: deploy the examples to an imaginary Google, and show what that creates.

``inventory`` writes the lists of resources that the tests compare, and prints what each example costs if nothing runs.
``plan NAME`` and ``state NAME`` print ``terraform show -json`` of an example's plan, and of its state after an apply.
"""

import sys
import tempfile
from pathlib import Path

from tests.terraform.imaginary import google
from tests.terraform.rules import EXAMPLES, INVENTORY, floor


def inventory(folder: Path) -> None:
    for name in EXAMPLES:
        with google(folder / name) as there:
            deployed = there.apply(example=name)
        (INVENTORY / f"{name}.txt").write_text("\n".join(sorted(deployed.resources)) + "\n")
        print(f"{name:18} {len(deployed.resources):3} resources, {floor(deployed):.2f} USD a month if nothing runs")


def plan(folder: Path, name: str) -> None:
    with google(folder) as there:
        there.plan(example=name)
        print(there.run("show", "-json", str(folder / "clone.plan")))


def state(folder: Path, name: str) -> None:
    with google(folder) as there:
        there.apply(example=name)
        print(there.run("show", "-json"))


if __name__ == "__main__":
    what, *words = sys.argv[1:] or [""]
    known = {"inventory": inventory, "plan": plan, "state": state}
    if what not in known:
        sys.exit(f"expected one of {', '.join(known)}, got {what!r}")
    with tempfile.TemporaryDirectory() as temporary:
        known[what](Path(temporary), *words)
