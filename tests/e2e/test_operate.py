"""The night of docs/operate.md: each command is given at the time that the document says, and prints what it says."""

import re
import shlex
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.jobs.scripted import Script
from orchestrator.ports import JobRequest
from tests.e2e.command_line import ROOT
from tests.e2e.night import Night, failed

#: The document up to the end of the example.
DOCUMENT = "## ".join((ROOT / "docs/operate.md").read_text().split("\n## ")[:2])

ANN, BEN = "ann@example.com", "ben@example.com"

#: What the night's jobs fail with, and after how many seconds.
LATE = "FileNotFoundError: gs://states-raw/{}/2026-01-31/{}.csv"
FAILURES = {
    "ardenia.ingest": failed("user_code", LATE.format("ardenia", "people"), 300),
    "galdoria.quality": failed("user_code", "ValueError: quality.csv, line 8113: expected 14 columns, got 13", 1140),
    "lornia.forecast": failed("stockout", "ZONE_RESOURCE_POOL_EXHAUSTED", 60),
    "nordal.stock": failed("user_code", LATE.format("nordal", "stock"), 240),
    "rowena.capacity": failed("memory", "the worker ran out of memory", 1500),
}

#: How long the others take: minutes, and some seconds for each letter of their names.
MINUTES = {"ingest": 15, "export": 4, "": 20}

#: When the files of the late states have arrived.
ARRIVED = datetime(2026, 2, 1, 4, 15, tzinfo=UTC).timestamp()

#: When a colleague starts the run of an earlier day.
BACKFILL = datetime(2026, 2, 1, 4, 5, tzinfo=UTC).timestamp()


def job(request: JobRequest, now: float) -> Script:
    """How a job of the nights goes. One that needs more memory has it on a larger machine."""
    if request.run.params["date"] == "2026-01-31" and request.step in FAILURES:
        small = request.step == "rowena.capacity" and request.spec.get("machine_type") is None
        if now < ARRIVED or small:
            return FAILURES[request.step]
    return Script(60 * MINUTES.get(request.step.partition(".")[2], 25) + 37 * len(request.step))


@dataclass(frozen=True)
class Block:
    """A block of the document, at which time of 1 February it is."""

    at: float
    kind: str
    text: str

    @property
    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each command of a console, and the lines that it prints."""
        for part in self.text.removeprefix("$ ").split("\n$ "):
            command, *lines = part.rstrip().splitlines()
            yield command, lines


def blocks() -> Iterator[Block]:
    at = datetime(2026, 2, 1, tzinfo=UTC)
    for hour, minute, kind, text in re.findall(r"\*\*(\d\d):(\d\d)\.\*\*|```(\w*)\n(.*?)```", DOCUMENT, re.DOTALL):
        at = at.replace(hour=int(hour), minute=int(minute)) if hour else at
        if text:
            yield Block(at.timestamp(), kind, text)


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Night]:
    """A deployment with the graph ``states``, at the end of two good nights and of a bad one."""
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    ignored = shutil.ignore_patterns("__pycache__", "late.txt")
    shutil.copytree(ROOT / "graphs/states", tmp_path / "graphs/states", ignore=ignored)
    made = Night(tmp_path, monkeypatch, datetime(2026, 1, 30, 1, tzinfo=UTC).timestamp(), job)
    for day in ("29", "30", "31"):
        made.start(f"states-2026-01-{day}", date=f"2026-01-{day}")
        made.until(made.now + (86_400.0 if day != "31" else 10_000.0))
    yield made
    made.close()
    monkeypatch.undo()
    time.tzset()


def test_the_night_goes_as_it_is_told(night: Night, tmp_path: Path) -> None:
    """A line of the document with nothing but an ellipsis stands for lines that it leaves out."""
    for block in blocks():
        if night.now < BACKFILL <= block.at:
            night.until(BACKFILL)
            assert night(BEN, "start", "states", "--run-id", "states-2026-01-03", "-p", "date=2026-01-03").code == 0
        night.until(block.at)
        match block.kind:
            case "text":
                assert block.text == f"{night.sent[-1]['data']['text']}\n"
            case "diff":
                mend(tmp_path / "graphs/states/graph.py", block.text)
            case "console":
                for command, told in block.commands:
                    program, *words = shlex.split(command)
                    assert program == "orchestrator"
                    said = night(ANN, *words)
                    assert as_told([*said.err.splitlines(), *said.out.splitlines()], told) == told, command
    assert night.dataflow.most == 20


def mend(file: Path, diff: str) -> None:
    """Apply the lines of a diff."""
    before, after = ([line[1:] for line in diff.splitlines() if line.startswith(sign)] for sign in "-+")
    text = file.read_text()
    assert text.count("\n".join(before)) == 1
    file.write_text(text.replace("\n".join(before), "\n".join(after)))


def as_told(said: list[str], told: list[str]) -> list[str]:
    """``said``, in which an ellipsis takes the place of the lines for which one stands in ``told``."""
    found, left = list[str](), [line.rstrip() for line in said]
    for number, line in enumerate(told):
        if line != "…":
            found.append(left.pop(0) if left else "")
            continue
        following = told[number + 1] if number + 1 < len(told) else None
        while left and left[0] != following:
            left.pop(0)
        found.append(line)
    return found + left
