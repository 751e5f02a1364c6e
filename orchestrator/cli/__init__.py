"""The command line: parses and prints. Whatever is worked out, a function that returns data works out.

Every command imports what it needs when it is called, so that ``--help`` and a typo cost nothing.
"""

import io
import sys


def main() -> None:
    """The console script. Exit codes: 0 done, 1 the run failed, 2 wrong use or an invalid graph, 130 interrupted."""
    from orchestrator.cli.failure import guarded

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to stop
    sys.exit(guarded(_command_line))


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
