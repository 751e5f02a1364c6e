"""How long and how deeply nested a shell script may be, and that the work of reading it grows as it does."""

import shlex
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from orchestrator.expressions.shell import LONGEST, wrong
from orchestrator.expressions.shell.places import places
from orchestrator.expressions.shell.quoting import HOLE

X = "{{ params.x }}"


def test_no_line_is_longer_than_a_shell_can_be_started_with() -> None:
    assert wrong(f"echo {X}" + " a" * ((LONGEST - 6) // 2)) == []
    assert wrong(f"echo {X}" + " a" * (LONGEST // 2 + 1)) == [
        f"expected a shell script of at most {LONGEST} bytes, got {LONGEST + 7} "
        "without the values of its expressions: write it to a file, and run that file"
    ]


def test_a_line_is_nested_up_to_a_depth() -> None:
    assert wrong("( " * 49 + f"ls {X}" + " )" * 49) == []
    assert "more than 50 nested parts" in wrong("( " * 50 + f"ls {X}" + " )" * 50)[0]


def test_lines_are_read_in_lines_up_to_a_depth() -> None:
    line = "ls"
    for _ in range(4):
        line = "sh -c " + shlex.quote(line)
    assert wrong(f"X={X}; {line}") == []
    assert "in what line 1 reads as code" in wrong(f"X={X}; sh -c {shlex.quote(line)}")[0]


def test_after_many_programs_in_one_command_all_words_are_code() -> None:
    assert wrong("env " + "-i perl " * 8 + X) == []
    assert "in code for another program" in wrong("env " + "-i perl " * 9 + X)[0]


#: What is repeated in a line, with what is before and after it.
SHAPES: dict[str, Callable[[int], str]] = {
    "expressions": lambda n: "echo" + f" {HOLE}" * n,
    "in one word": lambda n: "echo " + f"a{HOLE}" * n,
    "in quotes": lambda n: 'echo "' + f"a {HOLE} b " * n + '"',
    "words": lambda n: "env" + " w" * n + f" {HOLE}" * (n // 40 + 1),
    "variables": lambda n: "$a" + " $a" * n + f" {HOLE}",
    "options": lambda n: "$x" + " -c" * n + f" {HOLE}" * n,
    "programs": lambda n: "env " * n + f" {HOLE}" * n,
    "perl": lambda n: "sudo " + "perl -x " * n + f" {HOLE}" * n,
    "pipes": lambda n: "echo " + f" {HOLE}" * n + " | tee a" * n,
    "unknown": lambda n: "echo " + f" {HOLE}" * n + " | foo" * n,
    "groups": lambda n: "echo " + f" {HOLE}" * n + " | { " + "(foo);" * n + "}",
    "functions": lambda n: "f() { sh; }; echo " + f" {HOLE}" * n + " | { " + "f;" * n + " }",
    "lines": lambda n: f"ls {HOLE}\n" * n,
    "declared": lambda n: "declare -i" + f" a={HOLE}" * n,
    "printed": lambda n: "printf %s" + f" {HOLE}" * n,
    "assigned": lambda n: f"x={HOLE}; eval $x;" * n,
    "files": lambda n: "".join(f"echo {HOLE} > f{i}; cp f{i} f{i + 1};" for i in range(n)) + "sh f0",
    "here-documents": lambda n: "cat " + "<<E " * n + "| sh\n" + "E\n" * n,
    "evaluated": lambda n: "eval '" + "ls $x; " * n + "'",
    "wrapped": lambda n: "env" + f" A={HOLE}" * n + " nice" * n + f" $x tee {HOLE}" * n,
    "far": lambda n: "strace" + f" perl -x tee {HOLE}" * n + " ./f" * n,
    "find": lambda n: "find" + f" -exec sh {HOLE} {{}}" * n + f"; echo {HOLE} > f",
    "backticks": lambda n: f"x={HOLE}; y=`echo $x | foo`; " * n,
    "documents": lambda n: "cat <<E" + " | tee f" * n + "\n" + "$(echo $x) $y\n" * n + f"E\nx={HOLE}; sh f",
    "nested": lambda n: "$(" * n + HOLE,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_line_is_read_in_steps_that_grow_as_it_does(shape: str) -> None:
    """Four times the line, four times the work: each line of Python that is run counts, and each turn of a loop."""
    few, many = (_work(SHAPES[shape](count)) for count in (50, 200))
    assert many < 4.6 * few


def _work(script: str) -> int:
    count = 0

    def counted(_: FrameType, __: str, ___: object) -> Callable[..., object]:
        nonlocal count
        count += 1
        return counted

    before = sys.gettrace()
    sys.settrace(counted)
    try:
        places(script)
    finally:
        sys.settrace(before)
    return count
