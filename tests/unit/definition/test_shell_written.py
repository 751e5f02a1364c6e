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

#: What is printed within a compound command or a function gets where that is redirected.
COMPOUNDS = r"""
( echo @ ) > f.sh / sh f.sh
{ echo @; } > f.sh / sh f.sh
{ echo a / echo @ / } >> f.sh / . ./f.sh
{ { echo @; }; } 2>/dev/null > f.sh 2>&1; sh f.sh
{ ( echo @ ); } > f.sh && sh f.sh
{ echo @; } &> f.sh / bash f.sh
{ echo @; } > f / cp f g.sh / sh g.sh
if true; then echo @; fi > f.sh / sh f.sh
{ if true / then / echo a / else echo @ / fi; } > f.sh / sh f.sh
for i in @; do echo "$i"; done > f.sh / sh f.sh
while true; do set -- @; echo "$1"; break; done > f.sh / sh f.sh
until false; do echo @; break; done > f.sh / sh f.sh
case a in a) echo @;; esac > f.sh / sh f.sh
x=@ / { echo "$x"; } > f.sh / sh f.sh
x=@ / if true; then echo "$x"; fi > f.sh / sh f.sh
x=@ / { cat <<EOF / $x / EOF / } > f.sh / sh f.sh
{ cat <<EOF / $ORCHESTRATOR_PARAM_x / EOF / } > f.sh / sh f.sh
w() { echo @; } / w > f.sh / sh f.sh
w() ( echo @ ) / w > f.sh / sh f.sh
function w { echo @; } / w > f.sh / sh f.sh
w() { echo @; } > f.sh / w / sh f.sh
w() { echo "$1"; } / w @ > f.sh / sh f.sh
v() { w > f.sh; } / w() { echo @; } / v / sh f.sh
w() { echo @; } / v() { w; } / v > f.sh / sh f.sh
w() { v() { echo @; }; } / w / v > f.sh / sh f.sh
w() { echo @; } / if true; then w; fi > f.sh / sh f.sh
w() { echo @; } / w | tee f.sh / sh f.sh
w() { w; echo @; } / w > f.sh / sh f.sh
"""

FINE_COMPOUNDS = r"""
{ echo @; } > out.txt
{ echo @; } > out.txt / bash -eu -o pipefail own.sh
if true; then echo @; fi > out.txt / sh own.sh
for i in @; do echo "$i"; done > out.txt / ./own.sh
{ sh own.sh @; } > out.txt / sh own.sh
{ echo @; } / { echo a; } > f.sh / sh f.sh
( echo @ ) / ( echo a ) > f.sh / sh f.sh
if [ -n @ ]; then echo @; fi / if true; then echo a; fi > f.sh / sh f.sh
if [ -n @ ]; then echo a > f.sh; fi / sh f.sh
case @ in a) echo a > f.sh;; esac / sh f.sh
x=@ / { cat <<EOF / $x / EOF / } > out.txt / sh own.sh
w() { echo @; } / w > out.txt / sh own.sh
w() { echo a; } / w > f.sh / sh f.sh / echo @
w() { echo @; } / w / { echo a; } > f.sh / sh f.sh
w() { echo @; } / { w; echo a > f.sh; } / sh f.sh
"""

#: A part of a script that reads a file as code from its input.
INPUTS = r"""
printf '%s\n' @ > f.txt / while read -r l; do eval "$l"; done < f.txt
printf '%s\n' @ > f.txt / while read -r l; do sh -c "$l"; done < f.txt
printf '%s\n' @ > f.txt / while IFS= read -r l / do / eval "$l" / done < f.txt
printf '%s\n' @ > f.txt / while read -r l <&3; do eval "$l"; done 3< f.txt
printf '%s\n' @ > f.txt / while sh; do :; done < f.txt
printf '%s\n' @ > f.txt / { read -r l; eval "$l"; } < f.txt
printf '%s\n' @ > f.txt / { sh; } < f.txt
printf '%s\n' @ > f.txt / ( sh ) < f.txt
printf '%s\n' @ > f.txt / if true; then sh; fi < f.txt
printf '%s\n' @ > f.txt / case a in a) sh;; esac < f.txt
printf '%s\n' @ > f.txt / r() { read -r l; eval "$l"; } / r < f.txt
printf '%s\n' @ > f.txt / r() { sh; } / r < f.txt
printf '%s\n' @ > f.txt / r() { sh; } / cat f.txt | r
printf '%s\n' @ > f.txt / while read -r l; do echo "$l"; done < f.txt > g.sh / sh g.sh
printf '%s\n' @ > f.txt / exec < f.txt / sh
"""

