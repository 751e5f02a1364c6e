"""Texts of users, services and file names that a terminal would obey: titles, the clipboard, letters turned around."""

from pathlib import Path

from tests.e2e.command_line import Place

#: One of each kind: OSC (a title, the clipboard, a link), DCS, 8-bit C1, a reset, bidi overrides and isolates, a tag.
EVIL = (
    "\x1b]0;pwned\x07",
    "\x1b]52;c;cHduZWQ=\x1b\\",
    "\x1b]8;;https://evil.example\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x9d0;pwned\x9c",
    "\x9b2J",
    "\x1bc",
    "\x1b[2J\x1b[31m",
    "\u202egpj.exe",
    "\u2066x\u2069",
    "\U000e0041",
    "\x07\x00"[:1],
)

#: What must never come out, but for what the command line itself colours by, on a terminal.
ACTS = {letter for text in EVIL for letter in text if not letter.isprintable()} - {"\x1b"}

GRAPH = """
name: g
description: "{description}"
params: {{word: string}}
steps:
  told: {{command: 'printf "%s\\n" "$ORCHESTRATOR_PARAM_word"; exit 3'}}
  output: {{python: "steps:output", args: {{word: "{{{{ params.word }}}}"}}}}
  raises: {{python: "steps:raises", args: {{word: "{{{{ params.word }}}}"}}}}
  after: {{after: output, when: "{{{{ params.word == 'x' }}}}"}}
"""

STEPS = """
def output(word):
    return {"said": word}

def raises(word):
    raise ValueError(word)
"""


def attack(folder: Path) -> str:
    place, looked = Place(folder), 0
    word = " ".join(EVIL)
    place.write("g.yaml", GRAPH.format(description="a graph"))
    place.write("steps.py", STEPS)
    started = ("run", "g.yaml", "--param", f"word={word}")
    runs = [place(*started, "--run-id", "piped"), place.watch(*started, "--run-id", "seen")]
    name = f"no\u202elmay.{EVIL[0]}.yaml"
    place.write(name, "name: [")
    for said in (
        *runs,
        *(place.watch(*words) for words in _looks("seen")),
        *(place(*words) for words in (("status", "piped"), ("status", "piped", "--json"))),
        place.watch("validate", name),
        place("validate", name, "--json"),
        place.watch("run", "g.yaml", "--param", f"{word}=1"),
        place.watch("cancel", "seen", word),
    ):
        text = said.out + said.err
        assert not ACTS & set(text), (sorted(ACTS & set(text)), said)
        assert "\x1b]" not in text.replace("\x1b[", ""), said
        assert "\x1bP" not in text, said
        assert "\x1bc" not in text, said
        looked += 1
    for picture in ("x.svg", "x.mmd"):
        place("plot", "--run", "seen", "-o", picture)
        assert not (ACTS | {"\x1b"}) & set(place.read(picture)), picture
    return f"{len(EVIL)} codes in {looked} commands, most of them on a terminal, and in 2 pictures"


def _looks(run: str) -> tuple[tuple[str, ...], ...]:
    steps = ("told", "output", "raises", "after")
    return (
        ("status", run),
        *(("explain", run, step) for step in steps),
        ("logs", run, "told"),
        ("logs", run, "raises"),
    )
