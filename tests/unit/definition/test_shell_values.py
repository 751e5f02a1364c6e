"""What an expression gives is data in a shell line: dash and bash hand it on byte for byte, and run none of it."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.core.steps import Json
from orchestrator.expressions import ExpressionError
from orchestrator.expressions.shell import SHELL, code_in, render_command, words, wrong

SHELLS = sorted({os.path.realpath(path) for name in ("sh", "dash", "bash") if (path := shutil.which(name))})

HOSTILE = [
    *("", " ", " a  b ", "\t", "a\nb", "x\n", "\n", "\r\n", "\n# ", "\\\n", "\x01", "\x7f", "\x1b[0m", "é\x81\u2028😀"),
    *("'", "''", "'\\''", '"', "\\", "\\\\", "\\'", "`", "$", "$(", "${", "$'x'", "~", "*", "[a]", "{a,b}", "!x", "#x"),
    *("-n", "-e", "--", "%s", "2", "a=b", "if", "case", "esac", "}", ")", ";;", "(", "<<EOF", "EOF", "&", "|", ">x"),
    *("; touch it", "$(touch it)", "`touch it`", "'; touch it; '", '"; touch it; "', "a[$(touch it)]", "\ntouch it\n"),
    *("\nEOF\ntouch it\n", ")\ntouch it\n", "$HOME", "{{ params.x }}", "{% raw %}", "a`b'c\"d\\e$f"),
]
X = "{{ params.x }}"


def context(value: Json) -> dict[str, Json]:
    return {"params": {"x": value}, "steps": {}, "run": {}}


def rendered(line: str, value: Json) -> str:
    text = render_command(line, context(value))
    assert isinstance(text, str)
    return text


def printed(shell: str, script: str, folder: Path) -> list[str]:
    """What a script prints with ``printf '%s\\0'``. It must leave nothing in its folder."""
    folder.mkdir(exist_ok=True)
    run = [shell, "-c", f"h=home\n{script}"]
    done = subprocess.run(run, cwd=folder, capture_output=True, check=False, timeout=180, stdin=subprocess.DEVNULL)
    assert done.stderr == b""
    assert list(folder.iterdir()) == []
    return done.stdout.decode().split("\0")[:-1]


PLACES = {
    X: "{}",
    f'"{X}"': "{}",
    f"'{X}'": "{}",
    f"--x={X}": "--x={}",
    f"\"a {X} b\"{X}'{X}'": "a {} b{}{}",
    f'$h{X}"$h{X}"': "home{}home{}",
    f"\\\\{X}'\\{X}'\"\\\\{X}\"": "\\{}\\{}\\{}",
    f'"$(printf %s. {X})"': "{}.",
    f'"$(printf %s. "$(printf %s. "{X}")" \'{X}\')"': "{}..{}.",
    f'"${{none:-$(printf %s. {X})}}"': "{}.",
    f'"$(case {X} in "{X}") printf %s. \'{X}\';; esac)"': "{}.",
    f'"$(# don\'t\nprintf %s. {X} # `\n)"': "{}.",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_is_printed_as_it_is_wherever_it_stands(shell: str, tmp_path: Path) -> None:
    for place, text in PLACES.items():
        script = "\n".join(rendered(f"printf '%s\\0' {place}", value) for value in HOSTILE)
        assert printed(shell, script, tmp_path / "it") == [text.replace("{}", value) for value in HOSTILE]


class Lines:
    """Makes up lines that print, and says what; each holds the same value, in places of all sorts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        made_up = "".join(self.random.choice("ab'\"\\$`(){};|&<>#\n \t*?[]~!%=^-é") for _ in range(8))
        self.value = self.random.choice([*HOSTILE, made_up])

    def word(self, depth: int) -> tuple[str, str]:
        value, some = self.value, self.random.randrange(5 if depth <= 0 else 9)
        simple = [
            (X, value),
            (f'"a{X} b"', f"a{value} b"),
            (f"'a{X}\\'", f"a{value}\\"),
            (f'p\\q\\\\{X}"\\"\\\\{X}\\$"', f'pq\\{value}"\\{value}$'),
            (f'"$h{X}"', f"home{value}"),
        ]
        if some < len(simple):
            return simple[some]
        line, text = self.word(depth - 1)
        match some:
            case 5:
                more, rest = self.word(depth - 1)
                return line + more, text + rest
            case 6:
                return f"\"$(printf '%s.' {line})\"", f"{text}."
            case 7:
                return f'"{X}${{none:-$(printf "%s." {line})}}{X}"', f"{value}{text}.{value}"
            case _:
                return f"$((1 + 2)){line}", f"3{text}"

    def command(self, depth: int) -> tuple[str, list[str]]:
        line, text = self.word(depth)
        printing = f"printf '%s\\0' {line}"
        if depth <= 0:
            return printing, [text]
        inner, said = self.command(depth - 1)
        some = [
            (f"( {inner}\n)", said),
            (f"{{ {inner}\n}}", said),
            (f"if [ {X} = '{X}' ]; then {inner}\nfi", said),
            (f"case {line} in {line}) {inner}\n;; (b) : case x;; esac", said),
            (f"# it's \" ` $(\n{inner} # '\n", said),
            (f"cat >/dev/null <<EOF\nit's \" $h (\nEOF\n{inner}", said),
            (f"cat >/dev/null <<-'E F'\n\t`'\"\n\tE F\n{inner}", said),
            (f"f() {{ case z in z) {inner}\n;; esac; }}; f", said),
            (f"for i in {line} 'case'; do printf '%s\\0' \"$i\"; done", [text, "case"]),
            (f"v={line}; printf '%s\\0' \"$v\"; : $h#'{X}' ${{#h}} $# \\\n{X}", [text]),
            (f"{inner}\n{printing}", [*said, text]),
        ]
        return self.random.choice(some)


