"""Who gets a value, in a line for a shell: refused wherever it is not known that it is taken for data."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.definition.expressions import ExpressionError
from orchestrator.definition.shell import LONGEST, code_in, render_command, wrong
from orchestrator.definition.shell.places import places
from orchestrator.definition.shell.reader import HOLE

X = "{{ params.x }}"

#: One line each; every ``@`` is a value.
REFUSED = r"""
echo @ | (sh)
echo @ | ( cd /tmp; sh )
echo @ | $SHELL
echo @ | $(which sh)
echo @ | echo $(sh)
echo @ | case x in x) sh;; esac
echo @ | [[ -n $(sh) ]]
(sh) <<< @
{ sh; } <<< @
case x in x) sh;; esac <<< @
if true; then sh; fi < <(echo @)
while true; do sh; done <<< @
{ { (sh); }; } <<< @
echo @ > >(sh)
> >(sh) echo @
{ echo @; } > >(sh)
(echo @) > >(cat | sh)
exec > >(sh); echo @
exec 3> >(sh); echo @ >&3
exec < <(echo @); sh
exec <<< @; sh
coproc sh; echo @
f() { sh; }; echo @ | f
f() { sh; }; f <<< @
cat() { sh; }; echo @ | cat
echo @ > f; sh < f
echo @ > f; cat f | sh
echo @ > f; cp f g; sh g
echo @ > f; . "./f"
echo @ > f; eval "$(cat f)"
echo @ > f; x=$(cat f); eval "$x"
read -r x < f; echo @ > f; eval "$x"
eval &>/dev/null @
sh -c &>/dev/null @
{fd}>f eval @
2>f eval @
sh 2>f -c @
echo @ | sed e
echo @ | sed 's/a/b/e'
echo @ | awk '{ system($0) }'
echo @ | awk '{ print | "sh" }'
echo @ | split --filter=sh
echo @ | xargs -I{} {} x
echo @ | xargs env
echo @ | xargs find .
echo @ | xargs git clone
echo @ | mytool
echo @ | /usr/bin/xonsh
echo @ | python -i x.py
echo @ | python -m pdb
echo @ | sh -c 'sh'
echo @ | bash -c 'cat | sh'
echo @ | eval sh
echo @ | sudo -u me sh
echo @ | nice -n 5 sh
echo @ | env -i sh
echo @ | timeout 5 sh
echo @ | busybox sh
echo @ | busybox
echo @ | ssh host cat
echo @ | docker run -i img cat
echo @ | kubectl exec -i p -- cat
echo @ | bq query
echo @ | gcloud compute ssh vm
echo @ | while read -r x; do ssh h "$x"; done
echo @ | { read x; $x; }
[ @ @ ]
printf -v@ x
printf -v x @; eval "$x"
sh -c 'sh -c "$X"'; X=@; sh -c 'sh -c "eval \$X"'
X=@; bash -c 'bash -c "eval \"\$X\""'
@ @
s=@; sh $s
sh $ORCHESTRATOR_PARAM_x a
b@ -c @
fish -c "echo @"
tcsh -c @
csh -c 'echo @'
yash -c @
lksh -c @
ksh93 -c "ls @"
zsh-5.9 -c @
rbash -c @
posh -c @
sg grp -c @
sg grp @
rsh host @
sudo -u bob ssh host @
sshpass -p x ssh host @
start-stop-daemon sh -c @
gcloud compute ssh vm -- ls @
integer n=@
emulate sh -c @
mosh h -- @
xargs -I{} sh -c "echo {}" <<< @
echo @ | tee >(sh)
echo @ | tee >(bash -s)
alias ll=@
mapfile -C @ a
compgen -C @
doit sh -c @
echo @ | $(echo sh)
sh < /dev/stdin <<< @
echo @ | sh < /dev/stdin
echo @ | sh 3< f
echo @ | perl
echo @ | node -
echo @ | ruby
echo @ | tclsh
echo @ | at -f - now
echo @ | crontab -
echo @ | make -f -
echo @ | vim -
echo @ | m4
echo @ | gdb
echo @ | lua -
echo @ | irb
echo @ | guile
echo @ | racket
echo @ | php
""".strip().splitlines()

#: Lines that are as good as others'.
ACCEPTED = r"""
echo @ | cat
echo @ | grep x | wc -l
printf '%s\n' @ | sort -u > f
echo @ | tee log
echo @ | jq -r .x
echo @ | sed 's/a/b/g'
echo @ | sed -n '1,3p;$d'
echo @ | sed -e 's|a|b|' -e '/x/d'
echo @ | awk '{ print $1 }'
echo @ | awk -F'|' '{ print $1 }'
echo @ | awk -F, '$1 == "a" || $2 > 3 { print $1 }'
echo @ | cut -d, -f1 | tr a b
echo @ | python load.py
echo @ | python3 -m json.tool
echo @ | python3 -c 'import sys; print(sys.stdin.read())'
echo @ | ./load.sh
echo @ | bash load.sh -x
echo @ | xargs -n1 echo
echo @ | xargs rm -f
echo @ | xargs -I{} cp {} dir/
echo @ | xargs -n1 sh -c 'echo "$1"' sh
echo @ | while read -r x; do echo "$x"; bq load t "$x"; done
echo @ | while read -r x; do python load.py "$x" < /dev/null; done
for t in @ b; do bq load "$t" && gsutil cp "$t" gs://b/; done
echo @ | docker login -u x --password-stdin
echo @ | sudo tee /etc/x
echo @ | sudo -u bob tee x
echo @ | (cd /tmp && cat > x)
{ echo a; echo @; } | sort > f
(echo @) | gzip -c > f.gz
echo @ | gsutil cp - gs://b/x
echo @ | bq load t -
echo @ | curl -d @- http://x
f() { echo "$1"; }; f @ | cat
log() { sed 's/^/x /'; }; echo @ | log
echo @ > "$ORCHESTRATOR_OUTPUTS"; python x.py
"$PYTHON" x.py; echo @ > f
echo @ > f; python load.py f
echo @ > f; gsutil cp f gs://b/x; ./load.sh f
n=$(wc -l < f); echo $((n + 1)); echo @ > out
./load.sh @ --x=@
./doit python -x @
python load.py @ -c @
java -jar x.jar @
java -cp x Main @
git clone @ x
tar xf @
[ -n @ ] && [ @ = a ] && test @ -gt 1
[ -f "$x" -a @ = b ]
diff <(sort f) <(sort @)
python x.py <(echo @)
./x <(echo @)
cat f 2>/dev/null @
ls @ &> log
ls @ &>> log; ls @
sh script.sh @
sh -- @
bash -c 'echo "$1"' bash @
mytool @
mytool --date @ > f
kubectl get pod @
exec ./load.sh @
exec > log 2>&1; echo @
set -eu; echo @
export DATE=@; ./load.sh
trap 'rm -f x' EXIT; ls @
if ! grep -q @ f; then echo @ >&2; exit 1; fi
sort <<< @
read -r a b <<< @; echo "$a"
bq query --use_legacy_sql=false --parameter=d::@ 'select 1'
awk -v d=@ '$1 == d' f | sort
sed "1d" @
find @ -name '*.csv' | sort | head -1
cd @ && make all
x=$(date -d @ +%F); echo "$x"
docker run --rm img @
curl -fsS "https://x/@" -o @
wget -q @
timeout 10 ./load.sh @
nohup ./load.sh @ &
nice ./load.sh @
time ./load.sh @
env A=@ ./load.sh @
sudo -u bob ./load.sh @
""".strip().splitlines()


def put(line: str, text: str) -> str:
    """``text`` in the place of each @ that is no part of ``$@`` or of ``-d @-``."""
    return re.sub(r"(?<!\$)@(?!-)", lambda _: text, line)


@pytest.mark.parametrize("line", REFUSED)
def test_a_value_goes_to_nobody_who_may_read_it_as_code(line: str) -> None:
    assert wrong(put(line, X))


@pytest.mark.parametrize("line", ACCEPTED)
def test_a_value_goes_to_whoever_takes_it_for_data(line: str) -> None:
    assert wrong(put(line, X)) == []


def test_a_program_that_is_not_known_gets_no_value_for_its_input() -> None:
    assert wrong("echo {{ params.x }} | mytool") == [
        "{{ params.x }} in line 1 stands in the input of mytool, which may read it as code, where no quoting is right: "
        "give it as an argument, or let the program read it from the environment; "
        "or, if it is code, write {{ params.x | raw }}"
    ]


#: Commands, and the values with which they are run or not.
OPTIONS: list[tuple[str | list[str], dict[str, str], str]] = [
    ("sh {{ params.s }} {{ params.d }}", {"s": "-c", "d": "touch it"}, "sh"),
    ("sh {{ params.s }} {{ params.d }}", {"s": "+c", "d": "touch it"}, "sh"),
    (["bash", "{{ params.s }}", "{{ params.d }}"], {"s": "-c", "d": "touch it"}, "bash"),
    ("git clone {{ params.s }}", {"s": "--upload-pack=touch it"}, "git"),
    (["timeout", "5", "tar", "xf", "{{ params.s }}"], {"s": "--to-command=touch it"}, "tar"),
    ("python {{ params.s }}", {"s": "-cimport os"}, "python"),
    ("env {{ params.s }} ls", {"s": "LD_PRELOAD=x"}, "env"),
    ("env {{ params.s }} ls", {"s": "-Stouch it"}, "env"),
    ("ssh {{ params.s }} ls", {"s": "-oProxyCommand=touch it"}, "ssh"),
    ("sudo -u me git clone '{{ params.s }}'", {"s": "-utouch"}, "git"),
    ("sh script {{ params.s }}", {"s": "-c"}, ""),
    ("sh -- {{ params.s }}", {"s": "-c"}, ""),
    ("git clone -- {{ params.s }}", {"s": "-c"}, ""),
    ("echo {{ params.s }}; ./load.sh {{ params.s }}; tar x{{ params.s }}", {"s": "-c"}, ""),
    (["python", "x.py", "{{ params.s }}"], {"s": "-c"}, ""),
    (["git", "{{ params.s | raw }}"], {"s": "--version"}, ""),
    ("git {{ params.s | raw }}", {"s": "--version"}, ""),
]


@pytest.mark.parametrize(("command", "params", "program"), OPTIONS)
def test_a_value_is_no_option_of_what_would_run_code_by_it(
    command: str | list[str], params: dict[str, str], program: str
) -> None:
    assert (wrong(command) if isinstance(command, str) else list(code_in([*command]))) == []
    context = {"params": {**params}, "steps": {}, "run": {}}
    written: str | list[object] = command if isinstance(command, str) else [*command]
    if not program:
        render_command(written, context)  # type: ignore[arg-type]
        return
    with pytest.raises(ExpressionError) as refused:
        render_command(written, context)  # type: ignore[arg-type]
    assert str(refused.value) == (
        f"{{{{ params.s }}}} gives {params['s']!r}, which {program} would take for an option and not for a value: "
        f"write '--' before it, or the option itself"
    )


def test_no_line_is_longer_than_a_shell_can_be_started_with() -> None:
    assert wrong(f"echo {X}" + " a" * ((LONGEST - 6) // 2)) == []
    assert wrong(f"echo {X}" + " a" * (LONGEST // 2 + 1)) == [
        f"expected at most {LONGEST} bytes of a line for a shell, came {LONGEST + 7} "
        f"without what its expressions give: "
        f"write it to a file, and run that"
    ]


def test_a_line_is_nested_up_to_a_depth() -> None:
    assert wrong("( " * 49 + f"ls {X}" + " )" * 49) == []
    assert "more than 50 parts in one another" in wrong("( " * 50 + f"ls {X}" + " )" * 50)[0]


def test_lines_are_read_in_lines_up_to_a_depth() -> None:
    line = "ls"
    for _ in range(4):
        line = "sh -c " + shlex.quote(line)
    assert wrong(f"X={X}; {line}") == []
    assert "in what line 1 reads as code" in wrong(f"X={X}; sh -c {shlex.quote(line)}")[0]


def test_after_many_programs_in_one_command_all_words_are_code() -> None:
    assert wrong("env " + "-i perl " * 8 + X) == []
    assert "in code for another program" in wrong("env " + "-i perl " * 9 + X)[0]


def test_after_many_programs_in_one_command_all_words_are_options() -> None:
    context = {"params": {"x": "-c"}, "steps": {}, "run": {}}
    command = ["sudo", "-u", *["sh", "x.sh"] * 6, "--", X]
    assert render_command([*command], context) == [*command[:-1], "-c"]
    with pytest.raises(ExpressionError, match="which sh would take for an option"):
        render_command([*command[:2], *["sh", "x.sh"] * 8, "--", X], context)


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


SHELLS = [path for name in ("dash", "bash") if (path := shutil.which(name))]

#: Values each of which does ``touch it`` where it is read as a line, as a name or a number, or as more than one word.
HARMFUL = [
    "eval",
    "sh",
    "touch it",
    "a[$(touch it)]",
    "$(touch it)",
    "; touch it",
    "'; touch it; '",
    "x; touch it #",
    "-c",
]

_WORDS = ["@", '"@"', "'@'", '"$(echo @)"', "x@", '"$X"', "$X", "@ @", "-c @", "-v @", "-- @", "-e @", "-s @", "a"]
_REDIRECTIONS = [
    "",
    "2>&1",
    "2>/dev/null",
    "3>&1",
    "</dev/null",
    "<<< @",
    "> f",
    ">> f",
    "< f",
    "> >(sh)",
    "< <(echo @)",
]
_REDIRECTIONS += ["{fd}>f", "&>f", ">&2", "0<f", "<>f", ">|f", "> >(cat)"]
_WRAPPERS = [
    "",
    "",
    "command",
    "command -p",
    "env",
    "env -i",
    "exec",
    "nohup",
    "timeout 5",
    "nice -n 1",
    "time -p",
    "builtin",
]
_WRAPPERS += ["setsid", "! ", "xargs", "xargs -n1", "xargs -I{}", "X=@", "find . -maxdepth 0 -exec", "builtin --"]
_PROGRAMS = [
    "echo",
    "printf '%s\\n'",
    "cat",
    "sh",
    "bash",
    "sh -s",
    "sh -c",
    "bash -c",
    "bash -ec",
    "eval",
    ". /dev/stdin",
    ". ./f",
]
_PROGRAMS += [
    "sh f",
    "sh ./f",
    "tee f",
    "read X",
    "test",
    "[ -n a ] && test",
    "trap",
    "declare -i n",
    "printf -v",
    "unset",
]
_PROGRAMS += [
    "$SHELL",
    "$SH -c",
    "export X=@ &&",
    "X=@;",
    "f",
    "g",
    "sed",
    "awk",
    "python3",
    "perl -e",
    "local",
    "let",
    "alias y=",
    "set --",
]
_PROGRAMS += [
    "bash -c 'eval \"$1\"' sh",
    "sh -c 'cat'",
    "sh -c 'sh'",
    "sh -c '. ./f'",
    "ls",
    "cp f g;",
    "mapfile a",
    "grep",
    "xargs sh -c",
]

_simple = st.builds(
    lambda before, wrapper, program, words, after: " ".join([before, wrapper, program, *words, after]),
    st.sampled_from(_REDIRECTIONS),
    st.sampled_from(_WRAPPERS),
    st.sampled_from(_PROGRAMS),
    st.lists(st.sampled_from(_WORDS), max_size=2),
    st.sampled_from(_REDIRECTIONS),
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    redirection = st.sampled_from(_REDIRECTIONS)
    return st.one_of(
        st.builds("( {} ) {}".format, inner, redirection),
        st.builds("{{ {}; }} {}".format, inner, redirection),
        st.builds("if true; then {}; fi {}".format, inner, redirection),
        st.builds("for X in @; do {}; done {}".format, inner, redirection),
        st.builds("while read -r X; do {}; done {}".format, inner, redirection),
        st.builds("case @ in *) {};; esac {}".format, inner, redirection),
        st.builds("f() {{ {}; }}; f @ {}".format, inner, redirection),
        st.builds('echo "$({})" {}'.format, inner, redirection),
        st.builds("{} | {}".format, inner, inner),
        st.builds("{}; {}".format, inner, inner),
        st.builds("{}\n{}".format, inner, inner),
        st.builds("{} <({})".format, inner, inner),
        st.builds("{} > >({})".format, inner, inner),
        st.builds("echo @ | {}".format, inner),
        st.builds("{} | sh".format, inner),
        st.builds("X=@; {}".format, inner),
        st.builds("X=$({}); {}".format, inner, inner),
        st.builds("cat <<E | {}\n$X\nE".format, inner),
    )


LINES = st.recursive(_simple, _compound, max_leaves=4)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(LINES, st.sampled_from(HARMFUL), st.sampled_from(HARMFUL))
def test_whatever_is_accepted_runs_no_value(line: str, one: str, other: str) -> None:
    ran = harm(line, one, other)
    assert not ran, ran


def harm(line: str, one: str, other: str) -> str:
    """The script and the shell that touched the file, for an accepted line; "" if none did, or it was refused."""
    text, values = "", ("{{ params.a }}", "{{ params.b }}")
    for number, part in enumerate(re.split(r"@", line)):
        text += (values[number % 2] if number else "") + part
    if "{{" not in text or wrong(text):
        return ""
    try:
        script = render_command(text, {"params": {"a": one, "b": other}, "steps": {}, "run": {}})
    except ExpressionError:
        return ""
    assert isinstance(script, str)
    return next((f"{shell}: {script}" for shell in SHELLS if _touched(shell, script)), "")


def _touched(shell: str, script: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "SHELL": shell, "SH": "sh", "HOME": folder}
        subprocess.run(
            ["timeout", "-s", "KILL", "10", shell, "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return (Path(folder) / "it").exists()
