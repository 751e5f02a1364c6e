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

from orchestrator.expressions import ExpressionError
from orchestrator.expressions.shell import LONGEST, code_in, render_command, wrong
from orchestrator.expressions.shell.places import places
from orchestrator.expressions.shell.quoting import HOLE

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
echo @ | "sh"
echo @ | s\h
echo @ | ${SHELL:-sh}
echo @ | `which sh`
echo @ | exec sh
echo @ | 2>&1 sh
echo @ | X=1 sh
echo @ | { sh <&0; }
echo @ | sh <&0
echo @ | sh 0<&0
echo @ | cat <(sh)
echo @ | cat | cat | (cat; sh)
echo @ | (cat; cat) | sh
exec 3<<< @; sh <&3
exec 3< <(echo @); sh <&3
sh 3<<< @ <&3
sh <&3 3<<< @
sh /dev/fd/3 3<<< @
. /dev/fd/3 3<<< @
sh < <(echo @)
sh < $(echo f) <<< @
echo @ | tee f | cat; sh f
echo @ > f & sh f
echo @ >f.sh; ./f.sh
echo @ >f.sh; bash -c ./f.sh
echo @ >f.sh; bash -c '. ./f.sh'
echo @ >f.sh; cat f.sh | bash
echo @ >f.sh; bash <f.sh
echo @ >f.sh; cat <f.sh | bash
echo @ >f.sh; bash <<< $(cat f.sh)
echo @ >f.sh; xargs sh -c < f.sh
echo @ >f.sh; find . -exec sh {} \;
echo @ >f.sh; mv f.sh g.sh; ./g.sh
echo @ >f.sh; ln -s f.sh g; sh g
dd of=f <<< @; sh f
sed -n "w f" <<< @; sh f
echo @ | sed 's/a/b/w f'; sh f
f=x.sh; echo @ > $f; sh $f
f=x.sh; echo @ > $f; . $f
f=x.sh; echo @ > "$f"; chmod +x "$f"; "./$f"
if read x; then eval "$x"; fi <<< @
x=`cat` <<< @; eval "$x"
while IFS= read -r l; do $l; done <<< @
select x in @; do $x; done
f() { $1; }; f @
f() { "$@"; }; f @
f() { shift; eval "$*"; }; f a @
set -- @; $1
set -- @; "$@"
a=(@); eval "${a[0]}"
a+=(@)
declare -a a=(@)
local -n x=@
let "x=@"
((x=@))
x[@]=1
echo ${x[@]}
[[ @ -eq 1 ]]
trap -- @ EXIT
PROMPT_COMMAND=@ bash -i
env BASH_ENV=@ bash -c :
env - BASH_ENV=@ bash -c :
IFS=@ ; eval a
bash --rcfile <(echo @) -i
bash --init-file <(echo @) -i
bash -O extglob -c @
bash -c -- @
bash -ic @
sh -euxc @
sh -e -c @
ENV=@ sh -i
git -c core.pager=@ log
git -c alias.x=@ x
tar xf a --to-command=@
make SHELL=@ x
sort --compress-program=@ f
ssh -o ProxyCommand=@ h
rsync -e @ a b
docker run --entrypoint sh img -c @
docker exec c bash -lc @
kubectl exec p -- bash -c @
kubectl run x --image=i -- sh -c @
su -c @
su - user -c @
su user -s /bin/sh -c @
sudo sh -c @
doas sh -c @
runuser -l u -c @
nohup sh -c @ &
time sh -c @
setsid bash -c @
script -c @ f
unshare -r sh -c @
chroot / sh -c @
nsenter -t 1 -m sh -c @
systemd-run sh -c @
flock f sh -c @
watch -n1 @
parallel @ ::: a
xargs -a f sh -c @
find . -name x -exec sh -c @ \;
find . -execdir bash -c @ {} +
env -S @
at now <<< @
batch <<< @
echo @ | crontab
expect -c @
tclsh <<< @
gdb -ex @
vim -c @ f
emacs --eval @
ruby -e @
awk @ f
osascript -e @
php -r @
lua -e @
julia -e @
node -p @
deno eval @
bun -e @
perl -ne @ f
python -c @
python3.11 -Ic @
psql -c @
mysql -e @
sqlite3 db @
busybox sh -c @
busybox ash -c @
toybox sh -c @
tmux new-session -d @
screen -dm sh -c @
ssh h -- @
autossh -M 0 h @
sshpass -p x ssh h @
vagrant ssh -c @
heroku run @
eval "$(echo @ | cat)"
""".strip().splitlines()

#: Lines that are as good as others'.
ACCEPTED = r"""
{ env | sort; echo @; } > @/env
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
. "$E"; sh $S; echo @ > "$ORCHESTRATOR_OUTPUTS"
chmod 644 f; echo @ > f; find . -name @
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
        "{{ params.x }} in line 1 is in the input of mytool, which may read it as code, where no quoting is safe: "
        "pass it as an argument, or let the program read it from the environment; "
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
    ("$SHELL -v {{ params.s }} {{ params.d }}", {"s": "-c", "d": "touch it"}, "a shell"),
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
        f"{{{{ params.s }}}} is {params['s']!r}, which {program} would take for an option, not for a value: "
        f"write '--' before it, or write out the option"
    )


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

#: Does nothing but where a shell reads it: as words, it is none that makes this file.
IT = "touch it$((6*7))"

#: Values each of which runs IT where it is read as a line, as a name or a number, or as more than one word.
HARMFUL = ["eval", "sh", IT, f"a[$({IT})]", f"$({IT})", f"; {IT}", f"'; {IT}; '", f"x; {IT} #", "-c"]

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


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_that_a_shell_runs_is_noticed(shell: str) -> None:
    assert _touched(shell, f"eval {shlex.quote(IT)}")
    assert not _touched(shell, f"echo {shlex.quote(IT)}; touch {shlex.quote(IT)}")


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
        return (Path(folder) / "it42").exists()
