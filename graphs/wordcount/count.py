"""Counts words as Google's Word_Count template does, on one machine: ``count.py TEXTS OUTPUT``.

TEXTS may be a pattern. A word is what letters make; capitals count. OUTPUT gets a line ``word: count`` a word.
"""

import json
import os
import re
import sys
from collections import Counter
from glob import glob
from pathlib import Path

WORD = re.compile(r"[^\W\d_]+")


def main(pattern: str, output: str) -> None:
    counts: Counter[str] = Counter()
    for path in sorted(glob(pattern)):
        counts.update(WORD.findall(Path(path).read_text(encoding="utf-8")))
    if not counts:
        sys.exit(f"expected words in {pattern}, got none")
    lines = [f"{word}: {count}\n" for word, count in counts.most_common()]
    target = Path(f"{output}-00000-of-00001")
    target.parent.mkdir(parents=True, exist_ok=True)
    whole = target.with_name(f".{target.name}")  # no pattern sees it before it is whole
    whole.write_text("".join(lines), encoding="utf-8")
    whole.replace(target)
    if outputs := os.environ.get("ORCHESTRATOR_OUTPUTS"):
        Path(outputs).write_text(json.dumps({"words": counts.total(), "different": len(counts)}))
    print(f"{len(counts)} different words of {counts.total()} in {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