FINE_INPUTS = r"""
while read l; do echo "$l"; done < f.txt
echo @ > f.txt / while read -r l; do echo "$l"; done < f.txt
echo @ > f.txt / while read -r l; do bq load t "$l"; done < f.txt > out.txt
echo @ > f.txt / while read -r l; do sh own.sh "$l" < /dev/null; done < f.txt
while read -r l; do eval "$l"; done < own.txt / echo @ > out.txt
{ sh; } < own.txt / echo @ > out.txt
r() { sh; } / r < own.txt / echo @ > out.txt
r() { cat; } / echo @ > f.txt / r < f.txt / sh own.sh
"""

#: The shell itself writes to a file, and commands to a descriptor of it.
DESCRIPTORS = r"""
exec > f.sh / echo @ / sh f.sh
exec 1>> f.sh 2>&1 / if true; then echo @; fi / sh f.sh
command exec > f.sh / echo @ / sh f.sh
exec &> f.sh / echo @ / bash f.sh
exec > f.sh / x=@ / cat <<EOF / $x / EOF / sh f.sh
w() { echo @; } / exec > f.sh / w / sh f.sh
if true; then exec > f.sh; fi / echo @ / sh f.sh
while true; do echo @; exec > f.sh; done / sh f.sh
( exec > f.sh; echo @ ) / sh f.sh
exec 3> g.sh / printf '%s\n' @ >&3 / . ./g.sh
exec 3>> g.sh / x=@ / echo "$x" 1>&3 / . ./g.sh
exec 3<> g.sh / { echo @; } >&3 / . ./g.sh
exec 3> g.sh / echo @ > /dev/fd/3 / . ./g.sh
exec 3> g.sh / exec 4>&3 / echo @ >&4 / . ./g.sh
exec 3> g.sh / exec >&3 / echo @ / . ./g.sh
exec {fd}> f.sh / echo @ >&$fd / sh f.sh
{ echo @ >&3; } 3> g.sh / . ./g.sh
"""

FINE_DESCRIPTORS = r"""
exec > log.txt 2>&1 / echo @ / sh own.sh
exec > >(tee log.txt) 2>&1 / echo @ / sh own.sh
exec 2> err.txt / echo @ / sh own.sh
exec 3> out.txt / printf '%s\n' @ >&3 / . ./own.sh
exec 3>&1 / echo @ >&3
exec 3> g.sh / echo a >&3 / . ./g.sh / echo @
exec 3> g.sh / exec 4> out.txt / echo a >&3 / echo @ >&4 / . ./g.sh
exec 9> lock / flock 9 / echo @ > out.txt / sh own.sh
echo @ >&2 / sh own.sh
"""

REFUSED = [line for text in (OPTIONS, COMPOUNDS, INPUTS, DESCRIPTORS) for line in text.strip().splitlines()]
ACCEPTED = [
    line for text in (FINE_OPTIONS, FINE_COMPOUNDS, FINE_INPUTS, FINE_DESCRIPTORS) for line in text.strip().splitlines()
]


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


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "; ls", "\nls\n"])
def test_the_line_that_reads_the_file_is_named(end: str) -> None:
    (told,) = wrong(script("echo @ > f.sh / cat own / sh f.sh") + end)
    assert told.startswith("{{ params.x }} in line 1 is in what line 3 reads as code, where no")
