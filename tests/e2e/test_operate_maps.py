"""The items of a map in docs/operate.md: each command is run, and prints what the document says."""

import re
import shlex

from tests.e2e.command_line import ROOT, Place, steady

(SECTION,) = re.findall(r"## Items of a map\n(.*?)\n## ", (ROOT / "docs/operate.md").read_text(), re.DOTALL)


def test_failed_items_are_told_by_cause_tolerated_and_done_again_alone(place: Place) -> None:
    """Items that are done side by side may end in another order; times, durations and random keys are others."""
    (graph,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
    for name, text in (("files.yaml", graph), ("berlin.csv", "1\n"), ("oslo.csv", "1\n"), ("lima.csv.part", "")):
        place.write(name, text)
    for block in re.findall(r"```console\n(.*?)```", SECTION, re.DOTALL):
        for part in block.removeprefix("$ ").split("\n$ "):
            command, *told = part.rstrip().splitlines()
            program, *words = shlex.split(command)
            if program == "echo":
                text, _, name = words
                place.write(name, f"{text}\n")
                continue
            said = place(*words)
            assert sorted(map(_steady, said.out.splitlines())) == sorted(map(_steady, told)), command


def _steady(line: str) -> str:
    """The line without what differs between two runs: times, and the random part of an inner run's key."""
    return steady(re.sub(r"(?<=/per-file--)[a-z0-9]{10}(?=-0-1/)", "KEY", line))
