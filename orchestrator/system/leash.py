"""Runs a command that dies with the process that started it, however that process ends.

It needs only a pipe, whose other end the system closes when the process ends, also by ``kill -9``, on Linux and macOS.
(PR_SET_PDEATHSIG exists on Linux only, and is about the thread that started the command.)
"""

#: $@: the command. Standard input is its starter's pipe. When that is closed, the whole process group is
#: killed, so the starter gives it one of its own. The exit status is the command's.
_SHELL = 'exec 3<&0; "$@" </dev/null 3<&- & it=$!; { cat <&3 >/dev/null; kill -9 0; } & exec 3<&- </dev/null; wait $it'


def leashed(command: list[str]) -> list[str]:
    """``command`` on a leash. Start it with ``stdin=PIPE`` and ``start_new_session=True``, and close that to end it."""
    return ["/bin/sh", "-c", _SHELL, "leash", *command]
