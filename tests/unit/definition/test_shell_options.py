"""A value is not an option of a program that would run code because of it."""

import pytest

from orchestrator.expressions import ExpressionError
from orchestrator.expressions.shell import code_in, render_command, wrong

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
    ("make {{ params.s }}", {"s": "SHELL=/tmp/x"}, "make"),
    ("gmake {{ params.s }}", {"s": "SHELL=/tmp/x"}, "gmake"),
    ("gmake {{ params.s }}", {"s": "--eval=x:;touch it"}, "gmake"),
    ("nvim {{ params.s }}", {"s": "+!touch it"}, "nvim"),
    ("gtar xf {{ params.s }}", {"s": "--to-command=touch it"}, "gtar"),
    ("gsort {{ params.s }}", {"s": "--compress-program=./x"}, "gsort"),
    ("genv {{ params.s }} ls", {"s": "LD_PRELOAD=x"}, "genv"),
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


def test_after_many_programs_in_one_command_all_words_are_options() -> None:
    context = {"params": {"x": "-c"}, "steps": {}, "run": {}}
    command = ["sudo", "-u", *["sh", "x.sh"] * 6, "--", "{{ params.x }}"]
    assert render_command([*command], context) == [*command[:-1], "-c"]
    with pytest.raises(ExpressionError, match="which sh would take for an option"):
        render_command([*command[:2], *["sh", "x.sh"] * 8, "--", "{{ params.x }}"], context)
