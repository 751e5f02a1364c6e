"""The shell that runs each command: it keeps the claim's lock, forwards signals, and writes down how the command ended.

It is not affected by the step's variables: its environment has each of them as ``v0=NAME=value``, which no shell,
loader or library reads. Only the command gets them under their names, in the process that becomes it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

#: The exit status that the wrapper writes if the command never began, because no process could be created.
UNBEGUN = "unbegun"

#: $1: the attempt's folder; $2: the umask; the rest: the command; its first word is a path and no word of the shell's.
#: Standard input is the claim, whose lock lasts as long as this shell. A trapped signal reaches the command, and the
#: shell lives on to write down how it ended. Whoever stops the job marks it as stopped and then reads the pid; the
#: shell writes its pid and then looks for the mark: so one of them sees the other. The script is a single block, so the
#: shell reads all of it before it does anything, and soon starts the command, the only program that it runs. A shell
#: that cannot fork ends there. It ends as the command did, in case its watcher finds nothing written.
_SHELL = """
{
folder=$1 mask=$2 code=; shift 2
umask 077
trap : TERM INT HUP
trap '[ "$code" ] || echo UNBEGUN > "$folder/exit"' EXIT
echo $$ > "$folder/pid"
[ ! -e "$folder/stopped" ] || { code=0; exit; }
( umask "$mask"; VARIABLES exec "$@" ) < /dev/null
code=$?
umask 077
echo $code > "$folder/exit"
exit $code
}
""".replace("UNBEGUN", UNBEGUN)

#: The prefix of our own variables, which no other program reads. They keep their names, because one of them identifies
#: an attempt's processes (group.py).
_OURS = "ORCHESTRATOR_"

#: Names that a shell can set like any variable. Others (``a.b``, and variables with a meaning for the shell, such as
#: ``SHELLOPTS`` and ``OPTIND``) are set by ``env``.
_PLAIN = re.compile(
    r"(?!(BASH\w*|COMP_\w*|DIRSTACK|EPOCH\w+|E?UID|FUNCNAME|GROUPS|HISTCMD|LINENO|OPT(ARG|ERR|IND)|PPID|S?RANDOM|SECONDS"
    r"|SHELLOPTS)$)[A-Za-z_]\w*",
    re.ASCII,
)


def wrapped(
    command: Sequence[str], folder: Path, mask: int, variables: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """The words and the environment of the wrapper that runs ``command`` with ``variables`` and no others.

    Raises ValueError for a name that no variable can have.
    """
    if wrong := [name for name in variables if not name or "=" in name]:
        raise ValueError(f"illegal environment variable name {wrong[0]!r}")
    carried = {name: value for name, value in variables.items() if name.startswith(_OURS)}
    rest = [name for name in variables if name not in carried and name != "PWD"]  # the shell sets PWD itself
    carried |= {f"v{number}": f"{name}={variables[name]}" for number, name in enumerate(rest)}
    odd = tuple(number for number, name in enumerate(rest) if not _PLAIN.fullmatch(name))
    return ["/bin/sh", "-c", _script(len(rest), odd), "orchestrator", str(folder), f"{mask:03o}", *command], carried


@lru_cache
def _script(count: int, odd: tuple[int, ...]) -> str:
    """The wrapper's script. ``odd``: which of its ``count`` variables do not match ``_PLAIN``."""
    plain, by_env = (
        " ".join(f'"$v{number}"' for number in range(count) if (number in odd) == chosen) for chosen in (False, True)
    )
    lines = [
        f'set -- /usr/bin/env -- {by_env} "$@"' if by_env else "",
        f"export {plain}" if plain else "",
        f"unset {' '.join(f'v{number}' for number in range(count))}" if count else "",
    ]
    return _SHELL.replace("VARIABLES ", "".join(f"{line}; " for line in lines if line))
