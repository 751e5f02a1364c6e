"""Which of a command's words is read as code by the program that gets it: a line for a shell, above all."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from orchestrator.definition.shell.programs import CODE, code_words, reading, reads_code_from_input

#: Where such a word stands. In a LINE a value can be quoted, if its program is known to hand it to a shell as it is.
LINE = "in a line for another shell"
JOINED = "in words that become a line for another shell"
MAYBE = "in what may be a line for another shell"
REMOTE = "in a line for a shell on another machine"
SPLIT = "in what env -S splits into words"

#: The builtin that runs a file's lines, whose other name is ``.``.
SOURCE = "source"

_STDIN = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")

#: Stands for an expression in a word.
UNKNOWN = "\1"

#: Shells of other languages.
_OTHERS = ("csh", "elvish", "fish", "nu", "pwsh", "tcsh", "xonsh")
_SHELLS = frozenset(
    {*("sh", "ash", "bash", "bash5", "dash", "ksh", "ksh93", "mksh", "oksh", "posh", "rbash", "yash", "zsh"), *_OTHERS}
)
#: Programs that give the argument of their own ``-c`` to a shell.
_GIVE = frozenset({"flock", "runuser", "script", "su"})
#: Programs that join their operands to a line, and which of their options have an argument of its own.
_JOIN = {
    "ssh": (REMOTE, re.compile(r"-[A-Za-z0-9]*[BbcDEeFIiJLlmOopQRSWw]")),
    "watch": (JOINED, re.compile(r"-[a-z]*[nqs]|--interval|--equexit|--shotsdir")),
    "parallel": (JOINED, re.compile(r"-[jnNI]|--jobs|--delay|--timeout|--retries|--joblog|--results")),
}
#: Programs that run another: any of their words may be its name.
_BEFORE_PROGRAM = frozenset(
    {
        *(
            "builtin",
            "busybox",
            "chronic",
            "chroot",
            "chrt",
            "command",
            "doas",
            "env",
            "exec",
            "find",
            "flock",
            "ionice",
        ),
        *("docker", "kubectl", "nerdctl", "podman", "coproc"),
        *("nice", "nohup", "nsenter", "parallel", "runuser", "setpriv", "setsid", "stdbuf", "strace", "sudo"),
        *("systemd-run", "taskset", "time", "timeout", "unshare", "watch", "xargs"),
    }
)

_SHELL_C = re.compile(r"-[A-Za-z]*c[A-Za-z]*")
_GIVEN = re.compile(r"-[aefhlmnopqsuvxFP]*c|--(?:session-)?command")
_GIVEN_HERE = re.compile(r"(-[aefhlmnopqsuvxFP]*c|--(?:session-)?command=).+", re.DOTALL)
_ARGUMENT = re.compile(r"[-+][A-Za-z]*[oO][A-Za-z]*|--rcfile|--init-file")
_SPLIT = re.compile(r"-[0iv]*S|--split-string")
_SPLIT_HERE = re.compile(r"(-[0iv]*S|--split-string=).*", re.DOTALL)


def readings(words: Sequence[str]) -> dict[int, str]:
    """The numbers of the words that are, or would be, read as code, and where each then stands.

    A word is "" if it is not known before the command runs, and UNKNOWN stands in one for what is not. The last may be
    the beginning of one.
    """
    names = [PurePosixPath(word).name for word in words]
    far = _runs_another(words)
    found = dict(_unknown(words, far=far))
    for number, name in enumerate(names):
        if number and not far:
            break
        if name == "env":
            found |= _split(words, number)
        elif name in _JOIN and (name != "watch" or not {"-x", "--exec"} & set(words)):
            found |= dict.fromkeys(_operands(words, number, name), _JOIN[name][0])
    if (line := _line(words, names)) is not None:
        found.setdefault(line, LINE)
    return {**dict.fromkeys(code_words(words, far=far), CODE), **found}


def _runs_another(words: Sequence[str]) -> bool:
    return bool(words) and (
        _may_be_any(words[0]) or words[0].startswith("-") or PurePosixPath(words[0]).name in _BEFORE_PROGRAM
    )


def _may_be_any(program: str) -> bool:
    return not program or program.endswith("/") or UNKNOWN in program


def reads_input(words: Sequence[str]) -> bool:
    """Whether a command reads code from its standard input, as a shell without a script does."""
    names = [PurePosixPath(word).name for word in words]
    far = _runs_another(words)
    if reads_code_from_input(words, far=far) or _gives_input_to_a_line(words, names, far=far):
        return True
    if words[:1] in ([SOURCE], ["."]) and words[1:2] and words[1] in _STDIN:
        return True
    shell = next((n for n, name in enumerate(names) if name in _SHELLS and (far or not n)), None)
    if shell is None or any(_SHELL_C.fullmatch(word) for word in words[shell + 1 :]):
        return False
    if any(re.fullmatch(r"-[A-Za-z]*s[A-Za-z]*", word) for word in words[shell + 1 :]):
        return True
    operand = _first_operand(words, shell + 1)
    return operand >= len(words) or words[operand] in _STDIN


def reads_files(words: Sequence[str]) -> bool:
    """Whether a command may read a file that it is given as code."""
    names = [PurePosixPath(word).name for word in words]
    return any(
        name in _SHELLS or reading(name) is not None for name in (names if _runs_another(words) else names[:1])
    ) or words[:1] in ([SOURCE], ["."])


def _gives_input_to_a_line(words: Sequence[str], names: Sequence[str], *, far: bool) -> bool:
    """Whether what ``xargs`` reads comes into a line for a shell: ``xargs sh -c`` and ``xargs -I{} sh -c 'ls {}'``."""
    if "xargs" not in (names if far else names[:1]):
        return False
    line = _line(words, names)
    marks = {*re.findall(r"(?:^|\s)(?:-I|--replace=|-i)\s*(\S+)", " ".join(words)), "{}"}
    return line is not None and (line >= len(words) or any(mark in words[line] for mark in marks))


def _line(words: Sequence[str], names: Sequence[str]) -> int | None:
    """The word that is a shell's line: the last of ``[env, bash, -ec, --, LINE]`` and ``[flock, FILE, -c, LINE]``."""
    owner = ""
    for number, (word, name) in enumerate(zip(words, names, strict=True)):
        if owner in _SHELLS and _SHELL_C.fullmatch(word):
            return _first_operand(words, number + 1 + bool(_ARGUMENT.fullmatch(word)))
        if owner in _GIVE and _GIVEN.fullmatch(word):
            return number + 1
        if owner in _GIVE and _GIVEN_HERE.fullmatch(word):
            return number
        if name in _SHELLS or name in _GIVE:
            owner = name
    return None


