"""Ways by which a value comes to be read as code after all: each is refused, and each is one that shells do go."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.expressions import ExpressionError
from orchestrator.expressions.shell import code_in, render_command, wrong

X = "{{ params.x }}"
IT = "touch it"
SUBSCRIPT = "a[$(touch it)]"
BASH = shutil.which("bash") or "bash"

#: A line for bash in which each ``@`` is a value, and one that does ``touch it`` there although it is quoted.
ROUTES: list[tuple[str, str]] = [
    ("source <(echo @)", IT),
    (". <(printf '%s\n' @)", IT),
    ("bash <(echo @)", IT),
    ("bash < <(echo @)", IT),
    ("< <(echo @) bash", IT),
    (". /dev/stdin <<< @", IT),
    ("source /dev/stdin <<< @", IT),
    ("<<< @ bash", IT),
    ("bash -s <<< @", IT),
    ("echo @ | . /dev/stdin", IT),
    ('eval "$(echo @)"', IT),
    ("eval `echo @`", IT),
    ("X=@; eval $X", IT),
    ('X=@; eval "$X"', IT),
    ('X=@; Y=$X; eval "$Y"', IT),
    ('X=$(echo @); eval "$X"', IT),
    ('export X=@; bash -c "$X"', IT),
    ("export X=@; bash -c 'eval \"$X\"'", IT),
    ("export X=@; eval 'eval \"$X\"'", IT),
    ("X=@ bash -c 'bash -c \"$X\"'", IT),
    ("declare X=@; eval $X", IT),
    ('read -r X <<< @; eval "$X"', IT),
    ('read -r X < <(echo @); eval "$X"', IT),
    ('echo @ | while read -r x; do eval "$x"; done', IT),
    ('while read -r x; do eval "$x"; done < <(echo @)', IT),
    ('echo @ | ( read -r x; eval "$x" )', IT),
    ('for x in a @; do eval ": $x"; done', f"; {IT}"),
    ('set -- @; eval "$1"', IT),
    ('set -- @; eval "$@"', IT),
    ('mapfile -t a <<< @; eval "${a[0]}"', IT),
    ('printf -v X %s @; eval "$X"', IT),
    ('f() { eval "$1"; }; f @', IT),
    ('function f { eval "$1"; }; f @', IT),
    ('f() { bash -c "$1"; }; g() { f "$1"; }; g @', IT),
    ("X=@; $X", IT),
    ("X=@; env $X", IT),
    ('X=@; trap "$X" EXIT', IT),
    ("trap @ EXIT", IT),
    ("shopt -s expand_aliases; alias x=@\nx", IT),
    ("bash <<EOF\n$ORCHESTRATOR_PARAM_x\n@\nEOF", IT),
    ("X=@; bash <<EOF\n$X\nEOF", IT),
    ("X=@; cat <<EOF | bash\n$X\nEOF", IT),
    ("X=@; bash <<< $X", IT),
    ('X=@; echo "$X" | bash', IT),
    ('X=@; . <(echo "$X")', IT),
    ("echo @ > x.sh; . ./x.sh; rm x.sh", IT),
    ("echo @ | tee x.sh >/dev/null; bash x.sh; rm x.sh", IT),
    ("printf '%s\\n' @ > x.sh; chmod +x x.sh; ./x.sh; rm x.sh", IT),
    ("echo @ | xargs -d '\\n' bash -c", IT),
    ("echo @ | xargs -I{} bash -c '{}'", IT),
    ("echo @ | xargs -I % bash -c %", IT),
    ("find . -maxdepth 0 -exec bash -c @ \\;", IT),
    ("awk 'BEGIN { @ }'", 'system("touch it")'),
    ("awk @", 'BEGIN { system("touch it") }'),
    ("echo a | awk -v x=1 -F : @", '{ system("touch it") }'),
    ("echo a | sed @", "1e touch it"),
    ('echo a | sed -n -e "s/a/@/"', "b/; 1e touch it\n#"),
    ("perl -e @", "system 'touch it'"),
    ("echo a | perl -lne @", "system 'touch it'"),
    ('python3 -c "print(@)"', "__import__('os').system('touch it')"),
    ("python3 <<< @", "import os; os.system('touch it')"),
    ("echo @ | python3 -", "import os; os.system('touch it')"),
    ("python3 <(echo @)", "import os; os.system('touch it')"),
    ("echo $(( $(echo @) ))", SUBSCRIPT),
    ("n=@; echo $((n + 1))", SUBSCRIPT),
    ("n=@; echo $(( $n + 1 ))", SUBSCRIPT),
    ("n=@; (( n > 1 ))", SUBSCRIPT),
    ("n=@; let m=n", SUBSCRIPT),
    ("n=@; [[ $n -eq 1 ]]", SUBSCRIPT),
    ("n=@; s=abc; echo ${s:$n}", SUBSCRIPT),
    ("n=@; s=(a); echo ${s[$n]}", SUBSCRIPT),
    ('n=@; echo "${!n}"', SUBSCRIPT),
    ('n=@; test -v "$n"', SUBSCRIPT),
    ("test -v @", SUBSCRIPT),
    ("[ -v @ ]", SUBSCRIPT),
    ("[[ -v a[@] ]]", "$(touch it)"),
    ("declare -a a; unset @", SUBSCRIPT),
    ('declare -a a; n=@; unset "$n"', SUBSCRIPT),
    ("read @ <<< 1", SUBSCRIPT),
    ("printf -v @ x", SUBSCRIPT),
    ("declare -i n=@", SUBSCRIPT),
    ("declare @=1", SUBSCRIPT),
    ("declare -n n=@; echo $n", SUBSCRIPT),
    ("BASH_ENV=@ bash -c :", "$(touch it)"),
    ("export BASH_ENV=@; bash -c :", "$(touch it)"),
    ("2>/dev/null eval @", IT),
    ("function f { eval @; }; f", IT),
    ("set -- a; for x do eval @; done", IT),
    ("time -p eval @", IT),
    ("command -p eval @", IT),
    ("time -p bash -c @", IT),
    ("n=@; declare -a a; a[n]=1", SUBSCRIPT),
    ("n=@; declare -a a; a[$n]=1", SUBSCRIPT),
    ("n=@; declare -i m=n", SUBSCRIPT),
    ("X=@; cat <<EOF |\n$X\nEOF\nbash", IT),
    ('echo @ | bash -c "$(cat)"', IT),
    ("bash -c 'eval \"$1\"' _ @", IT),
    ("bash -c '$0' @", IT),
    ("bash -c 'bash -c \"$1\"' _ @", IT),
    ("find . -maxdepth 0 -exec bash -c 'eval \"$1\"' _ @ \\;", IT),
    ('declare -a X; X[0]=@; eval "${X[0]}"', IT),
    (': ${X:=$(echo @)}; eval "$X"', IT),
    ("echo @ >> f; bash < f; rm f", IT),
    ("$'eval' @", IT),
    ("x=@; echo `eval $x`", IT),
    ("x=@; $(echo $x)", IT),
    ("$(echo @)", IT),
    ("PS4=@; set -x; :", "$(touch it)"),
]

#: And some whose program need not be here.
OTHERS = [
    *(". -- @", "fish -c @", "csh -c @", "make --eval=@", "make -f <(echo @)", "vim -c @", "git -c alias.x=@ x"),
    *("tar xf a --to-command @", "rsync -e @ a b", "ssh -o ProxyCommand=@ h ls", "sort --compress-program=@ f"),
    *("perl -Mx=@ f", "git -c core.sshCommand=@ fetch", "make X=@", "make -j2 all X=@", "gmake -C d all install X=@"),
    *("split --filter=@ f", "split --filter @ f", "split -l 5 --fil=@ f", "ed @", "ed -s @ < /dev/null", "red -p x @"),
    *("zip x f -T -TT @", "wget --use-askpass=@ u", "wget -e @ u", "git config alias.z @", "git config core.pager @"),
    *("echo @ > x.awk; awk -f x.awk f", "echo @ > x.awk; gawk --file=x.awk f", "echo @ > x.sed; sed -nf x.sed f"),
    *(
        "echo @ > Makefile; make",
        "cd d; echo @ > makefile; gmake all",
        "echo @ > x.mk; make -f x.mk",
        "tee x.mk <<< @; make -fx.mk",
    ),
    *("tcpdump -z @ -w f", "tcpdump -lz @", "nc -e @ h 1", "ncat --sh-exec @ h 1", "netcat -lc @"),
    *("ssh host @", "ssh host bash -c @", "echo @ | ssh host", "gcloud compute ssh vm --command @", "alias ll='ls @'"),
    *("ruby -e @", "node -e @", "node --eval=@", "php -r @", "lua -e @", "Rscript -e @", "gawk --source @ f"),
    *(
        "sqlite3 db @",
        "echo @ | sqlite3 db",
        "psql -c @",
        "psql --command=@",
        "mysql -e @",
        "echo @ | mysql",
        "echo @ | at now",
    ),
    *(
        "docker exec c sh -c @",
        "docker run --rm image bash -c 'ls @'",
        "kubectl exec pod -- sh -c @",
        "echo @ | parallel",
    ),
    *("echo @ | docker exec -i c sh", ". @", "source @", "PATH=@:$PATH", "LD_PRELOAD=@ ls", "env LD_PRELOAD=@ ls"),
    *("GIT_SSH_COMMAND=@ git pull", "export PYTHONPATH=@", "mapfile @ < f", "python3.12 -Wi -c @", "sudo python -c @"),
    *(
        "echo url=@ > c; curl -K c u",
        "echo url=@ > c; curl -sSKc",
        "echo url=@ > c; curl --config=c",
        "curl -K <(echo @)",
    ),
    *("echo @ | curl -K -", "echo a=@ > c; wget --config=c u", "echo @ > c; psql --file=c", "echo @ > c; ssh -Fc h ls"),
    *(
        "echo @ > c; mysql --defaults-file=c",
        "echo @ > c; BASH_ENV=c bash -c ls",
        "echo @ > c; export ENV=./c; sh x.sh",
    ),
    *("echo @ > c; PYTHONSTARTUP=c python -i", "echo @ > c; env BASH_ENV=c bash x.sh", "echo @ > c; crontab c"),
    *("echo @ >> ~/.bashrc", 'echo "alias x=\'@\'" >> "$HOME/.bash_aliases"', "printf %s @ | tee -a ~/.profile"),
    *("echo @ > f; cp f ~/.zshrc", "echo @ > f; mv f ~/.vimrc", "dd of=$HOME/.bash_login <<< @", "echo @ > .envrc"),
    *("cat <<EOF >> ~/.bashrc\nexport X=@\nEOF", "echo @ >> ~/.ssh/config", "tee ~/.ssh/authorized_keys <<< @"),
    *(
        "echo @ > .git/hooks/pre-commit",
        "echo @ >> ~/.gitconfig",
        "echo @ > /etc/cron.d/job",
        "(crontab -l; echo @) | crontab -",
    ),
    *(
        "echo @ > Makefile",
        "echo @ > Dockerfile",
        "echo @ > t/conftest.py",
        "echo @ > sitecustomize.py",
        "echo @ > v/x.pth",
    ),
    *("echo @ >> ~/.wgetrc", "echo @ > .curlrc", "echo @ > /etc/profile.d/x.sh", "echo @ > f; install -t ~ f .psqlrc"),
    *("timeout 5 awk @ f", "find . -exec perl -e @ {} +", "perl -Mstrict -we @", "getopts @ x", "complete -C @ ls"),
]

#: Lines in which values are data, and which look like the others.
INNOCENT = [
    *(
        "git commit -m @",
        "git -c user.name=@ commit",
        "tar czf @ -C @ .",
        "rsync -a @ @",
        "vim @",
        "make -C @",
        "make @",
        "echo @ > f; make all",
        "split -l 5 @",
        "zip x.zip @",
        "wget @",
        "nc @ 80",
        "tcpdump -w @",
        "git config user.name @",
        "sort -o @ f",
    ),
    *(
        "bash -c 'ls \"$1\"' _ @",
        "ssh -p 22 @ ls",
        "$(command -v ls) @",
        "echo $(ls @)",
        'X=@; bash -c \'ls "$1"\' _ "$X"',
    ),
    *('X=@; echo "$X"', 'X=@; bash -c \'echo "$1"\' bash "$X"', "for x in @; do ls $x; done", 'f() { ls "$1"; }; f @'),
    *(
        'eval "$(ssh-agent -s)"; ls @',
        'X=@; eval "$(ssh-agent -s)"; ls "$X"',
        ". ./env.sh @; ls @",
        "source env.sh; X=@",
    ),
    *(
        "python script.py -c @",
        "python -m http.server -d @",
        "python3 -c 'import sys; print(sys.argv)' @",
        "perl x.pl -e @",
    ),
    *(
        "awk '{ print $1 }' @",
        "awk -v x=@ '{ print x }' f",
        "awk -F@ '{ print }' f",
        "awk -f prog.awk @",
        "sed -n 1p @",
    ),
    *(
        "sed -e s/a/b/ @",
        "sed -f script @",
        "sed -i s/a/b/ @ @",
        "ruby x.rb @",
        "node x.js --eval @",
        "perl -ne print @",
    ),
    *("sqlite3 @ 'select 1'", "psql -h @ -c 'select 1'", "export X=@ Y=@", "readonly X=@", "declare X=@", "test @ = @"),
    *("[ -f @ ]", "printf '%s' @", "read -r x < @", "tar xf @ -C @", "curl -o @ @", "git clone @", "echo @ > @; cat @"),
    *(
        "echo @ > out.txt; bash run.sh out.txt.x",
        "echo @ | xargs ls",
        "find @ -exec ls {} \\;",
        "diff <(sort @) <(sort @)",
    ),
    *("tee @ < f; ls", "docker run image @", "kubectl get pod @", "timeout 5 python x.py @", "n=1; echo $((n + 1)) @"),
    *("mkdir -p @/x && cd @ && ls", 'while read -r x; do echo "$x"; done < <(cat @)', "DATE=@ ./job.sh @"),
    *(
        "cat <<EOF > f\n$X\nEOF\nls @",
        "bash <<'EOF'\necho \"$ORCHESTRATOR_PARAM_x\"\nEOF",
        "GIT_BRANCH=@ make",
        "[[ -n $x ]] && ls @",
    ),
    *(
        'echo "$ORCHESTRATOR_PARAM_x"',
        "bash -c 'echo \"$ORCHESTRATOR_PARAM_x\"'",
        "eval 'ls \"$ORCHESTRATOR_PARAM_x\"'",
    ),
    *(
        "$TOOL @",
        'X=@; "$TOOL" "$X"',
        "${X:-ls} @",
        "gsutil cp @ gs://b/@",
        "bq load @",
        "cat ~/.bashrc; echo @ > f",
        "grep @ ~/.bashrc",
        ". ~/.bashrc; ls @",
        "cp ~/.bashrc f; echo @",
        "cp Makefile @; make all",
        "echo @ > .env",
        "echo @ > settings.cfg",
        "echo @ > config",
        "echo @ > ssh/config.json",
        "echo @ >> ~/.netrc",
        "curl -o ~/f -d k=@ u",
        "curl -Ssf u/@ > f",
        "PATH=bin:$PATH ls @",
        "echo @ > out; PYTHONPATH=src python x.py",
        "echo @ > cron.txt",
        "wget --config=c @",
        "gcloud compute ssh @ --command ls",
    ),
]

#: Params that the environment has, where another shell would read them as code; and what is said of the first.
BY_ENVIRONMENT = {
    "eval $ORCHESTRATOR_PARAM_x": (
        "$ORCHESTRATOR_PARAM_x in line 1 is in an argument of eval, which reads it as code, where no quoting is "
        "safe: use '…\"$ORCHESTRATOR_PARAM_x\"…' in single quotes there"
    ),
    "cd /\nbash <<EOF\nls ${ORCHESTRATOR_PARAM_x}\nEOF": (
        "$ORCHESTRATOR_PARAM_x in line 3 is in a here-document that is a script for another shell (bash), where no "
        'quoting is safe: put quotes around its delimiter, and use "$ORCHESTRATOR_PARAM_x" in double quotes there'
    ),
    "echo $((ORCHESTRATOR_PARAM_x + 1))": (
        "$ORCHESTRATOR_PARAM_x in line 1 is in what bash evaluates as arithmetic, in which it looks for code, "
        "where no quoting is safe: write $(({{ … }})) there, which accepts only whole numbers"
    ),
    'bash -c "ls $ORCHESTRATOR_PARAM_x"': "",
    'echo "$ORCHESTRATOR_PARAM_x" | sh': "",
    'X=$ORCHESTRATOR_PARAM_x; eval "$X"': "",
    "bash -c 'eval \"$ORCHESTRATOR_PARAM_x\"'": "",
    'awk "{ print $ORCHESTRATOR_PARAM_x }"': "",
    ". <(echo $ORCHESTRATOR_PARAM_x)": "",
    'X="a ${ORCHESTRATOR_PARAM_x}"\ncat <<EOF | sh\n$X\nEOF': "",
    "${!ORCHESTRATOR_PARAM_x}": "",
    "source <<< $ORCHESTRATOR_PARAM_x /dev/stdin": "",
}


#: Where a value is a part of what is quoted already.
RAW = re.compile(r"[(/\[]@|\{ @")


def put(line: str, text: str) -> str:
    """``text`` in the place of each @ that is no part of ``$@``."""
    return re.sub(r"(?<!\$)@", lambda _: text, line)


@pytest.mark.parametrize("line", [line for line, _ in ROUTES] + OTHERS)
def test_a_way_round_is_refused(line: str) -> None:
    told = wrong(put(line, X))
    assert told
    assert all("where no quoting is safe: " in sentence for sentence in told)
    with pytest.raises(ExpressionError):
        render_command(put(line, X), {"params": {"x": "a"}, "steps": {}, "run": {}})


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize(("line", "value"), ROUTES)
def test_a_way_round_is_one_that_bash_goes(line: str, value: str, tmp_path: Path) -> None:
    """Were it not refused, and the value quoted as a word."""
    for program in ("python3", "perl", "xargs"):
        if program in line and shutil.which(program) is None:
            pytest.skip(f"no {program} on this machine")
    script = put(line, value if RAW.search(line) else shlex.quote(value))
    environment = os.environ | {"ORCHESTRATOR_PARAM_x": value}
    subprocess.run(
        [BASH, "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=180, check=False, input=b""
    )
    assert [path.name for path in tmp_path.iterdir() if path.name == "it"] == ["it"]


@pytest.mark.parametrize("line", INNOCENT)
def test_a_line_that_only_looks_like_it_is_accepted(line: str) -> None:
    assert wrong(put(line, X)) == []


@pytest.mark.parametrize(("line", "sentence"), BY_ENVIRONMENT.items())
def test_a_params_variable_is_not_read_as_code_either(line: str, sentence: str) -> None:
    told = wrong(line)
    assert len(told) == 1
    assert told[0] == sentence or not sentence


@pytest.mark.parametrize(
    "command",
    [
        *(["python3", "-c", f"print({X})"], ["perl", "-lne", X], ["awk", X, "f"], ["sed", "-i", f"s/a/{X}/", "f"]),
        *(["timeout", "5", "python", "-c", X], ["sqlite3", "db", f"select '{X}'"], ["node", f"--eval={X}"]),
    ],
)
def test_in_a_list_a_value_is_no_part_of_code_for_another_program(command: list[str]) -> None:
    (sentence,) = [sentence for _, sentence in code_in([*command])]
    assert sentence == (
        "{{ params.x }} is in code for another program, where no quoting is safe: pass the value as a "
        "separate argument, or let it read the value from the environment; "
        "or, if it is code, write {{ params.x | raw }}"
    )


def test_in_a_list_a_value_is_no_argument_of_a_line_that_reads_it_as_code() -> None:
    ((number, sentence),) = code_in(["bash", "-c", 'eval "$1"', "bash", X])
    assert number == 4
    assert sentence.startswith(f'{X} is in an argument of a script that reads it as code (eval "$1"), where no')
    assert list(code_in(["bash", "-c", 'ls "$1"', "bash", X])) == []


@pytest.mark.parametrize(
    "command",
    [
        ["python", "x.py", "-c", X],
        ["python", "-c", "import x", X],
        ["awk", "-v", f"x={X}", "{ print x }", X],
        ["sed", "1p", X],
    ],
)
def test_in_a_list_an_argument_of_code_is_data(command: list[str]) -> None:
    assert list(code_in([*command])) == []