def lines(count: int) -> Iterator[tuple[str, list[str]]]:
    for seed in range(count):
        made = Lines(seed)
        line, said = made.command(1 + seed % 4)
        yield rendered(line, made.value), said


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_is_printed_as_it_is_in_lines_that_nobody_thought_of(shell: str, tmp_path: Path) -> None:
    made = list(lines(300))
    script = "\n".join(line for line, _ in made)
    assert printed(shell, script, tmp_path / "it") == [text for _, said in made for text in said]


VALUES: list[tuple[str, Json, str]] = [
    ("echo {{ params.x }}", 5, "echo '5'"),
    ("echo {{ params.x }}", True, "echo 'true'"),
    ("echo {{ params.x }}", None, "echo 'null'"),
    ("echo {{ params.x }}", ["a", "it's"], """echo '["a", "it'\\''s"]'"""),
    ('echo "{{ params.x }}"', "a", 'echo ""\'a\'""'),
    ("echo '{{ params.x }}'", "it's", "echo 'it'\\''s'"),
    ("echo $((1 + {{ params.x }}))", 5, "echo $((1 + 5))"),
    ("echo $((1 -{{ params.x }}))", -5, "echo $((1 -(-5)))"),
    ("echo $((1 + {{ params.x }}))", "12", "echo $((1 + 12))"),
    ("for i in {{ params.x | words }}; do :; done", ["a b", "it's", 5], "for i in 'a b' 'it'\\''s' '5'; do :; done"),
    ("for i in {{ params.x | words }}; do :; done", [], "for i in ; do :; done"),
    ("{{ params.x | raw }} # {{ params.x | raw }}", "ls | wc", "ls | wc # ls | wc"),
    ("cat <<EOF\n{{ params.x | upper | raw }}\nEOF", "a", "cat <<EOF\nA\nEOF"),
    ("no expression '", "a", "no expression '"),
]


@pytest.mark.parametrize(("line", "value", "text"), VALUES)
def test_a_value_is_written(line: str, value: Json, text: str) -> None:
    assert rendered(line, value) == text


