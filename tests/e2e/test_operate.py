"""The night of docs/operate.md: each command is run, and prints what the document says."""

import re
import shlex
from collections.abc import Iterator

from tests.e2e.command_line import ROOT, Place, steady

#: The document up to the end of the example.
DOCUMENT = "## ".join((ROOT / "docs/operate.md").read_text().split("\n## ")[:2])


def console() -> Iterator[tuple[str, list[str]]]:
    """Each command of the document's console, and the lines that it prints."""
    for block in re.findall(r"```console\n(.*?)```", DOCUMENT, re.DOTALL):
        for part in block.removeprefix("$ ").split("\n$ "):
            command, *lines = part.rstrip().splitlines()
            yield command, lines


def test_the_night_goes_as_it_is_told(place: Place) -> None:
    """Steps that run side by side may end in another order; times and durations are others."""
    (graph,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    place.write("nightly.yaml", graph)
    for command, told in console():
        program, *words = shlex.split(command)
        if program == "echo":
            (text, arrow, name) = words
            assert arrow == ">"
            place.write(name, f"{text}\n")
            continue
        assert program == "orchestrator"
        said = place(*words)
        assert said.err == ""
        assert sorted(map(steady, said.out.splitlines())) == sorted(map(steady, told)), command
