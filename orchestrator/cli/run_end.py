"""The end of ``run`` and ``resume``: draws the picture, prints the summary or the JSON, returns the exit code."""

import time

from orchestrator.cli.drive import How
from orchestrator.cli.failure import DONE, FAILED, INTERRUPTED, complain
from orchestrator.cli.output import echo_json
from orchestrator.core.model import RunStatus
from orchestrator.errors import OrchestratorError
from orchestrator.operations.attempt_logs import with_logs
from orchestrator.operations.driving import Driven
from orchestrator.reporting.found import INTERRUPTED as INTERRUPTED_RUN
from orchestrator.reporting.found import Found
from orchestrator.reporting.report import report
from orchestrator.reporting.summary import Line, ended_before, how_to_continue, how_to_rerun, summary
from orchestrator.system import files


def close(driven: Driven, how: How) -> int:
    """Print the result, and return the exit code."""
    if driven.before:
        return _close_ended(driven.found, how)
    found = with_logs(driven.found)
    picture = draw_run(found) if how.picture and not driven.interrupted else None
    lines = []
    if driven.warnings:
        lines.append(Line(f"warnings  {len(driven.warnings)}, the last: {driven.warnings[-1]}", "yellow"))
    lines += [
        *summary(found, time.time()),
        Line(f"logs      {files.short(found.here.run(found.run.id) / 'steps')}", whole=True),
    ]
    if picture is not None:
        lines.append(picture)
    if elsewhere := found.flag:
        lines.append(Line(f"status    orchestrator status {found.run.id}{elsewhere}", whole=True))
    lines += how_to_rerun(found)
    if driven.interrupted:
        lines.append(how_to_continue(found))
    return _tell(found, how, lines, driven.interrupted)


def _close_ended(found: Found, how: How) -> int:
    """Print that the run had already ended, and its result; return its exit code."""
    return _tell(found, how, [ended_before(found), *summary(found, time.time())], interrupted=False)


def draw_run(found: Found) -> Line:
    """Draw the run into its folder. Returns where, or why there is no picture: the run itself does not fail."""
    from orchestrator.drawing import draw

    states = {step.name: found.view.state(node) for node, step in enumerate(found.plan.steps)}
    path = found.here.picture(found.run.id)
    try:
        draw(found.graph, path, states, found.run, time.time())
        files.close_to_others(path)
    except OrchestratorError as error:
        return Line(f"picture   none: {error}", "yellow")
    return Line(f"picture   {files.short(path)}", whole=True)


def _tell(found: Found, how: How, lines: list[Line], interrupted: bool) -> int:
    if how.json:
        word = INTERRUPTED_RUN if interrupted else str(found.run.status)
        echo_json(report(found.run, found.plan, found.view.states, word))
        if interrupted:
            complain(how_to_continue(found).text)
    else:
        from orchestrator.cli.views.console import say

        say(lines)
    if interrupted:
        return INTERRUPTED
    return DONE if found.run.status is RunStatus.SUCCEEDED else FAILED
