"""A value that a script writes into a file, by whatever construct, is refused where a later line runs that file."""

import re

import pytest

from orchestrator.expressions.shell import wrong

#: A shell's own options before its file. Lines of a script are separated by " / ", and @ is a value.
OPTIONS = r"""
echo @ > f.sh / sh -- f.sh
echo @ > f.sh / sh - f.sh
echo @ > f.sh / bash -o pipefail f.sh
echo @ > f.sh / bash -eu -o pipefail f.sh
echo @ > f.sh / bash -euo pipefail -- f.sh
echo @ > f.sh / sh -o errexit f.sh
echo @ > f.sh / sh +x +o errexit f.sh
echo @ > f.sh / bash -O extglob f.sh
echo @ > f.sh / bash --rcfile own -x f.sh
echo @ > f.sh / bash --rcfile f.sh -i
echo @ > f.sh / bash --norc f.sh
echo @ > f.sh / sh $X -o errexit f.sh
echo @ > f.sh / timeout 5 nice sh -- f.sh
echo @ > f.sh / sudo -u me ksh -o errexit f.sh
echo @ > f.py / python3 -W ignore -- f.py
echo @ > f.js / node -- f.js
echo @ | bash -euo pipefail
"""

FINE_OPTIONS = r"""
echo @ > out.txt / bash -eu -o pipefail own.sh
echo @ > out.txt / bash -o pipefail own.sh out.txt
echo @ > out.txt / sh -- own.sh out.txt
echo @ > pipefail / bash -o pipefail own.sh
echo @ | bash -euo pipefail own.sh
echo @ > ignore / python3 -W ignore own.py
"""

REFUSED = [*OPTIONS.strip().splitlines()]
ACCEPTED = [*FINE_OPTIONS.strip().splitlines()]


def script(line: str) -> str:
    return re.sub(r"(?<!\$)@", "{{ params.x }}", line.replace(" / ", "\n"))


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("line", REFUSED)
def test_a_value_in_a_file_that_is_run_is_refused(line: str, end: str) -> None:
    assert wrong(script(line) + end)


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("line", ACCEPTED)
def test_a_value_in_a_file_that_nothing_runs_is_accepted(line: str, end: str) -> None:
    assert wrong(script(line) + end) == []