REFUSED = {
    "# {{ params.x }}": (
        "{{ params.x }} in line 1 is in a comment, where no quoting is safe: "
        'use "$ORCHESTRATOR_PARAM_x" there; or, if it is code, write {{ params.x | raw }}'
    ),
    "cat <<EOF\n{{ params.x }}\nEOF": (
        "{{ params.x }} in line 2 is in a here-document, where no quoting is safe: "
        "use $ORCHESTRATOR_PARAM_x there; or, if it is code, write {{ params.x | raw }}"
    ),
    "cat <<'EOF'\n\n{{ params.x }}\nEOF": (
        "{{ params.x }} in line 3 is in a here-document, where no quoting is safe: "
        "use $ORCHESTRATOR_PARAM_x there, and remove the quotes around its delimiter; "
        "or, if it is code, write {{ params.x | raw }}"
    ),
    "echo `ls {{ run.id }}`": (
        "{{ run.id }} in line 1 is in `…`, where quotes mean something else (write $(…)), "
        'where no quoting is safe: write value={{ run.id }} on an earlier line, and use "$value" there; '
        "or, if it is code, write {{ run.id | raw }}"
    ),
    'bash -c "echo {{ params.x }}"': (
        "{{ params.x }} in line 1 is in a script for another shell (bash -c), where no quoting is safe: "
        """use '…"$ORCHESTRATOR_PARAM_x"…' in single quotes there; or, if it is code, write {{ params.x | raw }}"""
    ),
    "su root -c {{ params.x }}": (
        "{{ params.x }} in line 1 is in a script for another shell (su root -c), where no quoting is safe: "
        """use '…"$ORCHESTRATOR_PARAM_x"…' in single quotes there; or, if it is code, write {{ params.x | raw }}"""
    ),
    "sh -c -- 'echo {{ params.x }}'": (
        "{{ params.x }} in line 1 is in a script for another shell (sh -c --), where no quoting is safe: "
        """use '…"$ORCHESTRATOR_PARAM_x"…' in single quotes there; or, if it is code, write {{ params.x | raw }}"""
    ),
    "echo {{ params.x }} | sh": (
        "{{ params.x }} in line 1 is in a script for another shell (| sh), where no quoting is safe: "
        """use '…"$ORCHESTRATOR_PARAM_x"…' in single quotes there; or, if it is code, write {{ params.x | raw }}"""
    ),
    "$S -c {{ params.x }}": (
        "{{ params.x }} in line 1 is in what may be a script for another shell (… -c), where no quoting is safe: "
        """use '…"$ORCHESTRATOR_PARAM_x"…' in single quotes there; or, if it is code, write {{ params.x | raw }}"""
    ),
    "ssh host ls {{ params.x }}": (
        "{{ params.x }} in line 1 is in a script for a shell on another machine (ssh host ls), where no quoting is "
        "safe: send the value to the standard input of the program that runs there; "
        "or, if it is code, write {{ params.x | raw }}"
    ),
    "eval echo {{ run.id }}": (
        "{{ run.id }} in line 1 is in an argument of eval, which reads it as code, where no quoting is safe: "
        """write export value={{ run.id }} on an earlier line, and use '…"$value"…' in single quotes there; """
        "or, if it is code, write {{ run.id | raw }}"
    ),
    'echo "{{ params.x | words }}"': (
        "{{ params.x | words }} in line 1: 'words' produces several words, which cannot be inside quotes"
    ),
}


@pytest.mark.parametrize(("line", "words"), REFUSED.items())
def test_where_no_quoting_is_right_an_expression_is_refused(line: str, words: str) -> None:
    assert wrong(line) == [words]
    with pytest.raises(ExpressionError) as refused:
        rendered(line, "a")
    assert str(refused.value) == words


@pytest.mark.parametrize("value", ["a", "", "1 + 1", "08", "x[$(ls)]", "9" * 30, 1.5, True, None, [1]])
def test_only_a_whole_number_can_be_reckoned_with(value: Json) -> None:
    with pytest.raises(ExpressionError, match=r"^\{\{ params.x \}\}: expected a whole number in \$\(\(…\)\), got "):
        rendered("echo $(({{ params.x }}))", value)


def test_only_a_list_has_words() -> None:
    with pytest.raises(ExpressionError, match=r"expected a list for 'words', got 'a b'"):
        rendered("ls {{ params.x | words }}", "a b")


def test_a_line_in_a_list_of_words_is_one_too(tmp_path: Path) -> None:
    """And the other words are data anyway."""
    command: Json = ["bash", "-c", 'printf "%s\\n" {{ params.x }} "$1"', "bash", "{{ params.x }}"]
    value = "it's; touch it; $(touch it)"
    run = words(render_command(command, context(value)))
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=True)
    assert (done.stdout, list(tmp_path.iterdir())) == (f"{value}\n{value}\n", [])


