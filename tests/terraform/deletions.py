"""``python -m tests.terraform.deletions``: delete one thing from the Terraform at a time, and show that a check fails.

Every resource, every row of a table of grants, every environment variable and every API is deleted on its own. The rest
is applied to an imaginary Google, and Terraform or a rule must report a problem. Words after the command select some.
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.terraform.imaginary import ROOT, RefusedError, google
from tests.terraform.rules import RULES

#: Tables in ``locals`` whose rows are deleted one by one.
TABLES = (
    *("actors", "alerts", "callers", "enqueuers", "environment", "in_database"),
    *("in_project", "on_buckets", "queues", "roles", "services", "told", "unindexed"),
)

#: The examples that are deployed without it until a check fails: nearly everything, a schedule, events only.
TRIED = ("prod", "scheduled", "eventarc")

_ROW = re.compile(r'\s+(?:("[^"]+"|\w+) += |\{ for |local\.\w+ \? \{ ("[^"]+"))')


@dataclass(frozen=True, slots=True)
class Deletion:
    """A piece of a file, from one offset to another, that a complete deployment needs."""

    file: str
    start: int
    end: int
    what: str


def deletions() -> Iterator[Deletion]:
    """All deletions, which are tried one at a time."""
    for path in sorted((ROOT / "terraform").glob("*.tf")):
        text = path.read_text()
        for found in re.finditer(r'^resource "(\w+)" "(\w+)" \{', text, re.MULTILINE):
            yield Deletion(path.name, found.start(), _closed(text, found.end()), f"{found[1]}.{found[2]}")
        for found in re.finditer(r"^  (\w+) += .*[({]$", text, re.MULTILINE):
            if found[1] in TABLES:
                yield from _rows(path.name, text, found)
        for found in re.finditer(r"^      (ORCHESTRATOR_VERIFY_\w+) .*\n", text, re.MULTILINE):
            yield Deletion(path.name, found.start(), found.end(), f"environment: {found[1]}")


def _rows(file: str, text: str, table: re.Match[str]) -> Iterator[Deletion]:
    """The rows of a table, each on one line or several; or the words of a list of words."""
    at, end = table.end() + 1, _closed(text, table.end())
    while at < end:
        line = text[at : text.index("\n", at)]
        after = at + len(line) + 1
        if re.fullmatch(r'\s+(?:"\w+",? ?)+', line):
            for word in re.finditer(r'"(\w+)",? ?', line):
                yield Deletion(file, at + word.start(), at + word.end(), f"{table[1]}: {word[1]}")
        elif row := _ROW.match(line):
            opened = re.search(r"[({\[]$", line)
            last = _closed(text, at + opened.end()) + 1 if opened else after
            yield Deletion(file, at, last, f"{table[1]}: {row[1] or row[2] or re.sub(r'.*=> ', '', line).strip()}")
            after = last
        at = after


def _closed(text: str, at: int) -> int:
    """The offset after the bracket that closes the one just before ``at``."""
    depth = 1
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|#.*|[({\[]|[)}\]]', text[at:]):
        depth += (found[0] in "({[") - (found[0] in ")}]")
        if not depth:
            return at + found.end()
    raise ValueError(f"a bracket is never closed: {text[at - 40 : at]}")


def noticed(deletion: Deletion) -> str:
    """Which check failed, and its message; empty if none did."""
    for name in TRIED:
        with tempfile.TemporaryDirectory() as folder, google(Path(folder)) as there:
            file = there.clone() / "terraform" / deletion.file
            text = file.read_text()
            file.write_text(text[: deletion.start] + text[deletion.end :])
            try:
                deployed = there.apply(example=name)
            except RefusedError as error:
                return f"terraform: {error}"
        for rule in RULES:
            for said in rule(name, deployed):
                return f"{rule.__name__}: {said}"
    return ""


def main(words: Sequence[str]) -> int:
    """Try all deletions, or those that contain one of the words. Returns 1 if one of them went unnoticed."""
    chosen = [one for one in deletions() if not words or any(word in f"{one.file} {one.what}" for word in words)]
    unnoticed = 0
    for deletion in chosen:
        said = noticed(deletion)
        unnoticed += not said
        sign = "ok  " if said else "FAIL"
        print(f"{sign} {deletion.file}: {deletion.what} -> {said[:120] or 'nobody noticed'}", flush=True)
    print(f"{len(chosen) - unnoticed} passed, {unnoticed} failed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
