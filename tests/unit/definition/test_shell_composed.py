"""Composes shell scripts, and has the shells run those that are accepted: they run none of the values."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.expressions import ExpressionError
from orchestrator.expressions.shell import render_command, wrong

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
_WRAPPERS += [
    "stdbuf -o0",
    "nice timeout 5",
    "nice env A=@",
    "setsid",
    "! ",
    "xargs",
    "xargs -n1",
    "xargs -I{}",
    "X=@",
    "find . -maxdepth 0 -exec",
    "builtin --",
]
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
    "dd of=f",
    "./f",
    "cp f g; sh g;",
    "cat f > g; sh g;",
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
        st.builds(lambda line: f"X=@; Y=`{line.replace('@', '$X')}`; $Y", inner),
        st.builds(lambda line: f'X=@; echo "`{line.replace("@", "$X")}`"', inner),
        st.builds(lambda line: f"X=@; cat <<E\n$({line.replace('@', '$X')})\nE", inner),
    )


LINES = st.recursive(_simple, _compound, max_leaves=4)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_that_a_shell_runs_is_noticed(shell: str) -> None:
    assert _touched(shell, f"eval {shlex.quote(IT)}")
    assert not _touched(shell, f"echo {shlex.quote(IT)}; touch {shlex.quote(IT)}")


@settings(max_examples=2 * settings().max_examples, suppress_health_check=list(HealthCheck))
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