#: Lists of words that give a shell a line.
GIVE_A_LINE: list[list[str]] = [
    ["sh", "-c", "--"],
    ["sh", "-c", "-"],
    ["sh", "-ec", "--"],
    ["sh", "+x", "-c"],
    ["sh", "-c", "+x"],
    ["bash", "-c", "-o", "pipefail", "--"],
    ["bash", "-euo", "pipefail", "-c"],
    ["bash", "-euoc", "pipefail"],
    ["bash", "--posix", "--norc", "-ec"],
    ["bash", "--rcfile", "none", "-c", "--"],
    ["timeout", "5", "sh", "-c", "--"],
    ["nice", "-n", "1", "sh", "-c"],
    ["env", "a=b", "sh", "-c", "--"],
    ["xargs", "sh", "-c"],
    ["flock", "/dev/null", "-c"],
]


@pytest.mark.parametrize("before", GIVE_A_LINE, ids=" ".join)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_is_data_in_a_line_that_a_list_gives_to_a_shell(before: list[str], shell: str, tmp_path: Path) -> None:
    """The shells at hand read it, each in the place of the one that is named."""
    if shutil.which(before[0]) is None:
        pytest.skip(f"no {before[0]} on this machine")
    value = "it's; touch it; $(touch it)"
    told = render_command([*before, f"printf '%s\\n' {X} \"{X}\" '{X}'"], context(value))
    assert isinstance(told, list)
    run = words([shell if word == "sh" else word for word in told])
    where = os.environ | {"SHELL": shell}
    done = subprocess.run(
        run, cwd=tmp_path, env=where, capture_output=True, text=True, timeout=180, check=True, input=""
    )
    assert (done.stdout, list(tmp_path.iterdir())) == (f"{value}\n" * 3, [])


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (["env", "-S", f"sh -c {X}"], "in what env -S splits into words, where no quoting is safe: pass the program"),
        (["watch", "-n", "5", f"ls {X}"], "in words that become a script for another shell, where no quoting is safe"),
        (["parallel", "ls", X], "in words that become a script for another shell, where no quoting is safe: write the"),
        (
            ["ssh", "host", "ls", X],
            "in a script for a shell on another machine, where no quoting is safe: send the value",
        ),
        (
            ["timeout", "5", "ssh", "host", X],
            "in a script for a shell on another machine, where no quoting is safe: send",
        ),
        (
            ["{{ run.id }}", "-c", X],
            "in what may be a script for another shell, where no quoting is safe: write out the pro",
        ),
    ],
)
def test_a_list_that_gives_a_value_to_who_reads_it_as_code_is_refused(command: list[str], wrong: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        render_command([*command], context("a"))
    assert str(refused.value).startswith(f"{X} is {wrong}")
    assert str(refused.value).endswith("; or, if it is code, write {{ params.x | raw }}")
    assert [sentence for _, sentence in code_in([*command])] == [str(refused.value)]


def test_a_list_may_hold_code_that_is_said_to_be_code() -> None:
    command: Json = ["ssh", "{{ params.x }}", "{{ params.x | raw }}"]
    assert render_command(command, context("a b")) == ["ssh", "a b", "a b"]


def test_an_argument_that_holds_the_line_itself_is_one() -> None:
    assert render_command(["flock", "f", f"--command=ls {X}"], context("a'b")) == [
        "flock",
        "f",
        "--command=ls 'a'\\''b'",
    ]


def test_a_text_that_gives_a_list_is_that_list() -> None:
    assert render_command("{{ params.x }}", context(["ls", "a b", "{{ it }}"])) == ["ls", "a b", "{{ it }}"]
    assert render_command("{{ params.x }}", context("ls a")) == "'ls a'"
    assert render_command("{{ params.x }} ", context(["ls"])) == "'[\"ls\"]' "
    assert render_command(["sh", "-c", "{{ params.x }}", "-c", "{{ params.x }}"], context("a b")) == (
        ["sh", "-c", "'a b'", "-c", "a b"]
    )


def test_a_line_ends_at_the_first_command_that_fails(tmp_path: Path) -> None:
    line = "echo a > one\nfalse || true\nif false; then :; fi\nls nowhere 2>/dev/null\necho b > two"
    done = subprocess.run(words(line), cwd=tmp_path, timeout=180, check=False)
    assert done.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert words(line) == [*SHELL, line]


def test_a_line_may_begin_with_a_dash() -> None:
    done = subprocess.run(words("-x || echo done"), capture_output=True, text=True, timeout=180, check=True)
    assert done.stdout == "done\n"
