"""What ``logs RUN`` prints: the logs of all steps that did not succeed."""

from orchestrator.cli.failure import DONE, FAILED, complain
from orchestrator.cli.log_text import pieces, show, whole_lines
from orchestrator.cli.output import echo
from orchestrator.core.model import RunStatus, Status
from orchestrator.operations.attempt_logs import deleted, log_path, no_log
from orchestrator.reporting.found import Found
from orchestrator.reporting.inside import tolerated
from orchestrator.reporting.phrases import classed, said_of, status_word
from orchestrator.system.terminal import one_line

#: A step with one of these has had an attempt that did not succeed, unless it has had none at all.
_BAD = (Status.FAILED, Status.CANCELLED, Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION)


def show_failed(found: Found, above: str = "") -> int:
    """Print the log of the newest attempt of each step that did not succeed, below a heading.

    Of a step that tolerated failed items, those of these items are printed.

    Of a step that is a run of another graph, those of the steps inside are printed; ``above`` is then its name and a
    slash. Returns the exit code: FAILED if one of the logs has been deleted.
    """
    nodes = [
        node
        for node in found.steps
        for state in [found.view.state(node)]
        if (state.attempt and state.status in _BAD) or tolerated(found.plan.steps[node], state)
    ]
    if not nodes:
        so_far = " so far" if found.run.status is RunStatus.RUNNING else ""
        complain(f"run {found.run.id}: no step has failed{so_far}")
    code = DONE
    for number, node in enumerate(nodes):
        if number:
            echo("")
        echo(_heading(found, node, above))
        if (inside := found.inside.get(node)) is not None:
            code = max(code, show_failed(inside, f"{above}{found.plan.steps[node].name}/"))
        elif found.home is None:
            _tell_job(found, node)
        elif missing := deleted(found, node, None):
            complain(missing)
            code = FAILED
        elif (path := log_path(found, node)) is None:
            complain(no_log(found, node, None))
        else:
            show(whole_lines(pieces(path)))
    return code


def _heading(found: Found, node: int, above: str) -> str:
    """``==> load, attempt 2: failed: exit status 7 <==``."""
    step, state = found.plan.steps[node], found.view.state(node)
    said = one_line(tolerated(step, state) or said_of(step, state))
    why = f": {said}" if said else ""
    return f"==> {above}{step.name}, attempt {state.attempt}: {status_word(state.status)}{classed(state)}{why} <=="


def _tell_job(found: Found, node: int) -> None:
    from orchestrator.operations.cloud_run import where

    for line in where(found, node):
        echo(line)
