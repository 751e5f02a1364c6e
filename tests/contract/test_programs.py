"""What a command is started with: the program that its first word names, its words as they are, and its environment."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.core.steps import Json
from orchestrator.errors import LaunchRefusedError
from tests.contract.benches import Bench, process

JOB = "runs/run-1/steps/000-orders/1"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return process(tmp_path)


def said(bench: Bench, command: Json, **spec: Json) -> tuple[str | None, str]:
    """Why the command failed, None if it did not, and what it wrote."""
    over = bench.over(bench.backend.launch(bench.request({"command": command, **spec})).job)
    assert (over.outcome is Outcome.SUCCEEDED) == (over.error is None)
    return over.error, (bench.folder / "home" / JOB / "log").read_text()


def script(path: Path, text: str, mode: int = 0o755) -> None:
    path.write_text(text)
    path.chmod(mode)


@pytest.mark.parametrize(
    "words", [["a  b", "*", "$HOME", "C:\\new", "it's", '"', "-n", "a=b", "", "line\nbreak", "é", "{", ";", "`"]]
)
def test_the_words_of_a_list_reach_the_program_as_they_were_written(bench: Bench, words: list[Json]) -> None:
    command = ["python", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *words]
    error, log = said(bench, command)
    assert error is None
    assert json.loads(log) == words


@pytest.mark.parametrize("word", ["C:\\new", "a\\tb", "\\0101", "-e", "\\c"])
def test_echo_is_the_program_and_not_the_shells_own(bench: Bench, word: str) -> None:
    assert said(bench, ["echo", "x", word]) == (None, f"x {word}\n")


IS_OF_A_SHELL = (
    "exit status 127: '{}': not found: there is no program of this name in PATH: it is a shell builtin or "
    "keyword: write the command as one text, which a shell runs"
)


@pytest.mark.parametrize(
    "command",
    [["exec", "sh", "-c", "echo x >> count"], ["unset", "folder"], ["trap", ""], ["eval", "true"], [".", "x"], [":"]],
    ids=lambda command: command[0],
)
def test_the_first_word_of_a_list_is_never_a_word_of_the_shell(
    bench: Bench, command: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"/usr/bin{os.pathsep}/bin")
    expected = IS_OF_A_SHELL.format(command[0])
    assert said(bench, command) == (expected, f"{expected.removeprefix('exit status 127: ')}\n")
    assert (bench.over(JOB).cause, bench.over(JOB).permanent) == ("exit", True)  # another attempt would find the same
    assert not (bench.folder / "count").exists()


NO_PROGRAM = "not found: there is no program of this name in PATH"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (["no-such-program", "x"], f"exit status 127: 'no-such-program': {NO_PROGRAM}"),
        (["-n", "x"], f"exit status 127: '-n': {NO_PROGRAM}"),
        (["="], f"exit status 127: '=': {NO_PROGRAM}: variables go into 'env'"),
        (["A=b", "true"], f"exit status 127: 'A=b': {NO_PROGRAM}: variables go into 'env'"),
        (["a\nb"], rf"exit status 127: 'a\nb': {NO_PROGRAM}: make each word an item of its own, or write the command "
                   "as one text, which a shell runs"),
        (["echo x"], f"exit status 127: 'echo x': {NO_PROGRAM}: make each word an item of its own, or write the "
                     "command as one text, which a shell runs"),
        (["x" * 300], f"exit status 127: '{'x' * 57}...': {NO_PROGRAM}"),
        (["job.sh"], f"exit status 127: 'job.sh': {NO_PROGRAM}: the file in the working folder is './job.sh'"),
        (["./nowhere"], "exit status 127: './nowhere': not found: there is no file {}/nowhere"),
        (["sub/x"], "exit status 127: 'sub/x': not found: there is no file {}/sub/x"),
        (["./plain"], "exit status 126: './plain': not executable: chmod +x {}/plain, or name its interpreter before "
                      "it"),
        (["./sub"], "exit status 126: './sub': not executable: {}/sub is a folder"),
        (["./lost"], "exit status 127: './lost': not found: '/no/such', which the first line of {}/lost names"),
        (["./dos"], r"exit status 127: './dos': not found: '/bin/sh\r', which the first line of {}/dos names"),
    ],
)  # fmt: skip
def test_a_program_that_cannot_be_run_is_told_in_one_line(bench: Bench, command: list[Json], error: str) -> None:
    script(bench.folder / "job.sh", "#!/bin/sh\n")
    script(bench.folder / "plain", "#!/bin/sh\n", 0o644)
    script(bench.folder / "lost", "#!/no/such\n")
    script(bench.folder / "dos", "#!/bin/sh\r\n")
    (bench.folder / "sub").mkdir()
    assert said(bench, command)[0] == error.format(bench.folder)


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (["./job.sh", "x"], "job x\n"),
        (["sub/job.sh", "x"], "job x\n"),
        (["tool", "-v"], "tool -v\n"),
        (["bare"], "y\n"),
    ],
)
def test_programs_are_found_by_their_path_and_in_path_from_the_working_folder(
    bench: Bench, command: list[Json], written: str
) -> None:
    (bench.folder / "sub").mkdir()
    for place in ("", "sub"):
        script(bench.folder / place / "job.sh", "#!/bin/sh\necho job $*\n")
    script(bench.folder / "sub" / "tool", "#!/bin/sh\necho tool $*\n")
    script(bench.folder / "sub" / "bare", "echo y\n")  # without a first line it is the shell's
    assert said(bench, command, env={"PATH": "sub:/usr/bin:/bin"}) == (None, written)


@pytest.mark.parametrize("word", ["", "  ", "\n"])
def test_a_first_word_that_is_empty_is_refused(bench: Bench, word: str) -> None:
    with pytest.raises(LaunchRefusedError, match="step 'orders': command: expected a program as its first word, got"):
        bench.backend.launch(bench.request({"command": [word, "x"]}))


def test_a_param_that_no_variable_holds_is_left_out_and_said_to_be_in_the_file_with_all_of_them(bench: Bench) -> None:
    params: dict[str, Json] = {"small": "a", "large": "x" * 147_000, "odd": "a\0b", "half": "\ud800", "list": [1, "é"]}
    command = (
        'echo "$ORCHESTRATOR_PARAM_small $ORCHESTRATOR_PARAM_list ${ORCHESTRATOR_PARAM_large-unset}'
        '${ORCHESTRATOR_PARAM_odd-unset}${ORCHESTRATOR_PARAM_half-unset}"; cp "$ORCHESTRATOR_PARAMS" seen'
    )
    request = bench.request({"command": command}, params=params)
    assert bench.over(bench.backend.launch(request).job).outcome is Outcome.SUCCEEDED
    assert json.loads((bench.folder / "seen").read_text()) == params
    where = "read it from the JSON file that $ORCHESTRATOR_PARAMS names"
    assert (bench.folder / "home" / JOB / "log").read_text().splitlines() == [
        *(f"orchestrator: param '{name}' does not fit into a variable: {where}"
          for name in ("large", "odd", "half")),
        'a [1, "é"] unsetunsetunset',
    ]  # fmt: skip


@pytest.mark.parametrize("each", [1_000, 60_000])
def test_many_params_are_variables_as_long_as_there_is_room(bench: Bench, each: int) -> None:
    params: dict[str, Json] = {f"p{number}": "x" * each for number in range(100)}
    request = bench.request({"command": "env | grep -c '^ORCHESTRATOR_PARAM_' > count"}, params=params)
    assert bench.over(bench.backend.launch(request).job).outcome is Outcome.SUCCEEDED
    assert int((bench.folder / "count").read_text()) == min(100, 256 * 1024 // each)


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({"command": "echo " + "x" * 147_000}, "command: expected at most 131,071 bytes, got 147,005"),
        ({"command": ["echo", "x" * 147_000]}, "command[1]: expected at most 131,071 bytes, got 147,000"),
        ({"command": "true", "env": {"A": "x" * 147_000}}, "env: A: expected at most 131,071 bytes, got 147,000"),
    ],
)
def test_a_word_or_variable_that_no_process_can_be_given_is_refused(
    bench: Bench, spec: dict[str, Json], what: str
) -> None:
    with pytest.raises(LaunchRefusedError) as refusal:
        bench.backend.launch(bench.request(spec))
    assert str(refusal.value) == (
        f"step 'orders': {what}: if a large param is in it, read it from the JSON file that $ORCHESTRATOR_PARAMS names"
    )


def test_the_attempt_of_another_run_in_the_same_folder_is_neither_found_nor_taken_over(bench: Bench) -> None:
    """An earlier run of that id, say, whose record is gone: names of jobs tell them apart."""
    theirs = bench.request(bench.good)
    ours = replace(theirs, name=theirs.name.replace(theirs.run.key, "bbbbbbbbbb"))
    bench.over(bench.backend.launch(theirs).job)
    assert bench.backend.find(theirs) is not None
    assert bench.backend.find(ours) is None
    with pytest.raises(
        LaunchRefusedError, match=f"{JOB}: this folder contains an attempt of another run: move the folder away"
    ):
        bench.backend.launch(ours)
