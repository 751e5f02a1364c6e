"""The command line: parses and prints. Whatever is worked out, a function that returns data works out.

Every command imports what it needs when it is called, so that ``--help`` and a typo cost nothing.
"""

import io
import os
import sys


def main() -> None:
    """The console script. Exit codes: 0 done, 1 the run failed, 2 wrong use or an invalid graph, 130 interrupted."""
    _open_streams()
    from orchestrator.cli.failure import guarded
    from orchestrator.usercode.exits import leave, stay

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to stop
    stay()
    code = guarded(_command_line)
    leave(code)
    sys.exit(code)


def _open_streams() -> None:
    """Let standard streams that are closed lead nowhere: else the first file that is opened would be one of them."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def _command_line() -> int:
    try:
        from orchestrator.cli.app import call
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        from orchestrator.cli.failure import no_extra

        print(no_extra(), file=sys.stderr)
        return 2
    return call(sys.argv[1:])
