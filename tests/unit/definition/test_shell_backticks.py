"""What runs in a `…`, or in a line of a here-document, reads values as it would elsewhere in the script."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.expressions.shell import wrong

X = "{{ params.x }}"
IT = "touch it"
SUBSCRIPT = "a[$(touch it)]"
BASH = shutil.which("bash") or "bash"

#: A line for bash in which each ``@`` is a value, and one that does ``touch it`` there although it is quoted.
ROUTES = [
    ("X=@; y=`$X`", IT),
    ("X=@; y=` $X`", IT),
    ("X=@; y=`true; $X`", IT),
    ("X=@; y=`if true; then $X; fi`", IT),
    ("X=@; y=`env $X`", IT),
    ("X=@; y=`nice $X`", IT),
    ('X=@; y=`bash -c "$X"`', IT),
    ('X=@; y=`perl -e "$X"`', "system 'touch it'"),
    ("X=@; y=`echo $X | sh`", IT),
    ("X=@; y=`cat <<< $X | sh`", IT),
    ("echo touch it > t; X=@; y=`. $X`", "./t"),
    ('X=@; y=`eval "$X"`', IT),
    ('X=@; y=`Z=$X; eval "$Z"`', IT),
    ('X=@; y=`f() { eval "$1"; }; f "$X"`', IT),
    ("X=@; y=`echo \\`$X\\``", IT),
    ("X=@; y=`echo $(eval $X)`", IT),
    ("X=@; y=`echo $((X))`", SUBSCRIPT),
    ("X=@; y=`((X))`", SUBSCRIPT),
    ("X=@; y=`[[ $X -eq 1 ]]`", SUBSCRIPT),
    ("X=@; y=`let X`", SUBSCRIPT),
    ('X=@; y=`test -v "$X"`', SUBSCRIPT),
    ("X=@; y=`BASH_ENV=$X bash -c :`", "$(touch it)"),
    ('X=@; y=`nice env BASH_ENV="$X" bash -c :`', "$(touch it)"),
    ("export X=@; y=`sh -c 'eval \"$X\"'`", IT),
    ('X=@; echo "`$X`"', IT),
    ('X=@; echo "`eval \\"$X\\"`"', IT),
    ('X=@; echo ${Z:-`eval "$X"`}', IT),
    ("echo @ >f; y=`sh f`", IT),
    ("echo @ >f; y=`. ./f`", IT),
    ("echo @ >f; y=`cat f | sh`", IT),
    ('echo @ >f; y=`cat f`; eval "$y"', IT),
    ("echo @ >f; eval `cat f`", IT),
    ("echo @ >f; `cat f`", IT),
    ("echo @ >f; y=`cp f g`; sh g", IT),
    ('X=@; y=`echo "$X" >f`; sh f', IT),
    ("{ y=`sh`; } <<< @", IT),
    ("(y=`sh`) <<< @", IT),
    ("if y=`sh`; then :; fi <<< @", IT),
    ("echo @ | echo `sh`", IT),
    ("echo @ | { echo `cat | sh`; }", IT),
    ("y=`eval $ORCHESTRATOR_PARAM_x`; : @", IT),
    ('X=@; cat <<E\n$(eval "$X")\nE', IT),
    ('X=@; cat <<E\n"$(eval "$X")"\nE', IT),
    ('X=@; cat <<E\n`eval "$X"`\nE', IT),
    ('X=@; cat <<E\n${Y:-$(eval "$X")}\nE', IT),
    ("X=@; cat <<E\n$((X))\nE", SUBSCRIPT),
    ("echo @ >f; cat <<E\n$(sh f)\nE", IT),
    ("X=@; cat <<E >f\n$X\nE\nsh f", IT),
    ("X=@; cat <<E | nice tee f\n$(echo $X)\nE\nsh f", IT),
]

ACCEPTED = [
    *("x=`echo $x | mytool`; X=@", "x=`echo $x | python3`; X=@", "X=@; n=1; cat <<E\n$((n + 1))\nE"),
    *("X=@; y=`echo $X`", "X=@; y=`ls $X | wc -l`", 'X=@; y=`date -d "$X" +%F`', "X=@; y=`wc -l < f`; echo $X"),
    *("X=@; y=`$TOOL x`; echo $X", "X=@; eval `ssh-agent -s`", 'X=@; y=`sh script.sh "$X"`', "y=`cat`; echo @"),
    *('X=@; y=`bash -c \'echo "$1"\' _ "$X"`', "X=@; y=`echo \"$X\" | sed 's/a/b/'`", "y=`sh`; echo @"),
    *("X=@; y=`echo \\$X`", 'X=@; echo "`basename \\"$X\\"`"', "echo @ >f; y=`cat f`; echo $y", "y=`sh x.sh`; ls @"),
    *("y=`echo $ORCHESTRATOR_PARAM_x`", "X=@; y=`echo $X # eval`", "X=@; y=`case a in a) echo $X;; esac`"),
    *("X=@; cat <<E\n$X\n$(date)\nE", 'X=@; cat <<E\n"$(ls "$X")"\nE', "X=@; cat <<'E'\n$(eval $X)\nE"),
    *("X=@; cat <<E\n${X:-a}`date`\nE", "X=@; cat <<E\n\\$(eval $X)\nE", "echo @ >f; cat <<E\n$(cat f)\nE"),
]


@pytest.mark.parametrize("line", [line for line, _ in ROUTES])
def test_a_value_is_not_run_in_what_runs_within_a_script(line: str) -> None:
    assert wrong(line.replace("@", X))


@pytest.mark.parametrize("line", ACCEPTED)
def test_a_value_is_data_in_what_runs_within_a_script(line: str) -> None:
    assert wrong(line.replace("@", X)) == []


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "perl"))), reason="no bash or perl on this machine")
@pytest.mark.parametrize(("line", "value"), ROUTES)
def test_a_way_within_a_script_is_one_that_bash_goes(line: str, value: str, tmp_path: Path) -> None:
    """Were it not refused, and the value quoted as a word."""
    script = re.sub("@", lambda _: shlex.quote(value), line)
    environment = os.environ | {"ORCHESTRATOR_PARAM_x": value}
    subprocess.run(
        [BASH, "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=180, check=False, input=b""
    )
    assert (tmp_path / "it").exists()