def _first_operand(words: Sequence[str], number: int) -> int:
    """The first word from ``number`` on that is none of a shell's options."""
    while number < len(words) and words[number][:1] in ("-", "+") and words[number]:
        if words[number] in ("-", "--"):
            return number + 1
        number += 2 if _ARGUMENT.fullmatch(words[number]) else 1
    return number


def _unknown(words: Sequence[str], *, far: bool) -> Iterator[tuple[int, str]]:
    """What follows ``-c`` of a program that is not known: ``$SHELL -ec LINE``."""
    for start, program in enumerate(words if far else words[:1]):
        number = start + 1
        while _may_be_any(program) and number < len(words) and words[number][:1] in ("", UNKNOWN, "-", "+"):
            if _SHELL_C.fullmatch(words[number]):
                yield _first_operand(words, number + 1 + bool(_ARGUMENT.fullmatch(words[number]))), MAYBE
                break
            number += 1


def _split(words: Sequence[str], env: int) -> dict[int, str]:
    for number in range(env + 1, len(words)):
        if _SPLIT.fullmatch(words[number]) and number + 1 < len(words):
            return {number + 1: SPLIT}
        if _SPLIT_HERE.fullmatch(words[number]):
            return {number: SPLIT}
    return {}


def _operands(words: Sequence[str], program: int, name: str) -> Iterator[int]:
    """The words after a program that joins them, without its options, and without the host of ``ssh``."""
    number, host = program + 1, name == "ssh"
    while number < len(words) and words[number].startswith("-"):
        number += 2 if _JOIN[name][1].fullmatch(words[number]) else 1
    for operand in range(number + host, len(words)):
        if name == "parallel" and words[operand].startswith(":::"):
            return
        yield operand
