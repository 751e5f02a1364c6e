"""Classifies programs by name: shells, programs that run others, and programs that treat everything as data."""

import re
from pathlib import PurePosixPath

_SHELL = re.compile(
    r"(sh|r?bash|dash|r?ash|[rz]?ksh|r?zsh|mksh|lksh|oksh|loksh|pdksh|yash|posh|hush|gash|osh|bosh|pbosh|msh|mrsh|smoosh)"
    r"([-._]?[0-9][-._0-9]*|[-._](static|real|posix|login))?"
)

#: Shells whose quoting differs from POSIX.
_OTHER_SHELL = re.compile(
    r"(fish|(bsd-)?t?csh|nu|xonsh|elvish|rc|es|scsh|ion|murex|ysh|oil|pwsh|powershell|ngs)([-._]?[0-9.]+)?"
)

#: Programs that pass the argument of their own ``-c`` to a shell.
GIVE = frozenset({"flock", "newgrp", "runuser", "script", "sg", "su"})

#: Programs that run another: any of their words may be its name.
RUNS = frozenset(
    {
        *(
            "builtin",
            "busybox",
            "caffeinate",
            "chpst",
            "chroot",
            "chronic",
            "chrt",
            "command",
            "coproc",
            "dbus-run-session",
        ),
        *(
            "doas",
            "docker",
            "entr",
            "env",
            "envdir",
            "exec",
            "fakeroot",
            "faketime",
            "find",
            "firejail",
            "flatpak-spawn",
        ),
        *("flock", "gosu", "ionice", "kubectl", "ltrace", "nerdctl", "nice", "nohup", "noglob", "nsenter", "numactl"),
        *("parallel", "pkexec", "podman", "prlimit", "proxychains", "proxychains4", "runcon", "runuser", "setarch"),
        *("setpriv", "setsid", "setuidgid", "softlimit", "sshpass", "start-stop-daemon", "stdbuf", "strace", "su-exec"),
        *("sudo", "systemd-run", "taskset", "time", "timeout", "toybox", "torsocks", "tini", "unbuffer", "unshare"),
        *("valgrind", "watch", "xargs", "xvfb-run"),
    }
)

#: Programs and builtins that read neither their arguments nor their input as code, but for the options in _UNLESS.
_DATA = frozenset(
    {
        *("[", ":", "arch", "b2sum", "base32", "base64", "basename", "break", "cat", "cd", "chgrp", "chmod", "chown"),
        *(
            "cksum",
            "cmp",
            "column",
            "comm",
            "continue",
            "cp",
            "csplit",
            "cut",
            "date",
            "dd",
            "df",
            "diff",
            "dirname",
            "du",
        ),
        *(
            "echo",
            "egrep",
            "exit",
            "expand",
            "export",
            "expr",
            "false",
            "fgrep",
            "file",
            "fmt",
            "fold",
            "getconf",
            "grep",
        ),
        *("groups", "gunzip", "gzip", "head", "hexdump", "hostname", "iconv", "id", "install", "jobs", "join", "jq"),
        *("kill", "ln", "local", "logger", "ls", "md5sum", "mkdir", "mkfifo", "mktemp", "mv", "nl", "nproc", "numfmt"),
        *("od", "paste", "popd", "pr", "print", "printenv", "printf", "pushd", "pv", "pwd", "readlink", "readonly"),
        *(
            "realpath",
            "return",
            "rev",
            "rg",
            "rm",
            "rmdir",
            "seq",
            "set",
            "sha1sum",
            "sha224sum",
            "sha256sum",
            "sha384sum",
        ),
        *(
            "sha512sum",
            "shift",
            "shuf",
            "sleep",
            "sort",
            "split",
            "stat",
            "strings",
            "sum",
            "sync",
            "tac",
            "tail",
            "tee",
        ),
        *("test", "touch", "tr", "true", "truncate", "ts", "tsort", "type", "ulimit", "umask", "uname", "unexpand"),
        *("uniq", "unlink", "unset", "unzstd", "uptime", "users", "wait", "wc", "which", "who", "whoami", "xxd", "yes"),
        *("bunzip2", "bzcat", "bzip2", "lz4", "unxz", "xz", "xzcat", "yq", "zcat", "zgrep", "zstd", "zstdcat"),
        *("aws", "az", "bq", "curl", "gcloud", "gsutil", "wget"),
        *(
            "read",
            "mapfile",
            "readarray",
            "getopts",
            "shopt",
            "declare",
            "typeset",
            "let",
            "times",
            "hash",
            "trap",
            "dirs",
        ),
    }
)

#: Arguments with which one of these does run a program.
_UNLESS = {
    "sort": re.compile(r"--com.*"),
    "split": re.compile(r"--f.*"),
    "bq": re.compile(r"query|shell"),
    "gcloud": re.compile(r".*ssh|interactive|start-iap-tunnel|connect|cloud-shell|sql"),
    "curl": re.compile(r"-[A-Za-z]*K.*|--config.*"),
    "wget": re.compile(r"--use-askpass.*|-e.*|--exec.*"),
    "rg": re.compile(r"--pre.*"),
    "aws": re.compile(r"ssm|execute-command|ec2-instance-connect"),
    "az": re.compile(r"ssh|run-command|exec"),
    "mapfile": re.compile(r"-[A-Za-z]*C.*"),
    "readarray": re.compile(r"-[A-Za-z]*C.*"),
}


def name(word: str) -> str:
    """A program's name, from its path; ``.`` is one."""
    return word if word == "." else PurePosixPath(word).name


def is_shell(program: str) -> bool:
    """Whether this is the name of a shell that follows POSIX."""
    return _SHELL.fullmatch(program) is not None


def is_other_shell(program: str) -> bool:
    """Whether this is the name of a shell with its own syntax."""
    return _OTHER_SHELL.fullmatch(program) is not None


def may_be_any(word: str) -> bool:
    """Whether a word may name any program, because it is expanded or the last part of its path contains a value."""
    return not word or word.endswith("/") or any(sign in word.rpartition("/")[2] for sign in "\1\2")


def takes_data(program: str, words: list[str]) -> bool:
    """Whether a program of that name, with ``words`` as its arguments, treats everything as data."""
    unless = _UNLESS.get(program)
    return program in _DATA and not (unless and any(unless.fullmatch(word) for word in words))


def is_own(word: str) -> bool:
    """Whether this is the name of a user's own program, which is responsible for what it does with its input."""
    program = name(word)
    told = is_shell(program) or is_other_shell(program) or program in RUNS or program in GIVE or may_be_any(word)
    script = re.search(r".\.(sh|bash|py|pl|rb|js)$", program) is not None
    return not told and (script or ("/" in word and not word.startswith("/")))
