"""Prepares what a command step starts: its folder, its arguments, and the program that the first one names."""

import os
import re
import stat
from pathlib import Path

from orchestrator.errors import LaunchRefusedError
from orchestrator.expressions import as_text
from orchestrator.expressions.shell import SHELL
from orchestrator.jobs.process.environment import check_size
from orchestrator.ports import JobRequest
from orchestrator.text import quoted

#: Words that only a shell knows. In a list, no shell reads them: the first word is a program.
_OF_A_SHELL = re.compile(
    r"[.:!{]|\[\[|alias|bg|break|builtin|case|cd|command|continue|declare|eval|exec|exit|export|fg|for|function|getopts|hash|if"
    r"|jobs|let|local|read|readonly|return|set|shift|source|times?|trap|type|typeset|ulimit|umask|unalias|unset|until|wait|while"
)

#: Prints why there is nothing to run, and ends with the exit status that a shell would have.
_REFUSAL = """printf '%s\\n' "$1"; exit "$2" """


class _NoProgramError(Exception):
    """There is nothing to run: why, and the exit status that a shell would have."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def folder_of(request: JobRequest) -> Path:
    """The folder that the command runs in. Raises LaunchRefusedError if there is none."""
    folder = Path(request.run.folder or ".") / str(request.spec.get("cwd", "."))
    if not folder.is_dir():
        raise LaunchRefusedError(f"step '{request.step}': cwd: there is no folder {folder}")
    return folder


def command_of(request: JobRequest, path: str, cwd: Path) -> list[str]:
    """The words to run; the first one contains a slash. A shell runs a text; the first word of a list is a program.

    As in a shell, an attempt fails with 127 if the program does not exist, and with 126 if it cannot be run.
    """
    command, where = request.spec.get("command"), f"step '{request.step}': command"
    if isinstance(command, str):
        return [*SHELL, check_size(where, command)]
    if not isinstance(command, list) or not command:
        raise LaunchRefusedError(f"{where}: expected a list of words or a shell script, got {command!r}")
    word, *rest = (check_size(f"{where}[{number}]", as_text(item)) for number, item in enumerate(command))
    if not word.strip():
        raise LaunchRefusedError(f"{where}: expected a program as its first word, got {quoted(word)}")
    try:
        return [_program(word, path, cwd), *rest]
    except _NoProgramError as error:
        return ["/bin/sh", "-c", _REFUSAL, "orchestrator", f"{quoted(word)}: {error}", str(error.status)]


def why_not(command: list[str]) -> str | None:
    """Why there is nothing to run, if ``command_of`` found that. Another attempt would fail the same way."""
    return f"exit status {command[5]}: {command[4]}" if command[2:3] == [_REFUSAL] else None


def _program(word: str, path: str, cwd: Path) -> str:
    """The path of a program: as it is written if it is a path, otherwise where it is found in PATH."""
    if "/" in word:
        _check(cwd / word)
        return word
    found = [cwd / place / word for place in path.split(os.pathsep) if _is_file(cwd / place / word)]
    runnable = next((file for file in found if os.access(file, os.X_OK)), None)
    if not found:
        raise _NoProgramError(127, f"not found: there is no program of this name in PATH{_hint(word, cwd)}")
    _check(runnable or found[0])
    return str((runnable or found[0]).absolute())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a NUL in it
        return False


def _check(file: Path) -> None:
    """Raises _NoProgramError if a file cannot be run."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in str(file))
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise _NoProgramError(127, f"not found: there is no file {shown}") from error
    if not stat.S_ISREG(mode):
        raise _NoProgramError(
            126, f"not executable: {shown} is {'a folder' if stat.S_ISDIR(mode) else 'no plain file'}"
        )
    if not os.access(file, os.X_OK):
        raise _NoProgramError(126, f"not executable: chmod +x {shown}, or name its interpreter before it")
    if interpreter := _interpreter(file):
        raise _NoProgramError(127, f"not found: {quoted(interpreter)}, which the first line of {shown} names")


def _interpreter(file: Path) -> str:
    """The interpreter that a script names and that is not there; "" if nothing is wrong with it."""
    try:
        with file.open("rb") as script:
            first = script.readline(256)
    except OSError:  # it may be run, and not read
        return ""
    words = first[2:].strip(b" \t\n").split(b" ", 1) if first.startswith(b"#!") else [b""]
    named = os.fsdecode(words[0])
    return named if named.startswith("/") and not Path(named).exists() else ""


def _hint(word: str, cwd: Path) -> str:
    if _OF_A_SHELL.fullmatch(word):
        return ": it is a shell builtin or keyword: write the command as one text, which a shell runs"
    if "=" in word:
        return ": variables go into 'env'"
    if word.split()[1:]:
        return ": make each word an item of its own, or write the command as one text, which a shell runs"
    return f": the file in the working folder is './{word}'" if _is_file(cwd / word) else ""
