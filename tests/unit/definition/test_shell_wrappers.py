"""What runs another program, such as ``timeout 5``, hides nothing of what that program does with a value."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.expressions.shell import wrong
from orchestrator.expressions.shell.programs import PROGRAMS

X = "{{ params.x }}"
BASH = shutil.which("bash") or "bash"

#: How each program of the table that runs another is called, for those that need more than their name.
HOW = {
    "chroot": "chroot .",
    "chrt": "chrt 0",
    "command": "command -p --",
    "envdir": "envdir d",
    "env": "env -i PATH=/usr/bin:/bin",
    "exec": "exec -a x",
    "faketime": "faketime 1",
    "find": "find . -exec",
    "flock": "flock lock",
    "gfind": "gfind . -exec",
    "gosu": "gosu me",
    "gtimeout": "gtimeout 5",
    "ionice": "ionice -c 3",
    "nice": "nice -n 5",
    "runcon": "runcon x",
    "runuser": "runuser -u me --",
    "setarch": "setarch x86_64",
    "setuidgid": "setuidgid me",
    "strace": "strace -f -o log",
    "su-exec": "su-exec me",
    "sudo": "sudo -nu me",
    "taskset": "taskset 1",
    "timeout": "timeout -vk 1 5",
    "xargs": "xargs -0n 1",
}
#: Those by which no file of this machine is reached, or which take a script for a shell.
APART = ("coproc", "docker", "entr", "kubectl", "nerdctl", "noglob", "parallel", "podman", "watch")

WRAPPERS = [
    *(HOW.get(name, name) for row in PROGRAMS if row.runs for name in row.names.split() if name not in APART),
    *("nice timeout 5", "A=1 nohup", ">log nice", "/usr/bin/env", "time -p", "sudo -A", "xargs -I{}", "builtin --"),
]

#: ``W`` is one of them, and each ``@`` a value, which is the second text.
LINES = [
    ("W env BASH_ENV=@ bash -c :", "$(touch it)"),
    ("W env A=b BASH_ENV=@ bash -c :", "$(touch it)"),
    ("echo @ | W tee f; sh f", "touch it"),
    ("W dd of=f <<< @; sh f", "touch it"),
    ("echo @ >f; W cp f g; sh g", "touch it"),
    ("echo @ >f; W install f g; sh g", "touch it"),
    ("echo @ >f; W dd if=f of=g; sh g", "touch it"),
    ("echo @ >f; W cat f > g; sh g", "touch it"),
    ("echo @ >f; W tail f > g; sh g", "touch it"),
    ("echo @ >own; W ./own", "touch it"),
    ("echo @ >f; W sh f", "touch it"),
    ("echo @ >f; W perl f", "system 'touch it'"),
    ("$(W echo @)", "touch it"),
    ("W $(echo @)", "touch it"),
    ("echo $(( $(W echo @) ))", "a[$(touch it)]"),
    ("[[ $(W echo @) -eq 1 ]]", "a[$(touch it)]"),
    ("X=@; W $X", "touch it"),
    ("X=@; W env A=$X true", "1 touch it"),
]

#: Others of their kind.
OTHERS = [
    ("X=@; timeout $X true", "5 touch it"),
    ("X=@; nice -n $X true", "5 touch it"),
    ("X=@; xargs -n $X true", "1 touch it"),
    ("/usr/bin/env BASH_ENV=@ bash -c :", "$(touch it)"),
    ("$(/bin/echo @)", "touch it"),
    ("echo @ >f; sort f > g; sh g", "touch it"),
    ("echo @ >f; ls f | xargs sh", "touch it"),
    ("echo @ >f; ls f | xargs -I% sh %", "touch it"),
    ("echo @ >own; ls own | xargs -I{} env ./{}", "touch it"),
    ("echo @ >own; find . -name own -exec nice {} \\;", "touch it"),
    ('command -p -- read X <<< @; eval "$X"', "touch it"),
    ('X=@; echo "$X" >f; sh f', "touch it"),
    ('g() { f @; }; f() { eval "$1"; }; g', "touch it"),
]

ACCEPTED = """
W ./load.sh @
W python load.py @
W env A=@ ./load.sh
echo @ >f; W cp f g; ls g
echo @ >f; W cat f > g; ls g
echo @ >f; sh g; W cat f
echo @ >f; W ls @
X=@; W ls $X
X=@; W env A="$X" ls
n=$(W wc -l); echo $n @
x=$(W echo @); echo "$x"
W tee f; echo @
""".strip().splitlines()

INNOCENT = r"""
X=@; timeout "$X" ls
X=@; nice -n "$X" ls
X=@; xargs -P "$X" ls
X=@; strace -o "$X" ls
X=@; taskset -c "$X" ls
X=@; docker run -v $X:/x img
X=@; find $X -name $X
echo @ >f; nohup ./load.sh ./f &
echo @ >f; sudo -E ./load.sh ./f
echo @ >f; sudo -u me ./load.sh ./f
echo @ >f; timeout 5 python load.py ./f
echo @ >f; xargs -I{} ./load.sh {} ./f < g
echo @ >f; docker cp ./f c:/f
ls *.csv | xargs python load.py; echo @ >f
ls *.csv | xargs sed -i s/a/b/; echo @ >f
ls *.csv | xargs sh -c 'wc "$1"' sh; echo @ >f
find . -name '*.csv' -exec rm {} \;
sort f > g; echo @ >> log; sh g
time -p sort @ > out
time -p cp @ out
echo @ | time -p cat
for x in a b; do echo @ | sudo tee f; done
for x in a b; do grep @ "$x" > f; done
grep @ run.sh 2>&1; sh run.sh
docker run --rm img grep @ data > out
""".strip().splitlines()


def put(line: str, text: str, wrapper: str = "") -> str:
    return re.sub(r"\bW\b", lambda _: wrapper, line).replace("@", text)


@pytest.mark.parametrize("line", [line for line, _ in LINES])
def test_a_program_does_behind_another_what_it_does_alone(line: str) -> None:
    assert wrong(put(line, X))
    assert [wrapper for wrapper in WRAPPERS if not wrong(put(line, X, wrapper))] == []


@pytest.mark.parametrize("line", [line for line, _ in OTHERS])
def test_a_way_past_the_first_word_is_refused(line: str) -> None:
    assert wrong(put(line, X))


@pytest.mark.parametrize("line", ACCEPTED)
def test_a_value_behind_another_program_is_data_where_it_is_so_alone(line: str) -> None:
    assert wrong(put(line, X)) == []
    some = ("nice", "nice -n 5", "timeout 5", "nohup", "sudo -nu me", "env", "env -u A", "setsid", "stdbuf -o0")
    assert {wrapper: told for wrapper in some if (told := wrong(put(line, X, wrapper)))} == {}


@pytest.mark.parametrize("line", INNOCENT)
def test_a_wrapper_is_no_reason_to_refuse_a_value(line: str) -> None:
    assert wrong(put(line, X)) == []


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "perl", "xargs"))), reason="no bash, perl or xargs here")
@pytest.mark.parametrize(("line", "value"), [*LINES, *OTHERS])
def test_a_way_behind_another_program_is_one_that_bash_goes(line: str, value: str, tmp_path: Path) -> None:
    """Were it not refused, and the value quoted as a word."""
    (tmp_path / "own").touch(0o700)
    script = put(line, shlex.quote(value), "nice")
    subprocess.run(
        [BASH, "-c", script], cwd=tmp_path, env=os.environ, capture_output=True, timeout=180, check=False, input=b""
    )
    assert (tmp_path / "it").exists()
