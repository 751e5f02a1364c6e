"""A home that cannot be written in, as it was left in order or by a crash, is looked at, and things are tried in it."""

import shutil
from pathlib import Path

from tests.e2e.command_line import Place
from tests.e2e.test_cli_read_only import GRAPH, locked, powerless, reopened

LOOKS = (
    ("status", "r", "--json"),
    ("runs",),
    ("explain", "r", "fails"),
    ("logs", "r", "fails", "--follow"),
)

DEEDS = (("run", "g.yaml"), ("run", "g.yaml", "--run-id", "r"), ("resume", "r"), ("cancel", "r"))


def attack(folder: Path) -> str:
    tried = 0
    for crash in ("", "with the index", "without the index"):
        place = Place(folder / (crash or "in order"))
        place.write("g.yaml", GRAPH)
        home = place.folder / ".orchestrator"
        (place.folder / ".git").mkdir()
        assert place("run", "g.yaml", "--run-id", "r").code == 1
        shutil.copytree(home, place.folder / "before")
        reopened(home)
        locked(home, crash)
        for words in LOOKS:
            said = powerless(place, *words)
            assert (said.code, said.err) == (0, ""), (crash, words, said)
            tried += 1
        for words in DEEDS if not crash else ():
            said = powerless(place, *words)
            assert (said.code, said.err.count("\n")) == (2, 1), (crash, words, said)
            assert f"{home} is read-only" in said.err, (crash, words, said)
            tried += 1
        for path in (home, *home.rglob("*")):
            path.chmod(0o700)
    return f"{tried} commands in three homes"
