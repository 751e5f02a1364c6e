"""The command line: parses arguments and prints results.

Every command imports what it needs when it is called, so that ``--help`` and typos are answered quickly.
"""

import gc
import io
import os
import sys


def main() -> None:
    """The console script. Its exit codes are in ``--help``."""
    gc.set_threshold(100_000)  # imports make 300,000 objects that stay: going through them was a tenth of each start
    _open_streams()
    from orchestrator.cli.failure import guarded
    from orchestrator.usercode.exits import leave, stay

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a character that the terminal lacks must not stop us
    stay()
    code = guarded(_command_line)
    leave(code)
    sys.exit(code)


def _open_streams() -> None:
    """Open /dev/null for closed standard streams: otherwise the next file that is opened would take their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number, which is this one
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
