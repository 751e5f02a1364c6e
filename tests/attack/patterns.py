"""Params that an author gave a pattern which Python's own engine would hold against a text for ever."""

import time
from pathlib import Path

from tests.attack._deployed import deployed

PATTERNS = ("([a-z0-9]+-?)+", "(a|ab)*c", ".*.*.*=", "(a?){40}a{40}!", r"(\\w*\\s?)*:", "([a-z]{1,50}-?){1,50}")
HOSTILE = ("a" * 100_000 + "!", "a" * 99_999 + "!", "a-" * 49_999 + "?", "a" * 39, "ab" * 49_999 + "?", "a " * 49_999)

#: Longer than any of them takes by far, and shorter than one that goes back.
TIMEOUT = 60.0


def attack(folder: Path) -> str:
    (folder / "graphs").mkdir()
    for number, pattern in enumerate(PATTERNS):
        text = f'name: g{number}\nparams: {{p: {{pattern: "{pattern}"}}}}\nsteps: {{a: }}\n'
        (folder / f"graphs/g{number}.yaml").write_text(text)
    bodies = [{"graph": f"g{number}", "params": {"p": text}} for number in range(len(PATTERNS)) for text in HOSTILE]
    with deployed(folder) as world:
        begun = time.monotonic()
        answers = world.at_once(bodies)
        took = time.monotonic() - begun
    assert all(status in (201, 400) for status, _ in answers), answers
    assert any(status == 400 for status, _ in answers), answers
    assert took < TIMEOUT, f"{len(bodies)} starts took {took:.0f} s"
    return f"{len(bodies)} starts with texts up to 100,001 letters were answered in {took:.1f} s"
