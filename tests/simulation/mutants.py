"""``python -m tests.simulation.mutants``: breaks the product, again and again; each break must be seen.

A mutant names the test that sees it, or seeds.json names the seed of a world that does. If that world no longer sees
it, others are looked through. ``--write`` names the first of them that does: so a new mutant gets its seed. What is
named must find nothing wrong with the product as it is, or it would prove nothing.
"""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing.pool import Pool
from pathlib import Path

from tests.simulation.embedded.mutations import MUTANTS as EMBEDDED
from tests.simulation.looking import Look, Seen, look
from tests.simulation.mutations import MUTANTS
from tests.simulation.mutations.mutant import Mutant
from tests.simulation.nested.mutations import MUTANTS as NESTED
from tests.simulation.notify_mutations import MUTANTS as NOTIFY

ALL = (*MUTANTS, *NOTIFY, *EMBEDDED, *NESTED)

#: By mutant, the seed of a world that sees it.
SEEDS = Path(__file__).with_name("mutations") / "seeds.json"


def named_seeds() -> dict[str, int]:
    """The seeds in seeds.json, by mutant."""
    read: dict[str, int] = json.loads(SEEDS.read_text(encoding="utf-8"))
    return read


def looks_for(mutant: Mutant, seeds: int, known: Mapping[str, int]) -> Look:
    """How a mutant is sought: by its test, or in the world that is named, and then in so many others."""
    if mutant.test:
        return Look(mutant, mutant.test)
    named = [known[mutant.name]] if mutant.name in known else []
    return Look(mutant, "", mutant.worlds, mutant.kinds, [*named, *range(seeds)])


def attacked(mutant: Mutant, seeds: int, known: Mapping[str, int]) -> Seen | None:
    """What sees the mutant, in a process of its own; None if it survives."""
    if not mutant.test:  # or the process would import the mutant, and forget what it is to answer with
        import_module(f"{mutant.worlds}.__main__")
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(look, (looks_for(mutant, seeds, known),))


def _controls(mutants: Sequence[Mutant], known: Mapping[str, int]) -> list[Look]:
    """The same looks at the product as it is."""
    tests = sorted({mutant.test for mutant in mutants if mutant.test})
    worlds = sorted({(one.worlds, known[one.name]) for one in mutants if not one.test and one.name in known})
    return [*(Look(None, test) for test in tests), *(Look(None, "", where, (), [seed]) for where, seed in worlds)]


def _write(found: Mapping[str, Seen], known: Mapping[str, int]) -> None:
    """Name in seeds.json those that have seen the mutants, and forget those of mutants that there are no more."""
    seeds = {**known, **{name: seen.seed for name, seen in found.items() if seen.seed is not None}}
    kept = {mutant.name: seeds[mutant.name] for mutant in ALL if not mutant.test and mutant.name in seeds}
    SEEDS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Attack with all mutants, and print a table. 1 if any of them survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="for each mutant that its own seed does not see")
    parser.add_argument("--only", default="", help="those whose name has this in it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--write", action="store_true", help="write the seeds that have seen mutants to seeds.json")
    chosen = parser.parse_args(arguments)
    mutants, known = [mutant for mutant in ALL if chosen.only in mutant.name], named_seeds()
    for module in {"hypothesis.strategies", *(f"{mutant.worlds}.__main__" for mutant in mutants)}:
        import_module(module)  # once, and not in each process
    with multiprocessing.get_context("fork").Pool(chosen.jobs, maxtasksperchild=1) as pool:
        alarms = [seen.said for seen in pool.imap(look, _controls(mutants, known)) if seen is not None]
        print("\n".join(f"without any mutant, {said}" for said in alarms), end="\n" * bool(alarms), flush=True)
        found = _verdicts(pool, mutants, [looks_for(mutant, chosen.seeds, known) for mutant in mutants])
    if chosen.write:
        _write(found, known)
    print(f"{len(mutants)} mutants, {len(mutants) - len(found)} survived")
    return 1 if alarms or len(found) < len(mutants) else 0


def _verdicts(pool: Pool, mutants: Sequence[Mutant], looks: Sequence[Look]) -> dict[str, Seen]:
    """By mutant, what sees it, without the survivors. Each verdict is printed as soon as it is known."""
    found = {}
    for mutant, seen in zip(mutants, pool.imap(look, looks), strict=True):
        if seen is not None:
            found[mutant.name] = seen
        verdict = f"killed by {seen.said}" if seen is not None else "SURVIVED"
        print(f"{mutant.name:72} {verdict[:110]}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
